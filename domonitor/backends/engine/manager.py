"""The engine's object model: the documented interfaces, usable from a plain script and from any thread.

manager = EngineManager(folder)
job = manager.create_job("The installer")
job.add_file("https://example.com/setup.iso", "/home/me/setup.iso")
job.resume()
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from domonitor.backends.engine import checks, connections, failures, volumes
from domonitor.backends.engine.batch import StoreThread, SyncThread
from domonitor.backends.engine.callbacks import Callbacks
from domonitor.backends.engine.clock import Clock, SystemClock
from domonitor.backends.engine.commands import Commands
from domonitor.backends.engine.http import Http
from domonitor.backends.engine.job import EngineError, EngineFile, EngineJob, EngineJobs
from domonitor.backends.engine.lifecycle import Lifecycle
from domonitor.backends.engine.lock import FolderLock
from domonitor.backends.engine.loop import Loop
from domonitor.backends.engine.network import NetworkWatch
from domonitor.backends.engine.proxies import Proxy
from domonitor.backends.engine.readers import Reader
from domonitor.backends.engine.records import FileRecord, JobRecord
from domonitor.backends.engine.recovery import recover
from domonitor.backends.engine.roster import Roster
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.store import Store, StoreUnusable
from domonitor.jobs import hresult
from domonitor.jobs.error import InvalidInput
from domonitor.jobs.event import Event
from domonitor.jobs.job import Job, JobFile, NotifyFlags
from domonitor.jobs.limit import Limits, limits_from_json, limits_to_json
from domonitor.jobs.request import NewJob

LIMITS = "limits"
"""Their name among the values that the store remembers."""

_log = logging.getLogger(__name__)


class EngineManager:
    """The embedded download engine on one folder: its jobs go on where an earlier process left them."""

    def __init__(self, folder: Path | str, settings: EngineSettings | None = None, clock: Clock | None = None) -> None:
        """Opens the folder, made if it is not there. Raises FolderInUse, StoreUnusable."""
        settings = settings or EngineSettings()
        settings = replace(settings, connections=connections.most_at_once(settings.connections))
        self._settings = settings
        folder = Path(folder)
        self._clock = clock or SystemClock()
        with ExitStack() as opened:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                _refuse_network(folder)
                self._lock = FolderLock(folder)
                opened.callback(self._lock.close)
                self._store = Store(folder / "engine.sqlite")
                opened.callback(self._store.close)
                recover(self._store, self._clock.utc_now())
                self._roster = Roster(self._store)
                self._callbacks = Callbacks(settings.modification_interval_s, self._clock)
                self._store_thread = StoreThread(self._store)
                opened.callback(self._store_thread.close)
                self._sync_thread = SyncThread()
                opened.callback(self._sync_thread.close)
                self._loop = Loop(Http(settings), self._store_thread, self._roster)
                self._lifecycle = Lifecycle(
                    self._loop,
                    self._roster,
                    self._store,
                    self._sync_thread,
                    settings,
                    self._clock,
                    self._notify,
                    self._callbacks.end,
                )
                self._commands = Commands(self._loop, self._roster, self._store, self._clock, self._lifecycle)
                self._lifecycle.restore()
                self._lifecycle.transfers.turns.set_limits(self._stored_limits())
            except OSError as error:
                said = error.strerror or str(error)
                raise StoreUnusable(f"The engine's folder {folder} can't be used: {said}.") from error
            opened.pop_all()
        self._closing = threading.Lock()
        self._is_closed = False
        self._loop.start(self._lifecycle)
        self._network_watch = NetworkWatch(self.network_changed) if settings.watches_network else None
        self._lifecycle.ending.wait_for_intentions()

    def create_job(self, display_name: str) -> EngineJob:
        """See CopyManager."""
        checks.check_display_name(display_name)
        return EngineJob(self, self.ask(partial(self._lifecycle.adding.create, display_name)))

    def add_many(self, new_jobs: Sequence[NewJob]) -> list[EngineJob | Exception]:
        """Creates and resumes many jobs in one transaction; for each the job, or the CallFailed that refused it."""
        refused: dict[int, Exception] = {}
        for at, new_job in enumerate(new_jobs):
            try:
                checks.check_new_job(new_job)
            except Exception as refusal:
                refused[at] = refusal
        accepted = [new_job for at, new_job in enumerate(new_jobs) if at not in refused]
        answers = iter(self.ask(partial(self._lifecycle.adding.add_many, accepted)) if accepted else ())
        return [refused[at] if at in refused else self._job_or_refusal(next(answers)) for at in range(len(new_jobs))]

    def get_job(self, job_id: UUID) -> EngineJob:
        """See CopyManager."""
        if not self._roster.is_listed(job_id):
            raise failures.refusal(hresult.DO_E_JOB_NOT_FOUND)
        return EngineJob(self, job_id)

    def enum_jobs(self) -> Sequence[EngineJob]:
        """See CopyManager."""
        return EngineJobs(self, self._roster.ids)

    def set_limits(self, limits: Limits) -> None:
        """What holds from now on for all downloads together, also in a later manager on this folder."""

        def begin(reply: Future[None]) -> None:
            def answer(error: object) -> None:
                if isinstance(error, Exception):
                    self._loop.batch.answer(reply, failures.refusal_of(error))
                else:
                    self._lifecycle.transfers.turns.set_limits(limits)
                    self._loop.batch.answer(reply, None)

            self._loop.batch.do(partial(self._store.set_meta, LIMITS, limits_to_json(limits)), answer, reply)

        self._loop.ask(begin)

    def get_limits(self) -> Limits:
        """What was last set."""
        return self._lifecycle.transfers.turns.limits

    def set_proxy(self, proxy: Proxy) -> None:
        """Transfers that start from now on go through it; those that are under way go on as they are. Any thread.

        It is kept in memory alone: a later manager begins with what its settings say.
        """
        self._loop.post(partial(self._loop.http.set_proxy, proxy))

    def set_settings(self, settings: EngineSettings) -> None:
        """What is different in them since they were last told holds from now on. Any thread.

        That goes for bytes_per_second, holds_off_sleep and proxy; all else stays as it began. See set_proxy.
        """
        self._loop.post(partial(self._change_settings, settings))

    def network_changed(self) -> None:
        """For programs that know: connections that are dead now end, and what waits for a retry tries at once.

        The engine notices most changes by itself, see EngineSettings.watches_network. Any thread; does not wait.
        """
        self._loop.post(self._lifecycle.network_changed)

    def close(self) -> None:
        """Stops all transfers and lets go of the folder. Nothing is lost; a later manager goes on.

        Any thread but the engine's own, a callback's too; again, it has no effect.
        """
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
            if self._network_watch is not None:
                self._network_watch.close()
            self._loop.close()
            self._lifecycle.transfers.close()
            self._callbacks.close()
            self._clock.close()
            self._sync_thread.close()
            self._store_thread.close()
            self._store.close()
            self._lock.close()

    def has_work(self) -> bool:
        """Whether a job is QUEUED, CONNECTING, TRANSFERRING or in TRANSIENT_ERROR. Raises CallFailed."""
        with failures.refusing():
            return self._store.has_work()

    @property
    def notice(self) -> str:
        """A sentence for the user about what happened to the list of downloads, "" where nothing did."""
        return self._store.notice

    def add_reader(self, wake: Callable[[], None]) -> Reader:
        """A feed of changes that begins with all jobs. wake: any thread, whenever there is news."""
        return self._loop.add_reader(wake)

    def remove_reader(self, reader: Reader) -> None:
        """Ends a feed."""
        self._loop.remove_reader(reader)

    def timeline(self, job_id: UUID) -> tuple[Event, ...]:
        """What happened to the job, oldest first, also after its end."""
        with failures.refusing():
            return self._store.events(job_id)

    def stored_files(self, job_id: UUID) -> tuple[JobFile, ...]:
        """The job's files that have arrived, also after its end."""
        with failures.refusing():
            return self._store.files(job_id)

    def prune(self, before: datetime) -> int:
        """Forgets the jobs that ended before then (UTC), with their timelines; how many there were."""

        def begin(reply: Future[int]) -> None:
            def answer(result: object) -> None:
                self._loop.batch.answer(reply, failures.refusal_of(result) if isinstance(result, OSError) else result)

            self._loop.batch.do(partial(self._store.prune, before), answer, reply)

        return self._loop.ask(begin)

    # For the objects of the model.

    def ask(self, call: Callable[[Future[Any]], None]) -> Any:
        """Runs the call on the engine's thread and waits for its answer."""
        return self._loop.ask(call)

    def ask_job(self, job_id: UUID, action: Callable[[JobRecord, Future[Any]], None]) -> Any:
        """Runs the action on the job. Raises CallFailed where it is final or not known."""
        return self._loop.ask(lambda reply: self._commands.on_job(job_id, action, reply))

    def read_job(self, job_id: UUID, read: Callable[[JobRecord], Any]) -> Any:
        """Reads the job's record, once all that was asked before is durable."""
        return self.ask_job(job_id, lambda job, reply: self._loop.batch.answer(reply, read(job)))

    def snapshot(self, job_id: UUID) -> Job:
        """The job as it is visible now, or as it was at its end."""
        with failures.refusing():
            job = self._roster.snapshot(job_id)
        if job is None:
            raise failures.refusal(hresult.DO_E_JOB_NOT_FOUND)
        return job

    def is_listed(self, job_id: str) -> bool:
        """Whether there is a job of that id that has not ended."""
        try:
            return self._roster.is_listed(UUID(job_id))
        except ValueError:
            return False

    @property
    def lifecycle(self) -> Lifecycle:
        """What is done with jobs; its methods run on the engine's thread."""
        return self._lifecycle

    @property
    def commands(self) -> Commands:
        """What programs ask of jobs; its methods run on the engine's thread."""
        return self._commands

    @property
    def callbacks(self) -> Callbacks:
        """Who is called back."""
        return self._callbacks

    def _job_or_refusal(self, answer: UUID | Exception) -> EngineJob | Exception:
        return answer if isinstance(answer, Exception) else EngineJob(self, answer)

    def _change_settings(self, settings: EngineSettings) -> None:
        before, self._settings = self._settings, settings
        transfers = self._lifecycle.transfers
        transfers.turns.set_most(settings.bytes_per_second)
        transfers.awake.is_on = settings.holds_off_sleep
        if settings.proxy != before.proxy:
            self._loop.http.set_proxy(settings.proxy)

    def _stored_limits(self) -> Limits:
        """What an earlier manager was told, if it can still be understood."""
        try:
            return limits_from_json(self._store.meta(LIMITS) or "{}")
        except InvalidInput:
            _log.exception("the stored limits are not understood; there are none until they are set again")
            return Limits()

    def _notify(self, flag: NotifyFlags, record: JobRecord, file: FileRecord | None) -> None:
        """Hands over to the callbacks' thread what the job's flags ask for."""
        if self._callbacks.registered(record.id) is None:
            return
        flags = NotifyFlags(record.notify_flags)
        if not flags & flag or flags & NotifyFlags.DISABLE:
            return
        job = EngineJob(self, record.id)
        if flag is NotifyFlags.JOB_TRANSFERRED:
            self._callbacks.post(record.id, "job_transferred", lambda callback: callback.job_transferred(job))
        elif flag is NotifyFlags.JOB_ERROR and record.error is not None:
            error = EngineError(job, record.error)
            self._callbacks.post(record.id, "job_error", lambda callback: callback.job_error(job, error))
        elif flag is NotifyFlags.JOB_MODIFICATION:
            self._callbacks.post_modification(record.id, lambda callback: callback.job_modification(job))
        elif flag is NotifyFlags.FILE_TRANSFERRED and file is not None:
            copy_file = EngineFile(job, file.index, file.remote_name, file.local_name, file.ranges)
            self._callbacks.post(
                record.id, "file_transferred", lambda callback: callback.file_transferred(job, copy_file)
            )


def _refuse_network(folder: Path) -> None:
    """SQLite's log needs memory that all users of a file share, and locks that hold: network drives give neither."""
    if kind := volumes.network_file_system(folder):
        raise StoreUnusable(
            f"The engine's folder {folder} lies on {kind}. The list of downloads is safe only on a disk of this "
            "computer: choose another folder. The downloads themselves may go anywhere."
        )
