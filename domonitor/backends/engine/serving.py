"""One client at the host: its calls, the changes that it follows, and the callbacks that it waits for."""

from __future__ import annotations

import logging
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from uuid import UUID

from domonitor.backends.engine import failures, greeting
from domonitor.backends.engine.backend import EngineBackend
from domonitor.backends.engine.calls import FileEntry, JobCalls, Piece, Refusal, ServiceCalls, calls_of, in_one
from domonitor.backends.engine.connection import Channel, Message, frames
from domonitor.backends.engine.job import EngineError, EngineFile, EngineJob
from domonitor.backends.engine.manager import EngineManager
from domonitor.backends.engine.proxies import Proxy
from domonitor.backends.engine.readers import Reader
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.wire import Json, WireError, codec
from domonitor.backends.interface import CopyErrorObject, CopyFile, CopyJob
from domonitor.jobs.error import CallFailed, CopyError
from domonitor.jobs.event import Event
from domonitor.jobs.job import Job, JobFile
from domonitor.jobs.limit import Limits
from domonitor.jobs.request import CommandRequest, Outcome
from domonitor.jobs.state import Command

PAGE = 500
ASK_AGAIN_S = 1.0

_JOB_CALLS = calls_of(JobCalls)
_SERVICE_CALLS = calls_of(ServiceCalls)

_log = logging.getLogger(__name__)


