"""One large file over loopback to the disk: the engine, durable at the end, against curl, which does not sync.

    python -m tests.benchmarks.throughput [--rounds 9] [--mebibytes 1024] [--folder DIR]

Both fetch the same file from the same server process in turn. Needs curl. The folder must lie on a real disk.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from domonitor.backends.engine import EngineManager
from domonitor.jobs.state import JobState
from tests.benchmarks.serving import server, wait_until


def by_curl(url: str, target: Path) -> float:
    started_s = time.perf_counter()
    subprocess.run(["curl", "-s", "-o", str(target), url], check=True)
    return time.perf_counter() - started_s


def by_engine(manager: EngineManager, url: str, target: Path) -> float:
    started_s = time.perf_counter()
    job = manager.create_job(target.name)
    job.add_file(url, str(target))
    job.resume()
    wait_until(manager, lambda: job.get_state() is JobState.TRANSFERRED)
    job.complete()
    return time.perf_counter() - started_s


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--mebibytes", type=int, default=1024)
    arguments.add_argument("--folder", type=Path, default=None)
    chosen = arguments.parse_args()
    size = chosen.mebibytes << 20
    with server(size) as url:
        measure(url, size, chosen.rounds, chosen.folder)


def measure(url: str, size: int, rounds: int, parent: Path | None) -> None:
    ratios = []
    with tempfile.TemporaryDirectory(dir=parent) as folder, ExitStack() as stack:
        manager = EngineManager(Path(folder) / "store")
        stack.callback(manager.close)
        runs = {"curl": partial(by_curl, url), "engine": partial(by_engine, manager, url)}
        for number in range(rounds):
            seconds = {}
            for name in ("curl", "engine") if number % 2 else ("engine", "curl"):
                target = Path(folder) / name
                os.sync()
                seconds[name] = runs[name](target)
                assert target.stat().st_size == size
                target.unlink()
            ratios.append(seconds["curl"] / seconds["engine"])
            print(
                f"round {number + 1}: curl {seconds['curl']:.2f} s, engine {seconds['engine']:.2f} s, "
                f"engine {ratios[-1]:.2f}x curl",
                flush=True,
            )
    print(f"median {statistics.median(ratios):.2f}x curl, from {min(ratios):.2f}x to {max(ratios):.2f}x")


if __name__ == "__main__":
    main()
