"""A hundred thousand jobs that nobody touches: how long the start takes, what each costs, and whether it is quiet.

    python -m tests.benchmarks.idle_jobs [--jobs 100000] [--folder DIR]

Prints, for 20,000 jobs and for all: seconds until the manager answers, memory (PSS) in all, bytes for each job beyond
the first 20,000, and how often the process woke up in three seconds. Linux only. Each state has a run of its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from domonitor.backends.engine import EngineManager
from domonitor.backends.engine.records import FileRecord, FileStage, JobRecord
from domonitor.backends.engine.rows import event_row, file_row, job_row
from domonitor.backends.engine.store import Rows, Store
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.state import JobState

FEW = 20_000
STATES = (JobState.SUSPENDED, JobState.ERROR)
QUIET_S = 3.0


def fill(folder: Path, jobs: int, state: JobState) -> None:
    """Writes the store as an engine leaves it; the temporary files are made when a job starts."""
    EngineManager(folder).close()
    store = Store(folder / "engine.sqlite")
    now = datetime.now(UTC)
    rows = Rows()
    for at in range(jobs):
        target = f"/home/somebody/Downloads/packages/package-{at}.zip"
        part = f"/home/somebody/Downloads/packages/.domonitor-{at:012x}.part"
        address = f"https://downloads.example.com/releases/2026/11/package-{at}.zip"
        job = JobRecord(at + 1, uuid4(), f"package-{at}.zip", now, now, state=state)
        job.add(FileRecord(0, address, target, part, stage=FileStage.PENDING))
        rows.jobs.append(job_row(job))
        rows.files.append(file_row(job, job.files[0]))
        rows.events.append(event_row(job, Event(now, EventKind.STATE, state, origin="engine")))
    store.write(rows)
    store.close()


def pss_bytes() -> int:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))


def wakeups() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw


def start(folder: Path, results: multiprocessing.SimpleQueue[tuple[float, int, int]]) -> None:
    began_s = time.perf_counter()
    manager = EngineManager(folder)
    jobs = manager.enum_jobs()
    assert jobs[len(jobs) // 2].get_display_name()
    took_s = time.perf_counter() - began_s
    before = wakeups()
    time.sleep(QUIET_S)
    woken = wakeups() - before - 1  # our own sleep
    results.put((took_s, pss_bytes(), woken))
    manager.close()


def measure(parent: Path | None, jobs: int, state: JobState) -> tuple[float, int, int]:
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        filling = context.Process(target=fill, args=(Path(folder), jobs, state))
        filling.start()
        filling.join()
        results: multiprocessing.SimpleQueue[tuple[float, int, int]] = context.SimpleQueue()
        process = context.Process(target=start, args=(Path(folder), results))
        process.start()
        result = results.get()
        process.join()
    return result


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--jobs", type=int, default=100_000)
    arguments.add_argument("--folder", type=Path, default=None)
    chosen = arguments.parse_args()
    for state in STATES:
        few_s, few_bytes, _ = measure(chosen.folder, FEW, state)
        many_s, many_bytes, woken = measure(chosen.folder, chosen.jobs, state)
        each = (many_bytes - few_bytes) / (chosen.jobs - FEW)
        print(
            f"{state.name}: {FEW:,} jobs answer in {few_s:.2f} s with {few_bytes / 1e6:.0f} MB; {chosen.jobs:,} in "
            f"{many_s:.2f} s with {many_bytes / 1e6:.0f} MB, {each:.0f} bytes a job beyond; {woken} wakeups in "
            f"{QUIET_S:.0f} s"
        )


if __name__ == "__main__":
    main()
