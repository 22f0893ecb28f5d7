"""The engine's list as it was last written down, for whoever only looks while no engine can be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from domonitor.backends.engine import failures
from domonitor.backends.engine.records import SERVICE
from domonitor.backends.engine.store import Store, StoreUnusable
from domonitor.jobs import hresult
from domonitor.jobs.change import Change, Health, HealthState, PendingChange, diff
from domonitor.jobs.error import CopyError
from domonitor.jobs.event import Event
from domonitor.jobs.job import Job, JobFile, JobKey
from domonitor.jobs.request import CommandRequest, NewJob, Outcome
from domonitor.jobs.state import Command

PAGE = 500
LOOK_S = 1.0

REASON = "The download engine is not running for us: this is its list as it was last written down."


class StoredBackend:
    """Shows what the store in the engine's folder holds, and starts nothing. Commands are refused; see Backend.

    The file is opened anew for each look: an engine may come and go meanwhile. A folder without a store is an engine
    that has no jobs yet.

    is_more_left: the next poll gives more of what the last look found.
    """

    name = SERVICE
    commands = frozenset(Command)
    poll_interval_s: float | None = LOOK_S

    def __init__(self, folder: Path) -> None:
        self._file = folder / "engine.sqlite"
        self._known: dict[JobKey, Job] = {}
        self._pending = PendingChange()
        self._is_first = True
        self.is_more_left = False
        self._wake: Callable[[], None] = lambda: None

    def open(self, wake: Callable[[], None]) -> None:
        """See Backend. Raises StoreUnusable."""
        self._wake = wake
        with self._store():
            pass

    def poll(self) -> Change:
        """See Backend. Raises CallFailed, StoreUnusable."""
        if not self.is_more_left:
            self._look()
        change, self.is_more_left = self._pending.take(PAGE)
        if self.is_more_left:
            self._wake()
        return change

    def _look(self) -> None:
        """Finds out what has changed since the last look."""
        with self._store() as store:
            found = store.snapshots(list(store.numbers().values())) if store is not None else {}
            change = diff(self._known, found.values())
            if store is not None:
                change = replace(change, removals={key: store.snapshot(UUID(key.id)) for key in change.removals})
        self._known = {job.key: job for job in found.values()}
        self._pending.add(replace(change, health=Health(HealthState.IDLE, REASON) if self._is_first else None))
        self._is_first = False

    def execute(self, request: CommandRequest) -> tuple[Outcome, ...]:  # noqa: ARG002
        """Raises CallFailed: there is nobody who could do it."""
        raise self._nobody()

    def add(self, jobs: Sequence[NewJob]) -> tuple[Outcome, ...]:  # noqa: ARG002
        """Raises CallFailed: there is nobody who could do it."""
        raise self._nobody()

    def get_error(self, job_id: str) -> CopyError:  # noqa: ARG002
        """Raises CallFailed: error objects live in the engine alone. The timeline has what they said."""
        raise failures.refusal(hresult.DO_E_ERROR_INFORMATION_UNAVAILABLE)

    def files(self, job_id: str) -> tuple[JobFile, ...]:
        """See Backend. Of a job that has ended, the files that were kept."""
        number = _uuid(job_id)
        with self._store() as store:
            if store is None or (found := store.numbers().get(number)) is None:
                return () if store is None else store.files(number)
            job = store.load(found)
            return tuple(file.snapshot() for file in job.files) if job is not None else ()

    def timeline(self, job_id: str) -> tuple[Event, ...]:
        """See Backend."""
        with self._store() as store:
            return () if store is None else store.events(_uuid(job_id))

    def close(self) -> None:
        """See Backend."""

    @contextmanager
    def _store(self) -> Iterator[Store | None]:
        """The store, None where no engine has made one yet. Raises CallFailed, StoreUnusable."""
        with failures.refusing():
            try:
                is_there = self._file.exists()
            except OSError as error:
                said = error.strerror or str(error)
                raise StoreUnusable(f"The list of downloads at {self._file} can't be read: {said}.") from error
            if not is_there:
                yield None
                return
            with closing(Store.for_reading(self._file)) as store:
                yield store

    def _nobody(self) -> Exception:
        return failures.refusal(hresult.E_UNEXPECTED, "The download engine is not running.")


def _uuid(job_id: str) -> UUID:
    try:
        return UUID(job_id)
    except ValueError:
        raise failures.refusal(hresult.DO_E_JOB_NOT_FOUND) from None
