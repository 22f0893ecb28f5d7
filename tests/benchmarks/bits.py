"""What a look at many jobs of BITS costs, and whether the window's thread stands still meanwhile.

    python -m tests.benchmarks.bits [--jobs 60 300] [--looks 40]

On Windows, or on a Python for Windows under Wine. Makes that many jobs that wait, and takes them away at the end.
Prints for each number: the first polls, which read all of every job; the polls after it, as they usually are and when
all jobs are read anew; and how late a thread was meanwhile that wants to run each millisecond, as the window's thread
does. BITS itself allows 60 jobs to a user who is no administrator, 300 to a computer.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from domonitor.backends.bits.backend import BitsBackend
from domonitor.backends.thread import BackendThread
from domonitor.jobs.request import CommandRequest, NewFile, NewJob
from domonitor.jobs.state import Command

T = TypeVar("T")

TICK_S = 0.001
NOWHERE = "http://127.0.0.1:1/a"


class Ticks:
    """A thread that wants to run each millisecond; late_s: how late it was each time."""

    def __init__(self) -> None:
        self.late_s: list[float] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticks")
        self._thread.start()

    def _run(self) -> None:
        while not self._end.is_set():
            began_s = time.perf_counter()
            time.sleep(TICK_S)
            self.late_s.append(time.perf_counter() - began_s - TICK_S)

    def end(self) -> list[float]:
        self._end.set()
        self._thread.join()
        return sorted(self.late_s)


def timed(call: Callable[[], T]) -> tuple[float, T]:
    began_s = time.perf_counter()
    answer = call()
    return time.perf_counter() - began_s, answer


def at(share: float, values: list[float]) -> str:
    return f"{values[int(share * (len(values) - 1))] * 1_000:.1f} ms"


def measure(count: int, looks: int, folder: Path) -> None:
    thread = BackendThread("bits")
    maker, backend = BitsBackend(folder / "maker.json"), BitsBackend(folder / "looker.json")
    maker.open(lambda: None)
    thread.submit(lambda: backend.open(lambda: None)).result()
    files = [(NewFile(NOWHERE, str(folder / f"{number}.bin")),) for number in range(count)]
    try:
        made_s, outcomes = timed(lambda: maker.add([NewJob("a job", each, is_suspended=True) for each in files]))
        refused = {outcome.message for outcome in outcomes if outcome.is_refused}
        if refused:
            sys.exit(f"BITS does not take so many jobs: {refused}")
        quiet = Ticks()
        time.sleep(1.0)
        quiet_s = quiet.end()
        ticks = Ticks()
        shown, first_s = {}, 0.0
        while len(shown) < count:  # a poll shows what it has read within half a second
            poll_s, change = timed(lambda: thread.submit(backend.poll).result())
            shown |= {job.key: job for job in change.upserts}
            first_s += poll_s
        later_s = sorted(timed(lambda: thread.submit(backend.poll).result())[0] for _ in range(looks))
        late_s = ticks.end()
        print(f"{count} jobs, made in {made_s:.2f} s")
        print(f"  until all are shown {first_s * 1_000:.0f} ms, {first_s / count * 1e6:.0f} us a job")
        usual_s = statistics.median(later_s)
        print(
            f"  later polls {usual_s * 1_000:.1f} ms, {usual_s / count * 1e6:.0f} us a job; longest {at(1.0, later_s)}"
        )
        print(f"  another thread, late by: p99 {at(0.99, late_s)}, at most {at(1.0, late_s)}")
        print(f"  the same without polls:  p99 {at(0.99, quiet_s)}, at most {at(1.0, quiet_s)}", flush=True)
    finally:
        ids = tuple(outcome.job_id for outcome in outcomes if outcome.job_id is not None)
        maker.execute(CommandRequest(Command.CANCEL, ids))
        thread.close(backend.close).result()
        maker.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="What looking at BITS costs.")
    parser.add_argument("--jobs", type=int, nargs="+", default=[60, 300])
    parser.add_argument("--looks", type=int, default=40)
    arguments = parser.parse_args()
    for count in arguments.jobs:
        with tempfile.TemporaryDirectory() as folder:
            measure(count, arguments.looks, Path(folder))


if __name__ == "__main__":
    main()
