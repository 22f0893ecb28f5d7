"""The object model of an engine that runs in the host: the same objects and promises as EngineManager's.

manager = RemoteManager(folder)
job = manager.create_job("The installer")
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from domonitor.backends.engine.callbacks import Callbacks
from domonitor.backends.engine.calls import Call, FileEntry, JobCalls, ServiceCalls, in_pieces
from domonitor.backends.engine.client import HostClient
from domonitor.backends.engine.clock import SystemClock
from domonitor.backends.engine.connection import Message
from domonitor.backends.engine.feed import Feed
from domonitor.backends.engine.job import EngineError, EngineFile, EngineJob
from domonitor.backends.engine.proxies import Proxy
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.starting import HostUnavailable, Starting
from domonitor.backends.engine.wire import WireError, codec
from domonitor.backends.interface import CopyCallback
from domonitor.jobs.change import Health, HealthState
from domonitor.jobs.error import CallFailed, CopyError
from domonitor.jobs.job import Job, NotifyFlags
from domonitor.jobs.limit import Limits
from domonitor.jobs.request import NewJob
from domonitor.jobs.state import JobState


class RemoteService(ServiceCalls):
    """The calls of ServiceCalls at a manager's host."""

    def __init__(self, manager: RemoteManager) -> None:
        self._manager = manager

    def ask(self, call: Call[Any], *arguments: Any, **named: Any) -> Any:
        """See Caller."""
        return self._manager.client.ask(None, call, arguments, named)


class RemoteJob(JobCalls):
    """A job in the host: an id and its manager. See CopyJob and EngineJob for what the methods promise."""

    __slots__ = ("_id", "_manager")

    def __init__(self, manager: RemoteManager, job_id: UUID) -> None:
        self._manager = manager
        self._id = job_id

    def __repr__(self) -> str:
        return f"RemoteJob({self._id})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RemoteJob) and other._id == self._id

    def __hash__(self) -> int:
        return hash(self._id)

    def ask(self, call: Call[Any], *arguments: Any, **named: Any) -> Any:
        """See Caller."""
        return self._manager.client.ask(str(self._id), call, arguments, named)

    def get_id(self) -> UUID:
        """See CopyJob."""
        return self._id

    def get_error(self) -> EngineError:
        """See CopyJob."""
        return self._error(self.copy_error())

    def enum_files(self) -> tuple[EngineFile, ...]:
        """See CopyJob."""
        return tuple(map(self._file, self._manager.service.list_files(self._id)))

    def set_notify_interface(self, callback: CopyCallback | None) -> None:
        """See CopyJob. The callback is called on a thread of this process, as long as its manager is open."""
        self._manager.set_callback(self._id, callback)

    def get_notify_interface(self) -> CopyCallback | None:
        """See CopyJob. Another process's callback is not told."""
        return self._manager.callbacks.registered(self._id)

    def call_back(self, callback: CopyCallback, event: str, error: CopyError | None, file: FileEntry | None) -> None:
        """Calls the callback object's method for what happened."""
        if event == "job_error" and error is not None:
            callback.job_error(self, self._error(error))
        elif event == "file_transferred" and file is not None:
            callback.file_transferred(self, self._file(file))
        elif event == "job_modification":
            callback.job_modification(self)
        elif event == "job_transferred":
            callback.job_transferred(self)

    # An engine's file and error ask their job, and never mind where it is.

    def _error(self, error: CopyError) -> EngineError:
        return EngineError(cast("EngineJob", self), error)

    def _file(self, file: FileEntry) -> EngineFile:
        return EngineFile(cast("EngineJob", self), file.index, file.remote_name, file.local_name, file.ranges)


