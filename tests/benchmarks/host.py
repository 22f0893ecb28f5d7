"""The engine's host against an engine in this process: how fast both are, and what a host costs.

    python -m tests.benchmarks.host [--rounds 9] [--mebibytes 1024] [--starts 21] [--folder DIR]

First the start: milliseconds from the start of the process to its first answer, and its memory then. After that one
large file is fetched by turns through the host and by an engine in this process, each while a thread of this process
sleeps and while it works 60 % of the time, as a busy window does. As that work takes a part of the computer's
processors in any case, the host's downloads are also measured while a stranger does it: a process that has nothing to
do with them. Linux only; the folder should lie on a real disk.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from itertools import count
from pathlib import Path
from typing import NamedTuple, Protocol

from domonitor.backends.engine import EngineManager, RemoteManager
from domonitor.backends.engine.starting import HostUnavailable
from domonitor.jobs.event import EventKind
from domonitor.jobs.state import JobState
from tests.benchmarks.serving import server, wait_until

WORK_S, REST_S = 0.006, 0.004
"""What the busy thread does by turns."""

LOOK_EVERY_S = 0.001

SETTLE_S = 0.2
"""Until a stranger has started."""

_numbers = count()


class Memory(NamedTuple):
    """Of a process, in bytes. own: no file's; pss: with its share of what others have too; rss: with all of that."""

    own: int
    pss: int
    rss: int


def memory_of(process_id: int) -> Memory:
    told = dict(
        line.split(":", 1) for line in Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines() if ":" in line
    )
    return Memory(*(int(told[name].split()[0]) << 10 for name in ("Anonymous", "Pss", "Rss")))


