"""Random commands, faults and restarts against the real engine, with a plain model beside it.

After each step the object model, the store and the disk must agree with each other and with the model (agreement.py).
What is drawn never depends on what the engine did, so that every run can be repeated as far as threads allow: a job
is drawn as a number, and which one it is, of those that have not ended, is told in a note.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import Priority
from domonitor.jobs.limit import JobLimits, Limits, Schedule
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import FINAL, JobState
from tests.backends.engine.agreement import Agreement, Counts, refusal_of
from tests.backends.engine.drawing import (
    JOB_LIMITS,
    LIMITS,
    MOST_FILES,
    MOST_JOBS,
    SETTINGS,
    jobs,
    kinds,
    places,
)
from tests.backends.engine.illegal import ILLEGAL
from tests.backends.engine.in_a_process import EngineHere, EngineInAProcess
from tests.backends.engine.looking import look
from tests.backends.engine.model import (
    FAULTS,
    FOREIGN,
    IDLE,
    LONG_DELAY_S,
    Fate,
    ModelFile,
    ModelJob,
    Source,
    new_source,
)
from tests.backends.engine.turns_kept import out_of_turn
from tests.server import Origin, refused_url

SETTLES_WITHIN_S = 20.0

S = JobState
Start = Callable[[Path], EngineHere | EngineInAProcess]


class EngineMachine(RuleBasedStateMachine):
    """One example: an engine and an origin of its own, on a folder of its own; each job has a folder too."""

    def __init__(self, start: Start, counts: Counts) -> None:
        super().__init__()
        self.counts = counts
        counts.examples += 1
        self._opened = ExitStack()
        self._folder = Path(self._opened.enter_context(tempfile.TemporaryDirectory(prefix="machine-")))
        self._origin = self._opened.enter_context(Origin())
        self._refused_url = self._opened.enter_context(refused_url())
        self.engine = start(self._folder / "engine")
        self._opened.callback(lambda: self.engine.stop())
        self._agreement = Agreement(self.engine, self._folder / "engine", counts)
        self._known: list[ModelJob] = []
        self._sources = 0
        self._limits = Limits()

    @invariant()
    def everything_agrees(self) -> None:
        self._agreement.check(self._known)
        assert self.engine.manager.get_limits() == self._limits
        assert self.engine.run(out_of_turn, self.engine.manager) == []

    def teardown(self) -> None:
        self._opened.close()

    # ------------------------------------------------------------ new jobs and files

    @rule(kinds=st.lists(kinds, max_size=3), is_resumed=st.sampled_from([True, True, False]))
    def create_job(self, kinds: list[str], is_resumed: bool) -> None:
        if len(self._live) < MOST_JOBS:
            self._create_job(kinds, is_resumed=is_resumed)

    @rule(
        kinds=st.lists(kinds, min_size=1, max_size=3),
        priority=st.sampled_from(Priority),
        auto_complete=st.booleans(),
        is_spoiled=st.booleans(),
        segments=st.sampled_from([1, 2, 4]),
    )
    def add_many(
        self, kinds: list[str], priority: Priority, auto_complete: bool, is_spoiled: bool, segments: int
    ) -> None:
        """Two jobs, and perhaps between them one that is refused: it leaves nothing."""
        if len(self._live) + 2 > MOST_JOBS:
            return
        new = [self._new_job("added"), self._new_job("added too")]
        asked = []
        for job, its_kinds in zip(new, (kinds, ["large"]), strict=True):
            job.priority, job.auto_complete = priority, auto_complete
            job.files = [self._new_file(job, kind) for kind in its_kinds]
            files = tuple(NewFile(file.source.url, str(file.target), file.source.ranges) for file in job.files)
            asked.append(NewJob(job.display_name, files, priority, auto_complete, segments))
        if is_spoiled:
            good = NewFile(self._refused_url, str(new[0].folder / "good"))
            bad = NewFile(self._refused_url, str(new[0].folder / "no" / "bad"))
            asked.insert(1, NewJob("spoiled", (good, bad), priority, auto_complete))
        answers = self.engine.manager.add_many(asked)
        if is_spoiled:
            assert answers.pop(1).code == hresult.ERROR_PATH_NOT_FOUND
        for job, handle in zip(new, answers, strict=True):
            self._take_in(job, handle)
            job.possible, job.was_started, job.limits = frozenset({S.QUEUED}), True, JobLimits(None, segments)

    @rule(which=jobs, kind=kinds)
    def add_file(self, which: int, kind: str) -> None:
        job = self._job(which)
        if len(job.files) < MOST_FILES:
            self._add_file(job, kind)

    # ------------------------------------------------------------ commands

    @rule(which=jobs)
    def resume(self, which: int) -> None:
        self._resume(self._job(which))

    @rule(which=jobs)
    def suspend(self, which: int) -> None:
        job = self._job(which)
        if self._give(job, lambda handle: handle.suspend()) == hresult.S_OK:
            job.suspended()

    @rule(which=jobs)
    def cancel(self, which: int) -> None:
        job = self._job(which)
        left: list[bool] = []
        if self._give(job, lambda handle: left.append(handle.cancel())) == hresult.S_OK:
            assert left == [False], "a temporary file could not be deleted"
            job.cancelled()

    @rule(which=jobs, at=places, before=st.sampled_from(["", "settle", "settle", "a foreign file", "a lost file"]))
    def complete(self, which: int, at: int, before: str) -> None:
        job = self._job(which)
        if before:
            self._settle()
        if before == "a foreign file":
            self._put_a_foreign_file(job, at)
        elif before == "a lost file":
            self._delete_temporary_files(job)
        self._complete(job)

    @rule(which=jobs, settings=SETTINGS)
    def change(self, which: int, settings: dict[str, Any]) -> None:
        job = self._job(which)
        for name, value in settings.items():

            def set_it(handle: Any, name: str = name, value: object = value) -> None:
                getattr(handle, f"set_{name}")(value)

            if self._give(job, set_it) == hresult.S_OK:
                setattr(job, name, value)
                job.was_delayed |= value == LONG_DELAY_S

    @rule(which=jobs, limits=JOB_LIMITS)
    def set_limits(self, which: int, limits: JobLimits) -> None:
        job = self._job(which)
        if self._give(job, lambda handle: handle.set_limits(limits.bytes_per_second, limits.segments)) == hresult.S_OK:
            job.limits = limits

    @rule(limits=LIMITS)
    def set_limits_of_all(self, limits: Limits) -> None:
        self._time_passes()
        self.engine.manager.set_limits(limits)
        self._limits = limits

    @rule(which=jobs, at=places, kind=kinds)
    def set_remote_name(self, which: int, at: int, kind: str) -> None:
        job = self._job(which)
        file, source = job.file(at), self._new_source(kind)
        if file is None or file.source.ranges or source.ranges:
            return

        def set_it(handle: Any) -> None:
            handle.enum_files()[at % len(job.files)].set_remote_name(source.url)

        if self._give(job, set_it) == hresult.S_OK:
            if job.was_started:  # it may have arrived from the old address just now
                source.late = file.source.fates
                source.digests |= file.digests
            file.source, file.digests = source, source.digests

    @rule(which=jobs, what=st.lists(st.sampled_from(sorted(ILLEGAL)), min_size=1, max_size=4))
    def something_illegal(self, which: int, what: list[str]) -> None:
        job = self._job(which)
        before = self.engine.run(look, job.handle, job.folder)
        for one in what:
            call, code = ILLEGAL[one]
            given = self._give(job, lambda handle, call=call: call(handle, job, self._refused_url), code)
            assert given != hresult.S_OK, f"{one} was taken"
        assert refusal_of(lambda: self.engine.manager.get_job(uuid4())) == hresult.DO_E_JOB_NOT_FOUND
        assert refusal_of(lambda: self.engine.manager.create_job("")) == hresult.E_INVALIDARG
        if before is not None and before.is_steady and before.state in IDLE and not job.auto_complete:
            after = self.engine.run(look, job.handle, job.folder)
            # A file that was under way when the job was stopped may have arrived meanwhile.
            assert replace(after, progress=before.progress, files=before.files, listed=before.listed) == before

    # ------------------------------------------------------------ the world

    @rule(which=jobs, at=places)
    def a_foreign_file_comes(self, which: int, at: int) -> None:
        self._put_a_foreign_file(self._job(which), at)

    @rule()
    def foreign_files_go(self) -> None:
        self._time_passes()
        for file in (file for job in self._known for file in job.files if file.is_foreign):
            file.target.unlink()
            file.is_foreign = False

    @rule(which=jobs)
    def temporary_files_are_deleted(self, which: int) -> None:
        self._delete_temporary_files(self._job(which))

    @rule(which=jobs, at=places, fault=st.sampled_from(sorted(FAULTS)))
    def the_origin_is_switched(self, which: int, at: int, fault: str) -> None:
        file = self._job(which).file(at)
        if file is not None:
            file.source.switch(self._origin, fault)

    @rule()
    def time_for_all_to_settle(self) -> None:
        self._settle()

    @rule(has_settled=st.booleans())
    def restart(self, has_settled: bool) -> None:
        if has_settled:
            self._settle()
        self.counts.restarts += 1
        self.engine.stop()
        self._start_anew()

    # ------------------------------------------------------------ small parts of the above

    @property
    def _live(self) -> list[ModelJob]:
        return [job for job in self._known if not job.is_final]

    def _job(self, which: int) -> ModelJob:
        """One that has not ended as far as anybody knows; a new one where all have."""
        job = self._live[which % len(self._live)] if self._live else self._create_job(["large"], is_resumed=False)
        note(f"which={which} is {job}")
        return job

    def _give(self, job: ModelJob, call: Callable[[Any], object], *refusals: int) -> int:
        """Gives a command to a job; the code of its answer. One that may have ended may say so."""
        self._time_passes()
        try:
            call(job.handle)
        except CallFailed as refusal:
            if refusal.code in refusals:
                return refusal.code
            if refusal.code != hresult.DO_E_INVALID_STATE or not job.possible & FINAL:
                raise AssertionError(f"{job} refuses: {refusal!r}") from refusal
            job.possible &= FINAL
            return refusal.code
        assert not job.is_final, f"{job} has ended, and still takes commands"
        job.possible -= FINAL
        return hresult.S_OK

    def _create_job(self, kinds: list[str], *, is_resumed: bool) -> ModelJob:
        job = self._new_job("a job")
        self._take_in(job, self.engine.manager.create_job("a job"))
        for kind in kinds:
            self._add_file(job, kind)
        if is_resumed:
            self._resume(job)
        return job

    def _add_file(self, job: ModelJob, kind: str) -> None:
        file = self._new_file(job, kind)
        asked = (file.source.url, str(file.target), file.source.ranges)
        if self._give(job, lambda handle: handle.add_file(*asked)) == hresult.S_OK:
            job.files.append(file)
            job.goes(([S.TRANSFERRED], [S.QUEUED]))

    def _resume(self, job: ModelJob) -> None:
        code = self._give(job, lambda handle: handle.resume(), *([] if job.files else [hresult.DO_E_JOB_EMPTY]))
        if code == hresult.S_OK:
            assert job.files, "a job without a file was resumed"
            job.resumed()

    def _complete(self, job: ModelJob) -> None:
        dropped: list[bool] = []
        is_whole = bool(job.files) and all(file.is_transferred and not file.is_harmed for file in job.files)
        refusals = [hresult.ERROR_FILE_EXISTS] if any(file.is_foreign for file in job.files) else []
        refusals += [hresult.ERROR_PATH_NOT_FOUND] if any(file.is_harmed for file in job.files) else []
        code = self._give(job, lambda handle: dropped.append(handle.complete()), *refusals)
        if code == hresult.S_OK:
            job.completed()
            job.all_kept = not dropped[0]
            assert job.all_kept or not is_whole, "files that had arrived were dropped"
            assert not job.all_kept or job.was_started or not job.files, "files were kept that never arrived"
        elif code in refusals:
            job.not_completed()

    def _put_a_foreign_file(self, job: ModelJob, at: int) -> None:
        """Where the name is still free."""
        file = job.file(at)
        if file is None:
            return
        self._time_passes()
        try:
            with file.target.open("xb") as foreign:
                foreign.write(FOREIGN)
        except FileExistsError:
            return
        file.is_foreign = True

    def _delete_temporary_files(self, job: ModelJob) -> None:
        self._time_passes()
        for file in job.files:
            file.is_harmed |= not file.is_completed
        for path in job.folder.glob(".domonitor-*.part"):
            with suppress(OSError):  # it is gone by now, or Windows keeps it as long as it is written
                path.unlink()

    def _settle(self) -> None:
        """Until each job has been seen where it can't go on for now."""
        if self._limits.schedule.rules:
            self.set_limits_of_all(replace(self._limits, schedule=Schedule()))
        for file in (file for job in self._known for file in job.files):
            if file.source.fate is Fate.WAITS:
                file.source.switch(self._origin, "none")
        self._time_passes()
        self.counts.settled += 1
        until_s = time.monotonic() + SETTLES_WITHIN_S
        waiting = self._live
        while waiting := [job for job in waiting if not self._has_settled(job)]:
            has_changed = self.engine.wait_for_change(max(0.0, until_s - time.monotonic()))
            states = [(job, job.handle.get_state()) for job in waiting]
            assert has_changed, f"these never settle: {states}"
        self._time_passes()
        for file in (file for job in self._known for file in job.files):
            file.source.late = frozenset()

    def _has_settled(self, job: ModelJob) -> bool:
        state = job.handle.get_state()
        assert state in job.possible, f"{job} is {state.name}"
        return job.has_settled(state)

    def _start_anew(self) -> None:
        for job in self._known:
            job.process_ended()
        self.engine.start()
        handles = {handle.get_id(): handle for handle in self.engine.manager.enum_jobs()}
        self._time_passes()
        for job in self._known:
            job.handle = handles.get(job.id)
            if job.handle is None:
                job.possible &= FINAL
                assert job.possible, f"{job} is lost"
            else:
                self._agreement.check_temporary_files(job)

    def _time_passes(self) -> None:
        for job in self._known:
            job.time_passes()

    def _new_job(self, display_name: str) -> ModelJob:
        folder = Path(tempfile.mkdtemp(dir=self._folder, prefix=f"job-{len(self._known)}-"))
        return ModelJob(uuid4(), None, folder, display_name)

    def _take_in(self, job: ModelJob, handle: Any) -> None:
        job.handle, job.id = handle, handle.get_id()
        self._known.append(job)

    def _new_source(self, kind: str) -> Source:
        self._sources += 1
        return new_source(self._origin, self._refused_url, self._sources, kind)

    def _new_file(self, job: ModelJob, kind: str) -> ModelFile:
        source = self._new_source(kind)
        return ModelFile(job.folder / f"{self._sources}", source, source.digests)
