"""Kills a downloading process again and again, lets the last one finish, and counts what is not as it must be."""

from __future__ import annotations

import hashlib
import math
import random
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from domonitor.backends.engine import EngineManager
from domonitor.jobs.job import Priority
from domonitor.jobs.state import FINAL, JobState
from tests.backends.engine.killed import ARRIVED, BY_ITSELF, CANCELLED, UNDER_WAY, Planned, as_argument
from tests.server import Cut, Origin, Pattern, Resource

ROOT = Path(__file__).parents[3]
KILLS_A_FOLDER = 8
FINISHES_WITHIN_S = 60.0
LOOK_EVERY_S = 0.001
MOST_FAILURES = 10

FAST_BYTES_PER_S = 20_000_000
SLOW_BYTES_PER_S = 2_000_000


@dataclass
class Tally:
    """What was done, and what went wrong: a sentence for each."""

    kills: int = 0
    folders: int = 0
    files: int = 0
    wrong_files: list[str] = field(default_factory=list)
    lost_jobs: list[str] = field(default_factory=list)
    stray_files: list[str] = field(default_factory=list)
    failed_processes: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        return self.wrong_files + self.lost_jobs + self.stray_files + self.failed_processes

    def __str__(self) -> str:
        return (
            f"{self.kills} kills in {self.folders} folders, {self.files} files: {len(self.wrong_files)} files wrong, "
            f"{len(self.lost_jobs)} jobs lost, {len(self.stray_files)} stray files, "
            f"{len(self.failed_processes)} processes failed by themselves"
        )


class Round:
    """Six jobs of every sort in one folder, and a process after the other that downloads them."""

    def __init__(self, origin: Origin, folder: Path, choose: random.Random, tally: Tally) -> None:
        self._origin = origin
        self._folder = folder
        self._downloads = folder / "downloads"
        self._downloads.mkdir(parents=True)
        self._choose = choose
        self._tally = tally
        self._contents: dict[str, Pattern] = {}
        self._jobs = [
            Planned(BY_ITSELF, [self._file(4_000_000)], Priority.LOW, segments=3),
            Planned(BY_ITSELF, [self._file(300_000) for _ in range(5)]),
            Planned(BY_ITSELF, [self._file(3_000_000, cut_after_bytes=900_000)], Priority.HIGH),
            Planned(ARRIVED, [self._file(1_500_000), self._file(100_000)]),
            Planned(UNDER_WAY, [self._file(100_000), self._file(3_000_000, SLOW_BYTES_PER_S)]),
            Planned(CANCELLED, [self._file(2_000_000, SLOW_BYTES_PER_S)], Priority.FOREGROUND),
        ]
        self._ids: list[UUID] = []

    def run(self, most_kills: int) -> None:
        """Kills at most so many times, fewer where all is done before; then lets it finish, and looks."""
        self._tally.folders += 1
        self._tally.files += len(self._contents)
        all_bytes = sum(content.size for content in self._contents.values())
        for at in range(most_kills):
            process = self._start(as_argument(self._jobs) if at == 0 else None)
            if at == 0:
                self._ids = [UUID(one) for one in process.stdout.readline().split()] if process.stdout else []
            ends_itself = self._wait_for_bytes(process, self._choose.randrange(1, all_bytes // KILLS_A_FOLDER * 2))
            process.kill()
            process.communicate()
            self._check_contents(f"after kill {at + 1}")
            if ends_itself or process.returncode == 0:
                break
            self._tally.kills += 1
        else:
            process = self._start(None)
            ends_itself = self._wait_for_bytes(process, None)
            process.kill()
            process.wait()
        if process.returncode != 0:
            how = f"ended with {process.returncode}" if ends_itself else "did not end"
            self._tally.failed_processes.append(f"{self._folder}: a process {how}")
            return
        self._check_contents("at the end")
        self._check_jobs()

    def _file(
        self, most_bytes: int, bytes_per_s: float = FAST_BYTES_PER_S, cut_after_bytes: int = 0
    ) -> tuple[str, str]:
        number = len(self._contents)
        content = Pattern(self._choose.randrange(most_bytes // 3, most_bytes), seed=self._choose.randrange(1 << 20))
        name = f"{number}.bin"
        self._contents[name] = content
        faults = [Cut(cut_after_bytes, times=1)] if cut_after_bytes else []
        return self._origin.add(f"/{number}", Resource(content, throttle_bytes_per_s=bytes_per_s, faults=faults)), name

    def _start(self, jobs: str | None) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tests.backends.engine.killed", str(self._folder)]
        command += [jobs] if jobs is not None else []
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE if jobs is not None else None, text=True)

    def _wait_for_bytes(self, process: subprocess.Popen[str], count: int | None) -> bool:
        """Until the origin has sent so many more (None: any number), or the process has ended: whether it has."""
        until_s = time.monotonic() + FINISHES_WITHIN_S
        until_bytes = math.inf if count is None else self._sent_bytes + count
        while self._sent_bytes < until_bytes and time.monotonic() < until_s:
            try:
                process.wait(LOOK_EVERY_S)
            except subprocess.TimeoutExpired:
                continue
            return True
        return False

    @property
    def _sent_bytes(self) -> int:
        return sum(request.bytes_sent for request in self._origin.requests)

    def _check_contents(self, when: str) -> None:
        """What has its name is whole."""
        for path in self._downloads.glob("*.bin"):
            if hashlib.sha256(path.read_bytes()).hexdigest() != self._contents[path.name].sha256():
                self._tally.wrong_files.append(f"{path} is wrong {when}")

    def _check_jobs(self) -> None:
        manager = EngineManager(self._folder / "engine")
        ends = [{event.state for event in manager.timeline(job_id)} & FINAL for job_id in self._ids]
        manager.close()
        names = {path.name for path in self._downloads.iterdir()}
        may_be_there: set[str] = set()
        for job, end in zip(self._jobs, ends, strict=True):
            files = [name for _, name in job.files]
            if job.name != CANCELLED:
                may_be_there.update(files)
            must_be_there = {BY_ITSELF: files, ARRIVED: files, UNDER_WAY: [], CANCELLED: []}[job.name]
            expected = JobState.CANCELLED if job.name == CANCELLED else JobState.ACKNOWLEDGED
            missing = set(must_be_there) - names
            if end != {expected} or missing or (job.name == UNDER_WAY and not names & set(files)):
                ended = ", ".join(state.name for state in end) or "in no way"
                self._tally.lost_jobs.append(
                    f'{self._folder}: "{job.name}" ended {ended}, and misses {sorted(missing)}'
                )
        self._tally.stray_files += [f"{self._downloads / name} is stray" for name in sorted(names - may_be_there)]


def kill_again_and_again(folder: Path, kills: int, seed: int) -> Tally:
    """Rounds in folders of their own until there were so many kills. Only the folder of one that went wrong stays."""
    choose = random.Random(seed)
    tally = Tally()
    while tally.kills < kills and len(tally.failed_processes) < MOST_FAILURES:
        place, problems = folder / f"{tally.folders}", len(tally.problems)
        with Origin() as origin:
            Round(origin, place, choose, tally).run(min(KILLS_A_FOLDER, kills - tally.kills))
        if len(tally.problems) == problems:
            shutil.rmtree(place)
    return tally
