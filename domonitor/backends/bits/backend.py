"""BITS as one of the services that the monitor watches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from domonitor.backends.bits.targets import Targets
from domonitor.jobs import codes, hresult
from domonitor.jobs.change import Change, Health, HealthState, PendingChange
from domonitor.jobs.codes import refusal
from domonitor.jobs.error import CallFailed, CopyError
from domonitor.jobs.event import Event
from domonitor.jobs.job import JobFile, Priority
from domonitor.jobs.request import CommandRequest, NewJob, Outcome
from domonitor.jobs.state import Command

if TYPE_CHECKING:
    from domonitor.backends.bits.event_log import EventLog
    from domonitor.backends.bits.job import BitsJob
    from domonitor.backends.bits.manager import BitsManager
    from domonitor.backends.bits.own_jobs import OwnJobs
    from domonitor.backends.bits.watch import Watch

ACTIVE_POLL_S, IDLE_POLL_S, HIDDEN_POLL_S = 1.0, 5.0, 15.0
"""Seconds between two polls, while a job may move, while none does, and while nobody sees the list."""

PAGE = 500

_IDLE = "BITS is not running: no program needs it now."
_DISABLED = (
    "BITS is disabled, so Windows can't fetch its updates either. An administrator can set its start type to Manual in "
    'the program "Services".'
)
_MISSING = "This Windows has no BITS."
_OWN_ONLY = (
    "Only your own jobs are shown; jobs of Windows Update, Intune and Configuration Manager need an administrator."
)

_ONLY_WATCHED = "BITS is only watched here."


class BitsBackend:
    """Polls BITS, and is woken by the callbacks of its own jobs; see Backend.

    own_jobs: the folder in which the ids of this program's own jobs are kept. A service that is stopped is not started
    by a poll: only by a command or a new job. What speaks to Windows is loaded when it is opened. event_log: Windows'
    own unless another one is given. watches_only: every command and every new job is refused, nothing is completed by
    itself, and no file is written. is_called_back: whether it asks for the callbacks of its own jobs. BITS has one
    receiver for each job: whoever ends soon leaves that to the others, and polls.
    """

    name = "bits"
    commands = frozenset(Command) - {Command.SET_LIMITS}

    def __init__(
        self,
        own_jobs: Path,
        event_log: EventLog | None = None,
        *,
        watches_only: bool = False,
        is_called_back: bool = True,
    ) -> None:
        self._path = own_jobs
        self._event_log = event_log
        self._watches_only = watches_only
        self._is_called_back = is_called_back and not watches_only
        self._open: tuple[BitsManager, OwnJobs, Watch] | None = None
        self._said: Health | None = None
        self._wake: Callable[[], None] = lambda: None
        self._interval_s = IDLE_POLL_S
        self._pending = PendingChange()
        self._targets = Targets()
        self.poll_interval_s: float | None = IDLE_POLL_S
        self._is_hidden = False

    @property
    def is_hidden(self) -> bool:
        """Whether nobody sees the list, which is then asked for less often. Any thread."""
        return self._is_hidden

    @is_hidden.setter
    def is_hidden(self, is_hidden: bool) -> None:
        self._is_hidden = is_hidden
        self._pace()
        if not is_hidden:
            self._wake()

    def open(self, wake: Callable[[], None]) -> None:
        """See Backend. Nothing is started."""
        from domonitor.backends.bits.event_log import EventLog
        from domonitor.backends.bits.manager import BitsManager
        from domonitor.backends.bits.own_jobs import OwnJobs
        from domonitor.backends.bits.watch import Watch

        self._wake = wake
        manager, own_jobs = BitsManager(), OwnJobs(self._path)
        self._event_log = self._event_log or EventLog()
        watch = Watch(
            manager,
            own_jobs,
            wake,
            self._pending,
            self._event_log,
            watches_only=self._watches_only,
            is_called_back=self._is_called_back,
        )
        self._open = manager, own_jobs, watch

    def poll(self) -> Change:
        """See Backend. Raises CallFailed where BITS is disabled, not there, or does not answer."""
        from domonitor.backends.com.service_control import ServiceState, service_state

        state = service_state("BITS")
        if state in (ServiceState.DISABLED, ServiceState.MISSING):
            self._said = None
            if state is ServiceState.DISABLED:
                raise refusal(hresult.ERROR_SERVICE_DISABLED, _DISABLED)
            raise refusal(hresult.ERROR_SERVICE_DOES_NOT_EXIST, _MISSING)
        watch = self._parts[2]
        if state is ServiceState.STOPPED:
            self._pending.add(Change(removals=watch.settled()))
            health = Health(HealthState.IDLE, _IDLE)
            self._pace(IDLE_POLL_S)
        else:
            try:
                watch.look()
            except CallFailed:
                self._said = None
                raise
            health = Health() if watch.sees_all else Health(reason=_OWN_ONLY, is_partial=True)
            self._pace(ACTIVE_POLL_S if watch.is_any_moving else IDLE_POLL_S)
        self._pending.add(Change(health=self._news(health)))
        change, is_more_left = self._pending.take(PAGE)
        if is_more_left:
            self._wake()
        return change

    def execute(self, request: CommandRequest) -> tuple[Outcome, ...]:
        """See Backend."""
        outcomes = tuple(self._execute(request, job_id) for job_id in request.job_ids)
        self._wake()
        return outcomes

    def add(self, jobs: Sequence[NewJob]) -> tuple[Outcome, ...]:
        """See Backend."""
        outcomes = tuple(self._add(job) for job in jobs)
        self._wake()
        return outcomes

    def get_error(self, job_id: str) -> CopyError:
        """See Backend. Raises CallFailed BG_E_ERROR_INFORMATION_UNAVAILABLE where the service gives none."""
        from domonitor.backends.bits import snapshot

        job = self._job(job_id)
        return self._parts[0].run(lambda: snapshot.copy_error(job))

    def files(self, job_id: str) -> tuple[JobFile, ...]:
        """See Backend."""
        from domonitor.backends.bits import snapshot

        job = self._job(job_id)
        return self._parts[0].run(lambda: snapshot.files(job))

    def timeline(self, job_id: str) -> tuple[Event, ...]:
        """See Backend. BITS keeps none: it is what Windows' event log says, also of jobs that have ended."""
        try:
            wanted = UUID(job_id)
        except ValueError:
            return ()
        return () if self._event_log is None else self._event_log.timeline(wanted)

    def close(self) -> None:
        """See Backend."""
        if self._open is not None:
            self._open[0].close()
            self._open = None

    @property
    def _parts(self) -> tuple[BitsManager, OwnJobs, Watch]:
        if self._open is None:
            raise refusal(hresult.E_UNEXPECTED, "BITS is not connected.")
        return self._open

    def _pace(self, interval_s: float | None = None) -> None:
        """How soon the next poll is due, None as before, unless nobody looks."""
        self._interval_s = interval_s or self._interval_s
        self.poll_interval_s = HIDDEN_POLL_S if self._is_hidden else self._interval_s

    def _news(self, health: Health) -> Health | None:
        """The health where it is another one than was said."""
        if health == self._said:
            return None
        self._said = health
        return health

    def _job(self, job_id: str) -> BitsJob:
        try:
            wanted = UUID(job_id)
        except ValueError:
            raise refusal(hresult.DO_E_JOB_NOT_FOUND) from None
        watch = self._parts[2]
        watch.check_answers()
        return watch.job(wanted)

    def _execute(self, request: CommandRequest, job_id: str) -> Outcome:
        command, arguments = request.command, request.arguments
        try:
            job = self._job(job_id)
            self._check(job, command)
            self._parts[2].read_again(job.get_id())
            if command is Command.RESUME:
                job.resume()
            elif command is Command.SUSPEND:
                job.suspend()
            elif command is Command.CANCEL:
                if job.cancel():
                    return _warned(job_id, hresult.BG_S_UNABLE_TO_DELETE_FILES)
            elif command is Command.COMPLETE:
                if job.complete():
                    return replace(_warned(job_id, hresult.BG_S_PARTIAL_COMPLETE), is_partial=True)
            elif command is Command.SET_PRIORITY:
                job.set_priority(Priority(int(str(arguments["priority"]))))
            elif command is Command.SET_ADDRESS:
                job.enum_files()[int(str(arguments["file"]))].set_remote_name(str(arguments["address"]))
            else:
                raise refusal(hresult.E_NOTIMPL)
        except CallFailed as failure:
            return _refused(job_id, failure)
        except (KeyError, ValueError, IndexError):
            return _refused(job_id, refusal(hresult.E_INVALIDARG))
        return Outcome(job_id)

    def _check(self, job: BitsJob, command: Command) -> None:
        """Raises CallFailed E_ACCESSDENIED for what must not be done with the job."""
        from domonitor.backends.bits import snapshot

        self._check_acts()
        manager, own_jobs, watch = self._parts
        known = watch.known(job.get_id()) or manager.run(lambda: snapshot.snapshot(job, own_jobs, None))
        if reason := known.refusals.get(command):
            raise refusal(hresult.E_ACCESSDENIED, reason)

    def _check_acts(self) -> None:
        """Raises CallFailed E_ACCESSDENIED where nothing may be changed at all."""
        if self._watches_only:
            raise refusal(hresult.E_ACCESSDENIED, _ONLY_WATCHED)

    def _add(self, new: NewJob) -> Outcome:
        manager, own_jobs, watch = self._parts
        try:
            self._check_acts()
            watch.check_answers()
            targets = self._targets.names(new)
            job = manager.create_job(new.display_name)
        except CallFailed as failure:
            return _refused(None, failure)
        job_id = job.get_id()
        try:
            for file, target in zip(new.files, targets, strict=True):
                job.add_file(file.remote_name, target, file.ranges)
            if new.priority is not Priority.NORMAL:
                job.set_priority(new.priority)
            own_jobs.add(job_id, auto_complete=new.auto_complete)
            watch.follow(job)
            if not new.is_suspended:
                job.resume()
        except (CallFailed, OSError) as failure:
            own_jobs.forget(job_id)
            with suppress(CallFailed):
                job.cancel()
            return _refused(None, failure if isinstance(failure, CallFailed) else refusal(hresult.ERROR_WRITE_FAULT))
        return Outcome(str(job_id))


def _warned(job_id: str, code: int) -> Outcome:
    explanation = codes.explain(code)
    return Outcome(job_id, code, explanation.name, explanation.details)


def _refused(job_id: str | None, failure: CallFailed) -> Outcome:
    return Outcome(job_id, failure.code, failure.name, str(failure))
