"""Two hundred downloads at 20 KB a second each: what part of one core the engine's process needs for them.

    python -m tests.benchmarks.throttled [--rounds 9] [--transfers 200] [--speed 20000] [--seconds 10] [--https]
        [--together] [--folder DIR]

The server is a process of its own. Somebody looks at what changes ten times a second, as a window does. --together: one
limit for all in place of one for each. Prints the processor time as a percentage of one core, for an engine that has
nothing to do and for the downloads by turns, and how near the speed came to the limit. The folder should lie on a real
disk. At higher speeds the bytes themselves, read and written, take the greater part.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from domonitor.backends.engine import EngineManager, EngineSettings
from domonitor.backends.engine.readers import Reader
from domonitor.jobs.limit import Limits
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState
from tests.benchmarks.serving import Speaks, server, wait_until

LOOK_EVERY_S = 0.1
SETTLE_S = 8.0


@contextmanager
def looked_at(reader: Reader) -> Iterator[None]:
    """Takes what changed ten times a second."""
    is_over = threading.Event()

    def look() -> None:
        while not is_over.wait(LOOK_EVERY_S):
            while reader.take(500)[1]:
                pass

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def measure(chosen: argparse.Namespace, url: str, transfers: int) -> tuple[float, float]:
    """Processor time and bytes, each as a fraction: of one core, and of what the limit allows."""
    settings = EngineSettings(slots=chosen.transfers, connections_per_host=chosen.transfers)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder, ExitStack() as stack:
        manager = EngineManager(Path(folder) / "store", settings)
        stack.callback(manager.close)
        if chosen.together:
            manager.set_limits(Limits(chosen.transfers * chosen.speed))
        own = None if chosen.together else chosen.speed
        jobs = manager.add_many(
            [
                NewJob(f"{at}", (NewFile(url, str(Path(folder) / f"{at}")),), bytes_per_second=own)
                for at in range(transfers)
            ]
        )

        def done_bytes() -> int:
            return sum(job.get_progress().bytes_transferred for job in jobs)

        wait_until(manager, lambda: all(job.get_state() is JobState.TRANSFERRING for job in jobs))
        reader = manager.add_reader(lambda: None)
        stack.callback(manager.remove_reader, reader)
        stack.enter_context(looked_at(reader))
        time.sleep(SETTLE_S)
        before_bytes, began_s, used_s = done_bytes(), time.monotonic(), time.process_time()
        time.sleep(chosen.seconds)
        cpu_s, took_s = time.process_time() - used_s, time.monotonic() - began_s
        moved_bytes = done_bytes() - before_bytes
    return cpu_s / took_s, moved_bytes / took_s / chosen.transfers / chosen.speed


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--transfers", type=int, default=200)
    arguments.add_argument("--speed", type=int, default=20_000)
    arguments.add_argument("--seconds", type=float, default=10.0)
    arguments.add_argument("--https", action="store_true")
    arguments.add_argument("--together", action="store_true")
    arguments.add_argument("--folder", type=Path, default=None)
    chosen = arguments.parse_args()
    size = int(chosen.speed * (chosen.seconds + 60))
    shares, idle_shares = [], []
    with server(size, Speaks.HTTPS if chosen.https else Speaks.HTTP_1) as url:
        for number in range(chosen.rounds):
            idle_share, _ = measure(chosen, url, 0)
            share, speed = measure(chosen, url, chosen.transfers)
            idle_shares.append(100 * idle_share)
            shares.append(100 * share)
            print(
                f"round {number + 1}: {shares[-1]:.2f} % of a core at {100 * speed:.1f} % of the speed, "
                f"idle {idle_shares[-1]:.2f} %",
                flush=True,
            )
    for what, found in (("idle", idle_shares), (f"{chosen.transfers} downloads", shares)):
        print(f"{what}: median {statistics.median(found):.2f} % of a core, from {min(found):.2f} to {max(found):.2f} %")


if __name__ == "__main__":
    main()
