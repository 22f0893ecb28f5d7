"""The power goes at every step in turn: nothing that was promised is lost, nothing stray is left, nothing is wrong."""

from __future__ import annotations

import errno
import hashlib
import random
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from uuid import UUID

import pytest

from domonitor.backends.engine import disk, segments
from domonitor.backends.engine.job import EngineJob
from domonitor.jobs.error import CallFailed
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import Engine
from tests.backends.engine.power_cut import Left, cuts
from tests.backends.engine.recording import Files, Promise, Recording, Told
from tests.backends.engine.scenarios import (
    APartIsDeleted,
    Cancelled,
    CompletedInPart,
    ContentChanges,
    ContentGetsAName,
    InSegments,
    OfRanges,
    RefusedFiles,
    Scenario,
    TwoJobsByThemselves,
)
from tests.server import Origin

BOOT_ID = "domonitor.backends.engine.recovery._boot_id"
SEED = 20_261_123
CUTS_INTO_RECOVERY = 6

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="folders can't be synced there"),
    pytest.mark.timeout(180),
]


class Cuts:
    """Brings a scenario to its end behind one cut after the other."""

    def __init__(self, scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
        self.scenario = scenario
        self.engine = scenario.engine
        self.count = 0
        self._monkeypatch = monkeypatch

    def go_on(self, left: Left, *, is_recorded: bool = False) -> Recording:
        """One cut: starts an engine on what is left, and looks whether all is well in the end."""
        self.count += 1
        self._monkeypatch.setattr(BOOT_ID, lambda: f"start {self.count}")
        left.put(self.engine.folder)
        recording = Recording(self.engine.folder)
        try:
            self._check_names(left)
            with recording.running() if is_recorded else nullcontext():
                self._end(left)
        except Exception as error:
            error.add_note(left.when)
            raise
        return recording

    def _check_names(self, left: Left) -> None:
        """Before anything is mended: who was told that a file is there finds it."""
        for promise in left.promises:
            if promise.told is Told.COMPLETED:
                for name, content in self.scenario.wanted[promise.job_id].items():
                    assert left.files.get(name) == content, f"{name} was promised, and is not there whole"

    def _end(self, left: Left) -> None:
        engine = self.engine
        engine.start()
        try:
            requests = len(self.scenario.origin.requests)
            jobs = {job.get_id(): job for job in engine.manager.enum_jobs()}
            for promise in left.promises:
                self._check(promise, jobs.get(promise.job_id))
            for job in jobs.values():
                self.scenario.end(job)
            engine.until(lambda: engine.manager.enum_jobs() == ())
            ends = {job_id: self._end_of(job_id) for job_id in self.scenario.wanted}
            fetched = {request.path for request in self.scenario.origin.requests[requests:]}
        finally:
            engine.stop()
        self._check_folder(left, ends)
        for promise in left.promises:
            if promise.told is Told.ARRIVED:
                assert f"/{promise.name}" not in fetched, f"{promise.name} was fetched again"

    def _end_of(self, job_id: UUID) -> JobState | None:
        states = [event.state for event in self.engine.manager.timeline(job_id)]
        return next((state for state in (JobState.ACKNOWLEDGED, JobState.CANCELLED) if state in states), None)

    def _check(self, promise: Promise, job: EngineJob | None) -> None:
        """What was told to a caller holds when the engine has just been started."""
        end = self._end_of(promise.job_id)
        state = job.get_state() if job else end
        said = f"{promise.told.value}: {promise.name} {state}"
        if promise.told is Told.ACCEPTED:
            assert job or end, said
        elif promise.told is Told.ADDED and job:
            try:
                names = {Path(file.get_local_name()).name for file in job.enum_files()}
            except CallFailed:
                return  # it has come to its end meanwhile
            assert promise.name in names, said
        elif promise.told is Told.RESUMED:
            assert state is not JobState.SUSPENDED, said
        elif promise.told is Told.TRANSFERRED:
            progress = job.get_progress() if job else None
            assert progress is None or progress.files_transferred == progress.files_total, said
        elif promise.told is Told.COMPLETED:
            assert (job, end) == (None, JobState.ACKNOWLEDGED), said
        elif promise.told is Told.CANCELLED:
            assert (job, end) == (None, JobState.CANCELLED), said

    def _check_folder(self, left: Left, ends: dict[UUID, JobState | None]) -> None:
        expected = dict(self.scenario.old)
        for job_id, end in ends.items():
            if end is JobState.ACKNOWLEDGED:
                expected |= self.scenario.wanted[job_id]
        found = {path.name: path.read_bytes() for path in self.engine.downloads.iterdir()}
        assert _digests(found) == _digests(expected)


def _digests(files: Files) -> dict[str, str]:
    return {name: f"{len(content)} bytes, {hashlib.sha256(content).hexdigest()[:8]}" for name, content in files.items()}


@pytest.mark.parametrize(
    "kind",
    [
        TwoJobsByThemselves,
        CompletedInPart,
        Cancelled,
        ContentChanges,
        ContentGetsAName,
        RefusedFiles,
        APartIsDeleted,
        InSegments,
        OfRanges,
    ],
)
def test_after_a_power_cut_at_any_step_all_promises_hold(
    tmp_path: Path, origin: Origin, monkeypatch: pytest.MonkeyPatch, kind: type[Scenario]
) -> None:
    cut_everywhere(tmp_path, origin, monkeypatch, kind)


@pytest.mark.parametrize("without", [("rename_exclusively",), ("rename_exclusively", "_link_and_unlink")])
def test_so_do_they_on_a_file_system_with_fewer_ways_to_give_a_name(
    tmp_path: Path, origin: Origin, monkeypatch: pytest.MonkeyPatch, without: tuple[str, ...]
) -> None:
    for way in without:
        monkeypatch.setattr(disk, way, no_such_way)
    cut_everywhere(tmp_path, origin, monkeypatch, CompletedInPart)


def no_such_way(part: str, target: str) -> None:
    raise OSError(errno.EINVAL, "Invalid argument")


def cut_everywhere(tmp_path: Path, origin: Origin, monkeypatch: pytest.MonkeyPatch, kind: type[Scenario]) -> None:
    monkeypatch.setattr(disk, "SYNC_STEP_BYTES", 50_000)
    monkeypatch.setattr(segments, "SMALLEST_BYTES", 100_000)
    engine = Engine(tmp_path)
    engine.stop()
    for path in (tmp_path / "engine").glob("engine.sqlite*"):
        path.unlink()
    scenario = kind(engine, origin)
    for name, content in scenario.old.items():
        (engine.downloads / name).write_bytes(content)
    recording = Recording(tmp_path)
    with recording.running():
        engine.start()
        try:
            scenario.begin(recording)
        finally:
            engine.stop()
    began_s = time.monotonic()
    replay = Cuts(scenario, monkeypatch)
    once = cuts(recording, SEED)
    for left in once:
        replay.go_on(left)
    twice = []
    for left in random.Random(SEED).sample(once, CUTS_INTO_RECOVERY):
        twice += cuts(replay.go_on(left, is_recorded=True), SEED, left.promises)
    for left in twice:
        replay.go_on(left)
    scenario.check_all()
    print(
        f"{kind.__name__}: {len(recording.steps)} steps left {len(once)} different disks, "
        f"{CUTS_INTO_RECOVERY} recoveries that were cut too {len(twice)}; {time.monotonic() - began_s:.1f} s"
    )
