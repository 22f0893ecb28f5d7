"""Whether those jobs are fetched whose turn it is, looked at on the engine's own thread: nothing moves meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future

from domonitor.backends.engine import EngineManager
from domonitor.backends.engine.records import FileStage, JobRecord
from domonitor.backends.engine.transfers import Transfers
from domonitor.jobs.job import Priority
from domonitor.jobs.state import ACTIVE


def out_of_turn(manager: EngineManager) -> list[str]:
    """What should not be so, in words; an engine in which all is right gives none."""
    lifecycle = manager._lifecycle

    def look(reply: Future[list[str]]) -> None:
        lifecycle.start_files()  # what was decided a moment ago holds from here on
        active = [job for job in manager._roster.in_memory() if job.state in ACTIVE]
        reply.set_result(list(_wrong(lifecycle.transfers, active)))

    return manager._loop.ask(look)


def _wrong(transfers: Transfers, active: list[JobRecord]) -> Iterator[str]:
    turns = transfers.turns
    limits, slots = turns.limits, turns.limits.slots or turns._settings.slots
    fetched = {fetching.job.number: fetching.job for fetching in transfers._running.values()}
    if limits.schedule.rules and fetched:  # there is only one schedule here, and it says: not now
        yield f"{len(fetched)} jobs are fetched while all are paused"
    background = [job for job in fetched.values() if job.priority is not Priority.FOREGROUND]
    taken = Counter(job.priority for job in background)
    if any(count > slots for count in taken.values()):
        yield f"{taken} are fetched at once"
    for job in background:
        for other in active:
            is_before = Priority.FOREGROUND < other.priority < job.priority
            # Nobody stops for a job that has failed until it moves again.
            if is_before and not other.attempts and _wants(transfers, other):
                yield f"{job.number} ({job.priority.name}) is fetched before {other.number} ({other.priority.name})"


def _wants(transfers: Transfers, job: JobRecord) -> bool:
    """Whether the job has still something to fetch: what only waits for the disk needs no turn."""
    return any(file.stage is FileStage.PENDING and file not in transfers._settling for file in job.files)
