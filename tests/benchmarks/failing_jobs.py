"""Ten good downloads alone, and beside a thousand that fail over and over: what that costs them.

    python -m tests.benchmarks.failing_jobs [--rounds 5] [--mebibytes 64] [--failing 1000] [--folder DIR]

Each fails about once a second. Half of them meet a server that is not there, half one that is busy (503). Prints for
each round the good ones' speed with them as a part of that without, and how memory grows from round to round.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from domonitor.backends.engine import EngineManager, EngineSettings
from domonitor.backends.engine.job import EngineJob
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState
from tests.benchmarks.idle_jobs import pss_bytes
from tests.benchmarks.serving import busy_server, server, wait_until
from tests.server import refused_url

GOOD = 10
_FAILING = (JobState.TRANSIENT_ERROR, JobState.ERROR)


def fetch(manager: EngineManager, url: str, folder: Path) -> float:
    """Seconds until all good ones are there and durable."""
    began_s = time.perf_counter()
    new_jobs = [NewJob(f"good {at}", (NewFile(url, str(folder / f"good {at}")),)) for at in range(GOOD)]
    good = [job for job in manager.add_many(new_jobs) if isinstance(job, EngineJob)]
    assert len(good) == GOOD
    wait_until(manager, lambda: all(job.get_state() is JobState.ACKNOWLEDGED for job in good))
    took_s = time.perf_counter() - began_s
    for path in folder.iterdir():
        if path.name.startswith("good"):
            path.unlink()
    return took_s


def measure(url: str, bad_urls: list[str], chosen: argparse.Namespace, place: Path) -> None:
    settings = replace(EngineSettings(), slots=GOOD + 2, retry_delay_s=1.0, retry_delay_max_s=1.0)
    ratios = []
    with_them, without = EngineManager(place / "with", settings), EngineManager(place / "without", settings)
    folder = place / "downloads"
    folder.mkdir()
    try:
        new_jobs = [
            NewJob(f"bad {at}", (NewFile(bad_urls[at % len(bad_urls)], str(folder / f"bad {at}")),))
            for at in range(chosen.failing)
        ]
        bad = [job for job in with_them.add_many(new_jobs) if isinstance(job, EngineJob)]
        assert len(bad) == chosen.failing
        wait_until(with_them, lambda: all(job.get_state() in _FAILING for job in bad))
        before = pss_bytes()
        for number in range(chosen.rounds):
            seconds = {}
            for manager in (with_them, without) if number % 2 else (without, with_them):
                seconds[manager] = fetch(manager, url, folder)
            alone_s, beside_s = seconds[without], seconds[with_them]
            ratios.append(alone_s / beside_s)
            print(
                f"round {number + 1}: alone {alone_s:.2f} s, beside {beside_s:.2f} s, {ratios[-1]:.2f}x; "
                f"{(pss_bytes() - before) / 1e6:+.1f} MB since the first round, "
                f"{sum(job.get_error_count() for job in bad):,} failures",
                flush=True,
            )
    finally:
        with_them.close()
        without.close()
    print(f"median {statistics.median(ratios):.2f}x, from {min(ratios):.2f}x to {max(ratios):.2f}x")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--mebibytes", type=int, default=64)
    arguments.add_argument("--failing", type=int, default=1_000)
    arguments.add_argument("--folder", type=Path, default=None)
    chosen = arguments.parse_args()
    with (
        tempfile.TemporaryDirectory(dir=chosen.folder) as place,
        server(chosen.mebibytes << 20) as url,
        busy_server() as busy,
        refused_url() as refused,
    ):
        measure(url, [refused, busy], chosen, Path(place))


if __name__ == "__main__":
    main()
