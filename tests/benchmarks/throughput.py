"""One large file over loopback to the disk: the engine, durable at the end, against a program that does not sync.

    python -m tests.benchmarks.throughput [--rounds 9] [--mebibytes 1024] [--folder DIR] [--https] [--segments 4]
        [--connection-mebibytes-per-second 0]

Both fetch the same file from the same server process in turn. The other one is curl, or with --segments aria2c with as
many connections (-x, -s). The server may be told to send no faster to each connection; nginx counts anew for each
request, and lets a second's worth pass at once. The folder must lie on a real disk.
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
from tests.benchmarks.serving import Speaks, for_curl, server, wait_until


def by_curl(url: str, target: Path) -> float:
    started_s = time.perf_counter()
    subprocess.run(["curl", "-s", *for_curl(), "-o", str(target), url], check=True)
    return time.perf_counter() - started_s


def by_aria2c(segments: int, url: str, target: Path) -> float:
    command = ["aria2c", "-q", f"-x{segments}", f"-s{segments}", "-d", str(target.parent), "-o", target.name, url]
    started_s = time.perf_counter()
    subprocess.run([*command, f"--ca-certificate={os.environ.get('SSL_CERT_FILE', '')}"], check=True)
    return time.perf_counter() - started_s


def by_engine(manager: EngineManager, segments: int, url: str, target: Path) -> float:
    started_s = time.perf_counter()
    job = manager.create_job(target.name)
    job.add_file(url, str(target))
    job.set_limits(segments=segments)
    job.resume()
    wait_until(manager, lambda: job.get_state() is JobState.TRANSFERRED)
    job.complete()
    return time.perf_counter() - started_s


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--mebibytes", type=int, default=1024)
    arguments.add_argument("--folder", type=Path, default=None)
    arguments.add_argument("--https", action="store_true")
    arguments.add_argument("--segments", type=int, default=1)
    arguments.add_argument("--connection-mebibytes-per-second", type=int, default=0, dest="limit")
    chosen = arguments.parse_args()
    speaks = Speaks.HTTPS if chosen.https else Speaks.HTTP_1
    with server(chosen.mebibytes << 20, speaks, connection_bytes_per_s=chosen.limit << 20) as url:
        measure(url, chosen)


def measure(url: str, chosen: argparse.Namespace) -> None:
    ratios = []
    other = "curl" if chosen.segments == 1 else "aria2c"
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder, ExitStack() as stack:
        manager = EngineManager(Path(folder) / "store")
        stack.callback(manager.close)
        runs = {
            "curl": partial(by_curl, url),
            "aria2c": partial(by_aria2c, chosen.segments, url),
            "engine": partial(by_engine, manager, chosen.segments, url),
        }
        for number in range(chosen.rounds):
            seconds = {}
            for name in (other, "engine") if number % 2 else ("engine", other):
                target = Path(folder) / name
                os.sync()
                seconds[name] = runs[name](target)
                assert target.stat().st_size == chosen.mebibytes << 20
                target.unlink()
            ratios.append(seconds[other] / seconds["engine"])
            print(
                f"round {number + 1}: {other} {seconds[other]:.2f} s, engine {seconds['engine']:.2f} s, "
                f"engine {ratios[-1]:.2f}x {other}",
                flush=True,
            )
    print(f"median {statistics.median(ratios):.2f}x {other}, from {min(ratios):.2f}x to {max(ratios):.2f}x")


if __name__ == "__main__":
    main()