class Session:
    """Serves one client. It costs the engine a set of changed jobs, and a set of events that callbacks wait for.

    run is the reader's thread; the methods below it are called by the client, on that thread.
    """

    def __init__(self, connection: Connection, manager: EngineManager, stop: Callable[[], None]) -> None:
        """stop: ends the host, soon."""
        self._manager = manager
        self._stop = stop
        self._backend = EngineBackend.of(manager)
        self._channel = Channel(connection, self._news)
        self._lock = threading.Lock()
        self._events: dict[tuple[UUID, str, int], Message] = {}
        self._watched: set[UUID] = set()
        """The jobs for which the client has, or had, a callback object."""
        self._following: _Following | None = None

    def run(self) -> None:
        """Welcomes the client, and answers until the connection ends."""
        try:
            self._channel.send(frames(greeting.welcome(self._manager.notice)))
            while True:
                self._answer(self._channel.receive())
        except (EOFError, OSError):
            pass
        except WireError as error:
            _log.info("a client said what can't be understood and is left: %s", error)
        finally:
            self._leave()

    def end(self, reason: str) -> None:
        """Tells the client that the host ends, and why; then the connection ends too. Does not wait."""
        self._channel.finish(frames({"end": reason}))

    def cut(self) -> None:
        """Ends the connection now."""
        self._channel.cut()

    def _answer(self, message: Message) -> None:
        number: Json = message.pop("id", None)
        name: Json = message.pop("call", None)
        target: object = self
        calls = _SERVICE_CALLS
        if "job" in message:
            target = EngineJob(self._manager, codec(UUID).decode(message.pop("job")))
            calls = _JOB_CALLS
        call = calls.get(name) if type(name) is str else None
        if type(number) is not int or call is None or not message.keys() <= {"with", "items"}:
            raise WireError("no call")
        head: Message = {"id": number}
        items: list[Json] | None = None
        try:
            answer = call.run(target, message.get("with", {}), message.get("items"))
        except WireError:
            raise
        except Exception as error:
            if not isinstance(error, (CallFailed, OSError)):
                _log.exception("a client's call met a bug")
            refusal = failures.refusal_of(error)
            head["refused"] = codec(Refusal).encode(Refusal(refusal.code, refusal.name, str(refusal)))
        else:
            if call.is_paged:
                items = answer
            else:
                head["value"] = answer
        self._channel.send(frames(head, items))

    def _leave(self) -> None:
        if self._following is not None:
            self._manager.remove_reader(self._following.reader)
        for job_id in self._watched:
            callback = self._manager.callbacks.registered(job_id)
            if isinstance(callback, _Callback) and callback.session is self:
                self._manager.callbacks.register(job_id, None)
        self._channel.close()

    def stop(self) -> None:
        """Ends the host, for all its clients. Does not wait."""
        self._stop()

    # The calls of Backend.

    def execute(
        self, command: Command, arguments: Mapping[str, object], origin: str, job_ids: tuple[str, ...]
    ) -> tuple[Outcome, ...]:
        """See Backend."""
        return self._backend.execute(CommandRequest(command, job_ids, arguments, origin))

    def add(self, pieces: tuple[Piece, ...]) -> tuple[Outcome, ...]:
        """See Backend."""
        return self._backend.add(in_one(pieces))

    def get_error(self, job_id: str) -> CopyError:
        """See Backend."""
        return self._backend.get_error(job_id)

    def files(self, job_id: str) -> tuple[JobFile, ...]:
        """See Backend."""
        return self._backend.files(job_id)

    def timeline(self, job_id: str) -> tuple[Event, ...]:
        """See Backend."""
        return self._backend.timeline(job_id)

    def follow(self, number: int, known: tuple[str, ...]) -> None:
        """All jobs, and then whatever changes, is sent from now on; the first page before the answer to this.

        number: what tells this list from one that was asked for before and is not sent any further. known: the jobs
        that the client knows from an earlier host; of those that have ended meanwhile it is told how.
        """
        if self._following is not None:
            self._manager.remove_reader(self._following.reader)
        following = _Following(number, self._manager.add_reader(self._channel.tell_news))
        if ended := [self._at_its_end(job_id) for job_id in known if not self._manager.is_listed(job_id)]:
            self._channel.send(frames({"change": number}, ended))
        for message in self._changes(following):
            self._channel.send(message)
        self._following = following
        self._channel.tell_news()

    def _at_its_end(self, job_id: str) -> Json:
        try:
            return codec(Job).encode(self._manager.snapshot(codec(UUID).decode(job_id)))
        except CallFailed:
            return {"gone": job_id}

    # The calls of the object model that are not a job's own.

    def create_job(self, display_name: str) -> UUID:
        """See CopyManager."""
        return self._manager.create_job(display_name).get_id()

    def find_job(self, job_id: UUID) -> None:
        """Raises CallFailed where the manager's get_job does."""
        self._manager.get_job(job_id)

    def list_jobs(self) -> tuple[UUID, ...]:
        """The ids of the jobs of enum_jobs."""
        return tuple(job.get_id() for job in self._manager.enum_jobs())

    def list_files(self, job_id: UUID) -> tuple[FileEntry, ...]:
        """The files of enum_files."""
        files: tuple[FileEntry, ...] = self._manager.read_job(
            job_id,
            lambda job: tuple(
                FileEntry(file.index, file.remote_name, file.local_name, file.ranges) for file in job.files
            ),
        )
        return files

    def snapshot(self, job_id: UUID) -> Job:
        """See EngineManager."""
        return self._manager.snapshot(job_id)

    def prune(self, before: datetime) -> int:
        """See EngineManager."""
        return self._manager.prune(before)

    def set_limits(self, limits: Limits) -> None:
        """See EngineManager."""
        self._manager.set_limits(limits)

    def get_limits(self) -> Limits:
        """See EngineManager."""
        return self._manager.get_limits()

    def set_proxy(self, proxy: Proxy) -> None:
        """See EngineManager."""
        self._manager.set_proxy(proxy)

    def set_settings(self, settings: EngineSettings) -> None:
        """See EngineManager."""
        self._manager.set_settings(settings)

    def network_changed(self) -> None:
        """See EngineManager."""
        self._manager.network_changed()

    def set_callback(self, job_id: UUID, number: int | None) -> None:
        """The client is told of the job's events, with that number, from now on; None: it is not."""
        callback = None if number is None else _Callback(self, number)
        EngineJob(self._manager, job_id).set_notify_interface(callback)
        if callback is not None:
            self._watched.add(job_id)
            # The engine lets go of it when the job has ended and has called it for the last time, or when another one
            # takes its place: the client is to do likewise.
            weakref.finalize(callback, self.tell, job_id, "forgotten", 0, {"number": number}).atexit = False

    # What is sent without being asked for.

    def tell(self, job_id: UUID, event: str, index: int, said: Message) -> None:
        """The client's callback object is to hear of that. Any thread; the last word on each event stands."""
        with self._lock:
            self._events[job_id, event, index] = {"event": event, "job": str(job_id), **said}
        self._channel.tell_news()

    def _news(self) -> Iterator[Iterable[bytes]]:
        with self._lock:
            events, self._events = self._events, {}
        for event in events.values():
            yield frames(event)
        if self._following is not None:
            yield from self._changes(self._following)

    def _changes(self, following: _Following) -> Iterator[Iterable[bytes]]:
        """The next page of what has changed, if anything has."""
        try:
            change, is_more_left = following.reader.take(PAGE)
        except OSError as error:
            _log.warning("what changed can't be read and is asked for again: %s", error)
            again = threading.Timer(ASK_AGAIN_S, self._channel.tell_news)
            again.daemon = True
            again.start()
            return
        encode = codec(Job).encode
        items = [encode(job) for job in change.upserts]
        items += [{"gone": key.id} if job is None else encode(job) for key, job in change.removals.items()]
        head: Message = {"change": following.number}
        if not is_more_left and not following.is_listed:
            following.is_listed = head["listed"] = True
        if items or "listed" in head:
            yield frames(head, items)
        if is_more_left:
            self._channel.tell_news()


@dataclass(slots=True)
class _Following:
    """What a client is told of changes. is_listed: all jobs that were there at first have been sent."""

    number: int
    reader: Reader
    is_listed: bool = False


class _Callback:
    """Stands in the engine for the callback object that the client has. See CopyCallback."""

    __slots__ = ("__weakref__", "_number", "session")

    def __init__(self, session: Session, number: int) -> None:
        self.session = session
        self._number = number

    def job_transferred(self, job: CopyJob) -> None:
        self._tell(job, "job_transferred")

    def job_error(self, job: CopyJob, error: CopyErrorObject) -> None:
        assert isinstance(error, EngineError)
        self._tell(job, "job_error", error=codec(CopyError).encode(error.snapshot))

    def job_modification(self, job: CopyJob) -> None:
        self._tell(job, "job_modification")

    def file_transferred(self, job: CopyJob, file: CopyFile) -> None:
        assert isinstance(file, EngineFile)
        entry = FileEntry(file.index, file.get_remote_name(), file.get_local_name(), file.get_ranges())
        self._tell(job, "file_transferred", entry.index, file=codec(FileEntry).encode(entry))

    def _tell(self, job: CopyJob, event: str, index: int = 0, **said: Json) -> None:
        self.session.tell(job.get_id(), event, index, {"number": self._number, **said})
