"""A process that downloads until all its jobs are gone, or it is killed.

    python -m tests.backends.engine.killed FOLDER [JOBS]

JOBS (JSON, see Planned) are added to those that an earlier process left, and their ids are printed. What is done with
a job that does not complete itself is told by its name, so that a later process knows it too.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from domonitor.backends.engine import EngineManager, segments
from domonitor.backends.engine.job import EngineJob
from domonitor.jobs.job import Priority
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import QUICK

BY_ITSELF = "completes itself"
ARRIVED = "is completed once all has arrived"
UNDER_WAY = "is completed once a file has arrived"
CANCELLED = "is cancelled once a byte has arrived"


@dataclass(frozen=True)
class Planned:
    """A job to be added. name: what is done with it. files: address and file name of each."""

    name: str
    files: Sequence[tuple[str, str]]
    priority: Priority = Priority.NORMAL
    segments: int = 1


def as_argument(jobs: Sequence[Planned]) -> str:
    return json.dumps([asdict(job) for job in jobs])


def add(manager: EngineManager, folder: Path, jobs: str) -> None:
    new_jobs = [
        NewJob(
            job["name"],
            tuple(NewFile(url, str(folder / "downloads" / name)) for url, name in job["files"]),
            Priority(job["priority"]),
            auto_complete=job["name"] == BY_ITSELF,
            segments=job["segments"],
        )
        for job in json.loads(jobs)
    ]
    ids = []
    for answer in manager.add_many(new_jobs):
        assert isinstance(answer, EngineJob), answer
        ids.append(str(answer.get_id()))
    print(*ids, flush=True)


def act_on(job: EngineJob) -> None:
    name, progress = job.get_display_name(), job.get_progress()
    if name == CANCELLED:
        if progress.bytes_transferred:
            job.cancel()
    elif (name == UNDER_WAY and progress.files_transferred) or (
        name == ARRIVED and job.get_state() is JobState.TRANSFERRED
    ):
        job.complete()


def main(folder: Path, *jobs: str) -> None:
    segments.SMALLEST_BYTES = 200_000  # so that files of a few megabytes come in several
    manager = EngineManager(folder / "engine", replace(QUICK, slots=8))
    changed = threading.Event()
    manager.add_reader(changed.set)
    if jobs:
        add(manager, folder, jobs[0])
    while left := manager.enum_jobs():
        for job in left:
            act_on(job)
        changed.wait()
        changed.clear()
    manager.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
