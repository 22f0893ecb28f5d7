"""What every step of the self-test works with: BITS, a server, a folder, and jobs that are cancelled after it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from domonitor.backends.bits.job import BitsJob
from domonitor.backends.bits.manager import BitsManager
from domonitor.backends.bits.properties import ProxySettings, ProxyUsage
from domonitor.doctor.selftest import Differs
from domonitor.doctor.selftest.server import FILE, SelftestServer
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import Priority
from domonitor.jobs.state import JobState

JOB_NAME = "domonitor self-test"

PATIENCE_S = 30.0
"""So long a step waits for what should come."""

_LOOK_S = 0.05


class Bench:
    """completed: the job that was completed by a step, for those that ask what became of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manager = BitsManager()
        self.server = SelftestServer()
        self.completed: UUID | None = None
        self._jobs: list[BitsJob] = []
        self._files = 0
        self._is_connected = False

    def connect(self) -> str:
        """The version of BITS. Takes away what an earlier self-test has left."""
        version = self.manager.version()
        self._is_connected = True
        self._cancel_all()
        return version

    def target(self) -> Path:
        """Where a file may go that is not there yet."""
        self._files += 1
        return self.folder / f"{self._files}.bin"

    def new_job(self) -> BitsJob:
        """A job without a file. Where BITS offers it, it takes no proxy and does not wait for others."""
        job = self.manager.create_job(JOB_NAME)
        self._jobs.append(job)
        with suppress(CallFailed):
            job.set_proxy_settings(ProxySettings(ProxyUsage.NO_PROXY))
        with suppress(CallFailed):
            job.set_priority(Priority.FOREGROUND)
        return job

    def job_of(self, path: str = FILE, target: Path | None = None) -> BitsJob:
        """A job of one file of the server."""
        job = self.new_job()
        job.add_file(self.server.url(path), str(target or self.target()))
        return job

    def until_state(self, job: BitsJob, *wanted: JobState) -> JobState:
        """Waits for one of the states. Raises Differs where the job fails first, or nothing comes of it."""
        seen: list[JobState] = []

        def is_there() -> bool:
            state = job.get_state()
            if state not in seen:
                seen.append(state)
            if state is JobState.ERROR and state not in wanted:
                raise Differs(f"The job failed: {_failure(job)}.")
            return state in wanted

        try:
            self.until(is_there)
        except TimeoutError:
            names = ", ".join(state.name for state in seen)
            hint = " Is this computer offline? BITS then waits." if seen[-1] is JobState.TRANSIENT_ERROR else ""
            raise Differs(f"Within {PATIENCE_S:.0f} s it was {names} and came no further.{hint}") from None
        return seen[-1]

    @staticmethod
    def until(condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
        """Waits until it holds: BITS has to be asked. Raises TimeoutError."""
        until_s = time.monotonic() + patience_s
        while not condition():
            if time.monotonic() > until_s:
                raise TimeoutError
            time.sleep(_LOOK_S)

    def end_step(self) -> None:
        """Cancels what the step has left, and lets the server's slow file go on."""
        self.server.goes_on.set()
        jobs, self._jobs = self._jobs, []
        for job in jobs:
            with suppress(CallFailed):
                job.cancel()
        self.server.goes_on.clear()

    def clean_up(self) -> str:
        """Leaves no job of the self-test. Raises Differs where one stays."""
        if not self._is_connected:
            return "There was nothing to clean up."
        self._cancel_all()
        if left := self._left():
            raise Differs(f"{len(left)} jobs called {JOB_NAME} could not be cancelled; bitsadmin /reset removes them.")
        return "No job of the self-test is left."

    def close(self) -> None:
        """Lets go of BITS and the server."""
        self.server.close()
        self.manager.close()

    def _cancel_all(self) -> None:
        for job in self._left():
            with suppress(CallFailed):
                job.cancel()

    def _left(self) -> list[BitsJob]:
        return [job for job in self.manager.enum_jobs() if job.get_display_name() == JOB_NAME]


def _failure(job: BitsJob) -> str:
    try:
        context, code = job.get_error().get_error()
    except CallFailed:
        return "BITS does not say why"
    return f"{hresult.text(code)}, {context.name}"
