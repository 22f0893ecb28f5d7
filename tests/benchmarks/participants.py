"""Who shares a queue in tests.benchmarks.shared_queue: a window's monitor, and commands, each in a process of its own.

Each of them changes something now and then, and notes when it hears of what the others have changed: a change carries
its maker's name, its number and the moment (of the one clock of this computer) as a job's name.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from domonitor.backends.engine import HostBackend, RemoteManager
from domonitor.jobs.change import Change
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import Job
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import Command
from domonitor.monitor import Monitor

WINDOW, COMMAND = "window", "command"
PAUSE_S = 0.02
"""Between two changes of one participant."""

MOST_JOBS = 50
"""Of one participant: so many later changes an earlier one can still be seen."""

TRY_AGAIN_S = 0.05


@dataclass(frozen=True, slots=True)
class Plan:
    """What a participant is to do. address: what its downloads fetch, if it makes any."""

    name: str
    kind: str
    engine: Path
    downloads: Path
    address: str
    changes: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """A change of another one: whose, the how manyth, when it was made, and how much later it was seen; in seconds."""

    maker: str
    number: int
    made_at_s: float
    after_s: float


@dataclass(slots=True)
class Report:
    """What a participant has done and seen. refused: the calls that had to be tried again."""

    name: str
    made: int = 0
    refused: int = 0
    sightings: list[Sighting] = field(default_factory=list)


class Diary:
    """Notes what others have changed, each change once."""

    def __init__(self, name: str) -> None:
        self.report = Report(name)
        self._began_s = time.monotonic()
        self._seen: set[tuple[str, int]] = set()

    def stamp(self) -> str:
        """The name for the next change."""
        return f"{self.report.name} {self.report.made} {time.monotonic()!r}"

    def note(self, jobs: Iterable[Job]) -> None:
        now_s = time.monotonic()
        for job in jobs:
            maker, _, rest = job.display_name.partition(" ")
            number, _, made_at = rest.partition(" ")
            # What was there before we came is no news.
            if not made_at or maker == self.report.name or float(made_at) < self._began_s:
                continue
            if (maker, int(number)) not in self._seen:
                self._seen.add((maker, int(number)))
                self.report.sightings.append(Sighting(maker, int(number), float(made_at), now_s - float(made_at)))


class Participant:
    """A participant in a process of its own."""

    def __init__(self, plan: Plan) -> None:
        """Returns as soon as it takes part; it waits for go."""
        self.plan = plan
        self._ours, theirs = multiprocessing.Pipe()
        self.process = multiprocessing.get_context("spawn").Process(target=_live, args=(plan, theirs))
        self.process.start()
        theirs.close()
        self._ours.recv()

    def go(self) -> None:
        """It begins with its changes."""
        self._ours.send("go")

    def wait(self) -> None:
        """Until it has made all its changes."""
        self._ours.recv()

    def end(self) -> Report:
        """What it has done and seen."""
        self._ours.send("end")
        report: Report = self._ours.recv()
        self.process.join()
        return report

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


def _live(plan: Plan, pipe: Connection) -> None:
    if plan.kind == WINDOW:
        asyncio.run(_watch(plan, pipe))
    else:
        _command(plan, pipe)


async def _watch(plan: Plan, pipe: Connection) -> None:
    """A window without its pixels: it adds downloads and cancels them."""
    diary = Diary(plan.name)
    backend = HostBackend(plan.engine)
    monitor = Monitor([backend])
    monitor.subscribe(lambda _, change: diary.note(change.upserts))
    monitor.start()
    await monitor.add(backend.name, [])  # until it is open
    pipe.send("here")
    await asyncio.to_thread(pipe.recv)
    added: list[str] = []
    while diary.report.made < plan.changes:
        target = plan.downloads / f"{plan.name}-{diary.report.made}"
        new_job = NewJob(diary.stamp(), (NewFile(plan.address, str(target)),))
        try:
            (outcome,) = await monitor.add(backend.name, [new_job])
            assert outcome.job_id is not None, outcome.message
        except CallFailed:
            diary.report.refused += 1
            await asyncio.sleep(TRY_AGAIN_S)
            continue
        diary.report.made += 1
        added.append(outcome.job_id)
        if len(added) > MOST_JOBS:
            keys = [key for key in monitor.jobs if key.id == added[0]]
            del added[0]
            await monitor.execute(Command.CANCEL, keys)
        await asyncio.sleep(PAUSE_S)
    pipe.send("done")
    await asyncio.to_thread(pipe.recv)
    await monitor.close()
    pipe.send(diary.report)


def _command(plan: Plan, pipe: Connection) -> None:
    """A command that watches the list, and renames its jobs."""
    diary = Diary(plan.name)
    changed = threading.Event()
    with closing(RemoteManager(plan.engine)) as manager:
        feed = manager.add_reader(changed.set)
        jobs = [manager.create_job(f"{plan.name}'s") for _ in range(MOST_JOBS)]
        looking = threading.Thread(target=_look, args=(feed.take, changed, diary), daemon=True)
        looking.start()
        pipe.send("here")
        pipe.recv()
        while diary.report.made < plan.changes:
            job = jobs[diary.report.made % len(jobs)]
            if not _is_done(partial(job.set_display_name, diary.stamp())):
                diary.report.refused += 1
                time.sleep(TRY_AGAIN_S)
                continue
            diary.report.made += 1
            time.sleep(PAUSE_S)
        pipe.send("done")
        pipe.recv()
    pipe.send(diary.report)


def _is_done(call: Callable[[], None]) -> bool:
    try:
        call()
    except CallFailed:
        return False
    return True


def _look(take: Callable[[int], tuple[Change, bool]], changed: threading.Event, diary: Diary) -> None:
    while True:
        changed.wait()
        changed.clear()
        is_more_left = True
        while is_more_left:
            change, is_more_left = take(500)
            diary.note(change.upserts)