class RemoteManager:
    """The engine on one folder, in its host. See CopyManager and EngineManager for what the methods promise.

    A call raises HostUnavailable where the host can't be asked. One that is lost is started again by the next call, or
    at once where somebody follows the changes or waits for callbacks.
    """

    def __init__(self, folder: Path | str, *, start: bool = True, settings: EngineSettings | None = None) -> None:
        """Connects to the host. start: whether one is started where none is there. settings: what it is started with.

        Raises HostUnavailable.
        """
        self.service = RemoteService(self)
        self._clock = SystemClock()
        self.callbacks = Callbacks(0.0, self._clock)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._watched: dict[UUID, _Watch] = {}
        self._feeds: tuple[Feed, ...] = ()
        self.client = HostClient(folder, Starting(settings) if start else None, self._connected, self._told, self._lost)
        self.client.open()

    def create_job(self, display_name: str) -> RemoteJob:
        """See CopyManager."""
        return RemoteJob(self, self.service.create_job(display_name))

    def add_many(self, new_jobs: Sequence[NewJob]) -> list[RemoteJob | Exception]:
        """See EngineManager."""
        return [
            CallFailed(answer.code, answer.name, answer.message)
            if answer.is_refused or answer.job_id is None
            else RemoteJob(self, UUID(answer.job_id))
            for answer in self.service.add(in_pieces(new_jobs))
        ]

    def get_job(self, job_id: UUID) -> RemoteJob:
        """See CopyManager."""
        self.service.find_job(job_id)
        return RemoteJob(self, job_id)

    def enum_jobs(self) -> tuple[RemoteJob, ...]:
        """See CopyManager."""
        return tuple(RemoteJob(self, job_id) for job_id in self.service.list_jobs())

    def snapshot(self, job_id: UUID) -> Job:
        """See EngineManager."""
        return self.service.snapshot(job_id)

    def set_limits(self, limits: Limits) -> None:
        """See EngineManager."""
        self.service.set_limits(limits)

    def get_limits(self) -> Limits:
        """See EngineManager."""
        return self.service.get_limits()

    def set_proxy(self, proxy: Proxy) -> None:
        """See EngineManager."""
        self.service.set_proxy(proxy)

    def set_settings(self, settings: EngineSettings) -> None:
        """See EngineManager. A host that is started later begins with them."""
        self.client.start_with(settings)
        self.service.set_settings(settings)

    def network_changed(self) -> None:
        """See EngineManager."""
        self.service.network_changed()

    def close(self) -> None:
        """Leaves the host, which goes on. Callback objects are not called any more."""
        self.client.close()
        self.callbacks.close()
        self._clock.close()

    @property
    def notice(self) -> str:
        """See EngineManager."""
        return self.client.notice

    def add_reader(self, wake: Callable[[], None]) -> Feed:
        """A feed of changes that begins with all jobs, the first of which are there at once. Raises CallFailed."""
        feed = Feed(wake)
        with self._lock:
            self._feeds += (feed,)
        if self.notice:
            feed.tell(Health(), (self.notice,))
        try:
            self._follow()
        except BaseException:
            self.remove_reader(feed)
            raise
        return feed

    def remove_reader(self, feed: Feed) -> None:
        """Ends a feed."""
        with self._lock:
            self._feeds = tuple(each for each in self._feeds if each is not feed)

    # For the jobs.

    def set_callback(self, job_id: UUID, callback: CopyCallback | None) -> None:
        """The job's callback from now on. Raises CallFailed where the job is final or not known."""
        number = next(self._numbers)
        before = self._watched.get(job_id)
        if callback is not None:
            self._watched[job_id] = _Watch(number, callback)  # beforehand: an event may come before the answer
        try:
            self.service.set_callback(job_id, None if callback is None else number)
        except BaseException:
            self._restore(job_id, before)
            raise
        if callback is None:
            self._watched.pop(job_id, None)
        self.callbacks.register(job_id, callback)

    def _restore(self, job_id: UUID, before: _Watch | None) -> None:
        self._watched.pop(job_id, None)
        if before is not None:
            self._watched[job_id] = before

    # For the connection.

    def _connected(self) -> None:
        if self._feeds:
            self._follow()
        for job_id, watch in list(self._watched.items()):
            try:
                self.service.set_callback(job_id, watch.number)
                self._catch_up(job_id, watch)
            except HostUnavailable:
                raise
            except CallFailed:
                self._say_goodbye(job_id, watch)

    def _follow(self) -> None:
        number = next(self._numbers)
        known: set[str] = set()
        for feed in self._feeds:
            known |= feed.begin(number)
        self.service.follow(number, tuple(known))

    def _lost(self, failure: HostUnavailable) -> bool:
        for feed in self._feeds:
            feed.tell(Health(HealthState.UNAVAILABLE, str(failure)))
        return bool(self._feeds or self._watched)

    def _told(self, message: Message) -> None:
        if type(number := message.get("change")) is int:
            items = message.get("items", [])
            gone = [str(item["gone"]) for item in items if "gone" in item]
            jobs = [codec(Job).decode(item) for item in items if "gone" not in item]
            for feed in self._feeds:
                feed.add(number, jobs, gone, is_listed="listed" in message)
        elif type(event := message.get("event")) is str:
            self._hear(event, codec(UUID).decode(message.get("job")), message)
        else:
            raise WireError("unknown news")

    def _hear(self, event: str, job_id: UUID, message: Message) -> None:
        watch = self._watched.get(job_id)
        if watch is None or watch.number != message.get("number"):
            return  # another callback object has taken its place
        if event == "forgotten":
            self._forget(job_id, watch)
            return
        error = codec(CopyError | None).decode(message.get("error"))
        file = codec(FileEntry | None).decode(message.get("file"))
        self._post(job_id, watch, event, error, file)

    # What happened while nobody was called back is told again, as the job is now: at least once.

    def _catch_up(self, job_id: UUID, watch: _Watch) -> None:
        job = RemoteJob(self, job_id)
        state, flags = job.get_state(), job.get_notify_flags()
        if flags & NotifyFlags.DISABLE:
            return
        if state is JobState.TRANSFERRED and flags & NotifyFlags.JOB_TRANSFERRED:
            self._post(job_id, watch, "job_transferred")
        elif state is JobState.ERROR and flags & NotifyFlags.JOB_ERROR:
            self._post(job_id, watch, "job_error", job.copy_error())

    def _say_goodbye(self, job_id: UUID, watch: _Watch) -> None:
        """The job has ended meanwhile, and its flags with it."""
        with suppress(CallFailed):
            if self.service.snapshot(job_id).state is JobState.ACKNOWLEDGED:
                self._post(job_id, watch, "job_transferred")
        self._forget(job_id, watch)

    def _post(
        self, job_id: UUID, watch: _Watch, event: str, error: CopyError | None = None, file: FileEntry | None = None
    ) -> None:
        job = RemoteJob(self, job_id)
        self.callbacks.register(job_id, watch.callback)
        self.callbacks.post(job_id, event, lambda callback: job.call_back(callback, event, error, file))

    def _forget(self, job_id: UUID, watch: _Watch) -> None:
        if self._watched.get(job_id) is watch:
            del self._watched[job_id]
            self.callbacks.end(job_id)


@dataclass(frozen=True, slots=True)
class _Watch:
    """A job's callback object, and the number under which the host knows of it."""

    number: int
    callback: CopyCallback
