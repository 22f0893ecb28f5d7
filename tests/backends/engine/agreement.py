"""Whether the object model, the store, the disk and the plain model of an engine agree with each other."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.state import ACTIVE, FINAL, JobState
from tests.backends.engine.in_a_process import EngineHere, EngineInAProcess
from tests.backends.engine.looking import Look, look, stored_states
from tests.backends.engine.model import FOREIGN, IDLE, ModelFile, ModelJob

S = JobState


@dataclass
class Counts:
    """What the machines of one run did and saw."""

    examples: int = 0
    steps: int = 0
    restarts: int = 0
    crashes: int = 0
    settled: int = 0
    named: int = 0
    seen: Counter[JobState] = field(default_factory=Counter)

    def __str__(self) -> str:
        return (
            f"{self.examples} examples, {self.steps} steps, {self.restarts} restarts, {self.crashes} crashes, "
            f"settled {self.settled} times, {self.named} files named; states seen: "
            + ", ".join(f"{state.name} {self.seen[state]}" for state in S)
        )


def refusal_of(call: Callable[[], object]) -> int:
    """The code with which the call is refused, S_OK where it is not."""
    try:
        call()
    except CallFailed as refusal:
        return refusal.code
    return hresult.S_OK


class Agreement:
    """Looks at an engine and at what it leaves on the disk, and narrows the model down to what was seen."""

    def __init__(self, engine: EngineHere | EngineInAProcess, folder: Path, counts: Counts) -> None:
        self._engine = engine
        self._folder = folder
        self._counts = counts
        self._digests: dict[tuple[int, int, int], str] = {}

    def check(self, known: Sequence[ModelJob]) -> None:
        """known: all jobs that there ever were, in order of creation. Raises AssertionError."""
        self._counts.steps += 1
        for job in known:
            job.time_passes()
        order = [job.get_id() for job in self._engine.manager.enum_jobs()]
        listed = set(order)
        assert order == [job.id for job in known if job.id in listed], "more jobs, or another order of creation"
        seen: dict[ModelJob, Look | None] = {}
        for job in known:
            assert job.id in listed or job.possible & FINAL, f"{job} is lost"
            found = self._engine.run(look, job.handle, job.folder) if job.id in listed else None
            seen[job] = found
            if found is None:
                self._has_ended(job)
            else:
                assert found.state in job.possible, f"{job} is {found.state.name}: {found}"
                job.possible = frozenset({found.state})
                self._job_agrees(job, found)
            self._counts.seen.update(job.possible if len(job.possible) == 1 else ())
        self._store_agrees(seen)
        assert self._engine.logged == [], "\n".join(self._engine.logged)

    def check_temporary_files(self, job: ModelJob) -> None:
        """After a start: a job that claims to have all its files has them."""
        found = self._engine.run(look, job.handle, job.folder)
        if found is not None and found.is_steady and found.state is S.TRANSFERRED and not job.auto_complete:
            incomplete = [file for file in found.files if not file.progress.completed]
            assert len(found.names - {file.target.name for file in job.files}) == len(incomplete), f"{job}: {found}"

    def _job_agrees(self, job: ModelJob, found: Look) -> None:
        """A job that has not ended, with the model, its files and its folder."""
        shown = (found.display_name, found.description, found.priority, found.limits)
        assert shown == (job.display_name, job.description, job.priority, job.limits), f"{job}: {found}"
        assert job.minimum_retry_delay in (None, found.retry_delay_s), f"{job}: {found}"
        assert job.no_progress_timeout in (None, found.no_progress_timeout_s), f"{job}: {found}"
        names = [(file.source.url, str(file.target)) for file in job.files]
        assert [(file.remote_name, file.local_name) for file in found.files] == names, f"{job}: {found}"
        assert [one[:2] for one in found.listed] == names, f"{job}: {found}"
        for file, seen in zip(job.files, found.files, strict=True):
            assert seen.transferred or not file.is_transferred or file.is_harmed, f"{file} has to come again"
            file.is_transferred, file.is_completed = seen.transferred, seen.progress.completed
        is_idle = found.state in IDLE and found.is_steady and not (found.state is S.TRANSFERRED and job.auto_complete)
        if is_idle:
            self._sums_agree(found)
            self._error_agrees(job, found)
        self._folder_agrees(job, found.names, is_idle=is_idle)

    def _sums_agree(self, found: Look) -> None:
        progress, files = found.progress, [file.progress for file in found.files]
        totals = [file.bytes_total for file in files]
        transferred = sum(file.transferred for file in found.files)
        total = None if None in totals or not files else sum(one or 0 for one in totals)
        assert [one[2] for one in found.listed] == files, f"enum_files and files differ: {found}"
        assert progress.bytes_transferred == sum(file.bytes_transferred for file in files), f"wrong sum: {found}"
        assert progress.bytes_total == total, f"wrong total: {found}"
        assert (progress.files_total, progress.files_transferred) == (len(files), transferred), f"wrong count: {found}"
        assert found.state is not S.TRANSFERRED or transferred == len(files), f"not all transferred: {found}"

    def _error_agrees(self, job: ModelJob, found: Look) -> None:
        job.lost_its_error &= found.state is S.ERROR
        assert (found.error_code is not None) == (found.state is S.ERROR) or job.lost_its_error, f"{job}: {found}"

    def _folder_agrees(self, job: ModelJob, names: frozenset[str], *, is_idle: bool) -> None:
        parts = {name for name in names if name.startswith(".domonitor-") and name.endswith(".part")}
        targets = {file.target.name: file for file in job.files}
        stray = names - parts - targets.keys()
        assert not stray, f"{job}: {stray}"
        for name in names & targets.keys():
            self._is_right(targets[name])
        incomplete = [file for file in job.files if not file.is_completed]
        assert len(parts) <= len(job.files), f"{job} has stray temporary files: {parts}"
        if is_idle:
            sure = sum(not file.is_harmed for file in incomplete)
            assert sure <= len(parts) <= len(incomplete), f"{job}: {parts} for {incomplete}"
            for file in job.files:
                is_there = file.target.name in names
                assert is_there == (file.is_completed or file.is_foreign) or file.is_harmed, f"{job}: {file}"

    def _has_ended(self, job: ModelJob) -> None:
        """A job that is not listed any more, or ended while it was looked at."""
        job.possible &= FINAL
        assert job.possible, f"{job} is gone"
        if job.handle is not None:
            assert refusal_of(job.handle.suspend) == hresult.DO_E_INVALID_STATE
        assert refusal_of(lambda: self._engine.manager.get_job(job.id)) == hresult.DO_E_JOB_NOT_FOUND
        job.all_kept |= job.auto_complete and job.possible == {S.ACKNOWLEDGED} and not job.was_completed
        names = {path.name for path in job.folder.iterdir()}
        names -= {file.target.name for file in job.files if file.is_foreign}
        assert job.kept_at_least() <= names <= job.kept_at_most(), f"{job}: {sorted(names)}"
        for file in job.files:
            if file.is_foreign or file.target.name in names:
                self._is_right(file)

    def _is_right(self, file: ModelFile) -> None:
        """Its content, read once as long as it is the same file."""
        if file.is_foreign:
            assert file.target.read_bytes() == FOREIGN, f"{file.target} was overwritten"
            return
        found = file.target.stat()
        key = (found.st_ino, found.st_size, found.st_mtime_ns)
        if key not in self._digests:
            self._digests[key] = hashlib.sha256(file.target.read_bytes()).hexdigest()
            self._counts.named += 1
        assert self._digests[key] in file.digests, f"{file.target} is wrong"

    def _store_agrees(self, seen: dict[ModelJob, Look | None]) -> None:
        stored = stored_states(self._folder)
        assert stored.keys() <= {job.id for job in seen}, "the store has jobs that nobody asked for"
        for job, found in seen.items():
            job.time_passes()
            states = {S.QUEUED if state in ACTIVE else state for state in job.possible}
            if found is None:
                assert stored.get(job.id) in {None, *states}, f"{job} is stored as {stored[job.id].name}"
            else:
                assert stored[job.id] in states, f"{job} is stored as {stored[job.id].name}"
