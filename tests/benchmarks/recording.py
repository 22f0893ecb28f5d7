"""How long the loop stands still while thousands of jobs change at once and all of it is recorded.

    python -m tests.benchmarks.recording [--jobs 10000] [--rounds 5] [--folder DIR]

The changes are published whole; a service gives at most 500 jobs at once. First every state changes in each round,
then every job vanishes and comes again.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from types import MappingProxyType

from domonitor.backends.scripted import ScriptedBackend
from domonitor.history import History
from domonitor.jobs.change import Change
from domonitor.jobs.job import Job
from domonitor.jobs.state import JobState
from domonitor.monitor import Monitor
from domonitor.recorder import Recorder
from tests.jobs.samples import a_job

TICK_S = 0.001


class Stalls:
    """Ticks each millisecond and notes the longest time between two ticks."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._task = asyncio.get_running_loop().create_task(self._tick())

    async def _tick(self) -> None:
        last_s = time.perf_counter()
        while True:
            await asyncio.sleep(TICK_S)
            now_s = time.perf_counter()
            self.longest_s = max(self.longest_s, now_s - last_s - TICK_S)
            last_s = now_s

    def take(self) -> float:
        longest_s, self.longest_s = self.longest_s, 0.0
        return longest_s


def jobs(count: int, state: JobState) -> tuple[Job, ...]:
    return tuple(a_job(str(number), state, display_name=f"download {number}.iso") for number in range(count))


async def measure(count: int, rounds: int, path: Path) -> None:
    monitor = Monitor([ScriptedBackend()])
    recorder = Recorder(monitor, path)
    recorder.start(print)
    stalls = Stalls()
    states = (JobState.QUEUED, JobState.SUSPENDED)
    changes = [Change(jobs(count, states[number % 2])) for number in range(rounds)]
    known = {job.key: None for job in changes[0].upserts}
    for _ in range(rounds):
        changes += [Change(removals=MappingProxyType(known)), changes[0]]
    await recorder.read(History.gone)
    for number, change in enumerate(changes):
        stalls.take()
        started_s = time.perf_counter()
        recorder._take("scripted", change)
        taken_s = time.perf_counter() - started_s
        await asyncio.sleep(0.25)  # until the group is being written
        while await recorder.read(lambda _: True) is None or recorder._changes:
            await asyncio.sleep(TICK_S)
        written_s = time.perf_counter() - started_s - 0.25
        print(
            f"{number}: {len(change.upserts)} upserts, {len(change.removals)} removals: "
            f"listener {taken_s * 1e6:.0f} µs, longest stall of the loop {stalls.take() * 1e3:.1f} ms, "
            f"written {written_s * 1e3:.0f} ms after its turn",
            flush=True,
        )
    await asyncio.gather(recorder.close(), monitor.close())
    print(f"{path.stat().st_size / 1e6:.1f} MB")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--jobs", type=int, default=10_000)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--folder", type=Path, default=None)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        asyncio.run(measure(chosen.jobs, chosen.rounds, Path(folder) / "history.sqlite"))


if __name__ == "__main__":
    main()