@contextmanager
def host_at(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`domonitor engine` on the folder, ended by SIGTERM. It keeps its modules' bytecode, as an installation does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "domonitor", "engine", "--folder", str(folder)],
        env={name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def connected(folder: Path) -> RemoteManager:
    """A client of the host, as soon as there is one."""
    while True:
        try:
            return RemoteManager(folder, start=False)
        except HostUnavailable:
            time.sleep(LOOK_EVERY_S)


def start(folder: Path) -> tuple[float, float, Memory]:
    """Seconds from the start of the process to its first answer, those of them in which its main thread waited for a
    processor that others had, and its memory then."""
    began_s = time.perf_counter()
    with host_at(folder) as process, closing(connected(folder)) as manager:
        assert len(manager.enum_jobs()) == 0
        took_s = time.perf_counter() - began_s
        waited_s = int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[1]) / 1e9
        return took_s, waited_s, memory_of(process.pid)


class _IsOver(Protocol):
    def is_set(self) -> bool: ...


def work(is_over: _IsOver) -> None:
    """Works 60 % of the time, as long as nothing keeps it from that."""
    while not is_over.is_set():
        until_s = time.perf_counter() + WORK_S
        while time.perf_counter() < until_s:
            pass
        time.sleep(REST_S)


@contextmanager
def busy_thread() -> Iterator[None]:
    """Meanwhile a thread of this process works."""
    is_over = threading.Event()
    thread = threading.Thread(target=work, args=(is_over,))
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


@contextmanager
def busy_stranger() -> Iterator[None]:
    """Meanwhile a process of its own works as much."""
    context = multiprocessing.get_context("spawn")
    is_over = context.Event()
    process = context.Process(target=work, args=(is_over,))
    process.start()
    time.sleep(SETTLE_S)
    try:
        yield
    finally:
        is_over.set()
        process.join()


class Taken(NamedTuple):
    """How long a file took, in seconds. transfer: by the engine's own notes, from the queue until all bytes are safe;
    whole: as this process saw it, from the first call until the file had its name."""

    transfer: float
    whole: float


def fetch(manager: EngineManager | RemoteManager, url: str, size: int, folder: Path) -> Taken:
    target = folder / f"file-{next(_numbers)}"
    os.sync()
    began_s = time.perf_counter()
    job = manager.create_job(target.name)
    job.add_file(url, str(target))
    job.resume()
    wait_until(manager, lambda: job.get_state() is JobState.TRANSFERRED)
    job.complete()
    took_s = time.perf_counter() - began_s
    assert target.stat().st_size == size
    target.unlink()
    job_id = job.get_id()
    events = manager.service.timeline(str(job_id)) if isinstance(manager, RemoteManager) else manager.timeline(job_id)
    at = {event.state: event.at for event in events if event.kind is EventKind.STATE}
    return Taken((at[JobState.TRANSFERRED] - at[JobState.QUEUED]).total_seconds(), took_s)


def show_starts(folder: Path, starts: int) -> None:
    start(folder)  # the first one writes what the later ones find: the modules' bytecode, and the store
    measured = [start(folder) for _ in range(starts)]
    took_ms = [took_s * 1e3 for took_s, _, _ in measured]
    waited_ms = [waited_s * 1e3 for _, waited_s, _ in measured]
    _, pss, rss = (statistics.median(each) / 1e6 for each in zip(*(memory for _, _, memory in measured), strict=True))
    print(
        f"start: first answer after {statistics.median(took_ms):.0f} ms (median of {starts}, from "
        f"{min(took_ms):.0f} to {max(took_ms):.0f}; {statistics.median(waited_ms):.0f} ms of that it waited for a "
        f"processor), PSS {pss:.1f} MB, RSS {rss:.1f} MB",
        flush=True,
    )


def show_speeds(ways: dict[str, Callable[[], Taken]], rounds: int, size: int) -> None:
    """Each way once a round, in an order that turns from round to round."""
    taken: list[dict[str, Taken]] = []
    names = list(ways)
    for number in range(rounds):
        turned = names[number % len(names) :] + names[: number % len(names)]
        measured = {name: ways[name]() for name in turned}
        taken.append(measured)
        speeds = (f"{name} {size / measured[name].transfer / 1e6:.0f} MB/s" for name in names)
        print(f"round {number + 1}: {'; '.join(speeds)}", flush=True)

    for one, other in (
        ("host", "here"),
        ("host, busy window", "host, busy stranger"),
        ("host, busy window", "host"),
        ("here, busy window", "here"),
    ):
        ratios = [each[other].transfer / each[one].transfer for each in taken]
        seen = statistics.median(each[other].whole / each[one].whole for each in taken)
        print(
            f"{one}; against {other}: {statistics.median(ratios):.3f}x, from {min(ratios):.2f}x to {max(ratios):.2f}x; "
            f"as seen from here, with all calls, {seen:.3f}x"
        )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--mebibytes", type=int, default=1024)
    arguments.add_argument("--starts", type=int, default=21)
    arguments.add_argument("--folder", type=Path, default=None)
    chosen = arguments.parse_args()
    size = chosen.mebibytes << 20
    with tempfile.TemporaryDirectory(dir=chosen.folder) as name:
        folder = Path(name)
        show_starts(folder / "starts", chosen.starts)
        if not chosen.rounds:
            return
        with (
            server(size) as url,
            host_at(folder / "host") as process,
            closing(connected(folder / "host")) as there,
            closing(EngineManager(folder / "here")) as here,
        ):

            def way(manager: EngineManager | RemoteManager, meanwhile: AbstractContextManager[None]) -> Taken:
                with meanwhile:
                    return fetch(manager, url, size, folder)

            ways: dict[str, Callable[[], Taken]] = {
                "host": lambda: way(there, nullcontext()),
                "here": lambda: way(here, nullcontext()),
                "host, busy window": lambda: way(there, busy_thread()),
                "here, busy window": lambda: way(here, busy_thread()),
                "host, busy stranger": lambda: way(there, busy_stranger()),
            }
            show_speeds(ways, chosen.rounds, size)
            print(f"the host afterwards: PSS {memory_of(process.pid).pss / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
