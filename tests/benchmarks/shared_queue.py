"""A window and two commands on one queue: how soon each sees what the others do, and who is disturbed by a death.

    python -m tests.benchmarks.shared_queue [--changes 1000] [--deaths 9] [--hosts 5] [--seed N] [--folder DIR]

First all three change something fifty times a second, and each says when it saw the others' changes. Then one of the
three after the other is killed while that goes on, at a moment drawn by chance; the two others must see all of each
other's changes, and what they wait is printed. Last the host is killed while a download is under way: all must come
back by themselves, no answered change may be lost, and the download must arrive whole.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path

from domonitor.backends.engine import RemoteManager
from domonitor.backends.engine.starting import HostUnavailable
from domonitor.jobs.state import FINAL, JobState
from tests.benchmarks.participants import COMMAND, MOST_JOBS, WINDOW, Participant, Plan, Report, Sighting
from tests.benchmarks.serving import busy_server, server, wait_until
from tests.server import Pattern

KINDS = (WINDOW, COMMAND, COMMAND)
SETTLE_S = 1.0
"""So long the last changes may take to be seen."""

SIZE = 64 << 20
SPEED = 16 << 20


class Queue:
    """A host on a folder of its own, and whoever takes part."""

    def __init__(self, folder: Path, address: str) -> None:
        self.engine = folder / "engine"
        self.downloads = folder / "downloads"
        self.downloads.mkdir()
        self._address = address
        self._numbers = count(1)

    def join(self, kind: str, changes: int) -> Participant:
        name = f"{kind}-{next(self._numbers)}"
        return Participant(Plan(name, kind, self.engine, self.downloads, self._address, changes))


@contextmanager
def queue(parent: Path | None) -> Iterator[tuple[Queue, RemoteManager]]:
    """The host is started by its first client, and stopped at the end."""
    with tempfile.TemporaryDirectory(dir=parent) as folder, busy_server() as address:
        opened = Queue(Path(folder), address)
        with closing(RemoteManager(opened.engine)) as manager:
            try:
                yield opened, manager
            finally:
                stop(opened.engine)


def stop(engine: Path) -> None:
    """Ends the host, and waits for that."""
    with suppress(HostUnavailable):
        while True:
            with closing(RemoteManager(engine, start=False)) as manager:
                os.kill(host_of(manager), signal.SIGTERM)
            time.sleep(0.05)


def host_of(manager: RemoteManager) -> int:
    assert manager.client.process_id is not None
    return manager.client.process_id


def percentile(sightings: Iterable[Sighting], part: float) -> float:
    waited_s = sorted(each.after_s for each in sightings)
    return waited_s[min(int(len(waited_s) * part), len(waited_s) - 1)]


def told(sightings: list[Sighting]) -> str:
    return (
        f"{len(sightings):,} sightings, {percentile(sightings, 0.5) * 1e3:.0f} ms in the middle, "
        f"{percentile(sightings, 0.99) * 1e3:.0f} ms p99, {percentile(sightings, 1) * 1e3:.0f} ms at most"
    )


def check_complete(reports: list[Report], last: int = sys.maxsize) -> None:
    """Each has seen all that the others have made, or so many of them at the end."""
    for report in reports:
        for other in reports:
            seen = {each.number for each in report.sightings if each.maker == other.name}
            missed = set(range(max(other.made - last, 0), other.made)) - seen
            assert other is report or not missed, f"{report.name} has missed {sorted(missed)} of {other.name}"


def in_peace(opened: Queue, changes: int) -> None:
    taking_part = [opened.join(kind, changes // len(KINDS)) for kind in KINDS]
    for each in taking_part:
        each.go()
    for each in taking_part:
        each.wait()
    time.sleep(SETTLE_S)
    reports = [each.end() for each in taking_part]
    check_complete(reports)
    for report in reports:
        print(f"in peace, {report.name}: {told(report.sightings)}", flush=True)
    everything = [each for report in reports for each in report.sightings]
    print(f"in peace: p99 {percentile(everything, 0.99) * 1e3:.0f} ms, and at most 100 are allowed", flush=True)


def with_a_death(opened: Queue, which: int, after_s: float) -> list[Sighting]:
    """What the others have seen of each other."""
    taking_part = [opened.join(kind, 100) for kind in KINDS]
    for each in taking_part:
        each.go()
    time.sleep(after_s)
    victim = taking_part.pop(which)
    victim.kill()
    newcomer = opened.join(victim.plan.kind, 20)
    newcomer.go()
    newcomer.wait()
    for each in taking_part:
        each.wait()
    time.sleep(SETTLE_S)
    newcomer.end()
    reports = [each.end() for each in taking_part]
    check_complete(reports)
    assert all(report.refused == 0 for report in reports), "a call was refused"
    names = {report.name for report in reports}
    sightings = [each for report in reports for each in report.sightings if each.maker in names]
    print(f"{victim.plan.name} killed after {after_s:.2f} s: {told(sightings)}", flush=True)
    return sightings


def with_a_new_host(opened: Queue, manager: RemoteManager, url: str, after_s: float) -> None:
    """The download goes on, and so do all."""
    target = opened.downloads / f"file-{time.monotonic_ns()}"
    job = manager.create_job("a download")
    job.add_file(url, str(target))
    job.set_auto_complete(True)
    job.resume()
    taking_part = [opened.join(kind, 150) for kind in KINDS]
    for each in taking_part:
        each.go()
    wait_until(manager, lambda: job.get_progress().bytes_transferred > 0)
    time.sleep(after_s)
    before, had = host_of(manager), job.get_progress().bytes_transferred
    assert job.get_state() is JobState.TRANSFERRING
    os.kill(before, signal.SIGKILL)
    died_at_s = time.monotonic()
    for each in taking_part:
        each.wait()
    wait_until(manager, lambda: manager.snapshot(job.get_id()).state in FINAL)
    arrived_s = time.monotonic() - died_at_s
    time.sleep(SETTLE_S)
    reports = [each.end() for each in taking_part]
    check_complete(reports, MOST_JOBS)  # whoever is late to come back sees what is there then
    assert host_of(manager) != before
    content = hashlib.sha256(target.read_bytes()).hexdigest()
    assert content == Pattern(SIZE, seed=1).sha256(), "the file is not what it should be"
    back_s = [
        min(each.made_at_s + each.after_s for each in report.sightings if each.made_at_s > died_at_s) - died_at_s
        for report in reports
    ]
    print(
        f"host killed at {had / SIZE:.0%}: the three saw each other again after "
        f"{', '.join(f'{each * 1e3:.0f} ms' for each in back_s)} ({sum(each.refused for each in reports)} calls were "
        f"refused and made again), the download arrived whole after {arrived_s:.1f} s",
        flush=True,
    )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--changes", type=int, default=1_000)
    arguments.add_argument("--deaths", type=int, default=9)
    arguments.add_argument("--hosts", type=int, default=5)
    arguments.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    arguments.add_argument("--folder", type=Path, default=None)
    chosen = arguments.parse_args()
    print(f"seed {chosen.seed}")
    drawn = random.Random(chosen.seed)
    with queue(chosen.folder) as (opened, manager):
        in_peace(opened, chosen.changes)
        sightings = [
            each
            for number in range(chosen.deaths)
            for each in with_a_death(opened, number % len(KINDS), drawn.uniform(0.1, 2.0))
        ]
        if sightings:
            print(f"with {chosen.deaths} deaths: {told(sightings)}", flush=True)
        with server(SIZE, connection_bytes_per_s=SPEED) as url:
            for _ in range(chosen.hosts):
                with_a_new_host(opened, manager, url, drawn.uniform(0.0, 2.0))


if __name__ == "__main__":
    main()
