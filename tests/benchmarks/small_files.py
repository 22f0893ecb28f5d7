"""Many small files over loopback: the engine, every file durable, against curl -Z, which does not sync.

    python -m tests.benchmarks.small_files [--rounds 5] [--files 10000] [--bytes 4096] [--folder DIR]
        [--as-jobs] [--without-sync] [--http2]

As one job, or --as-jobs: each file a job of its own, by add_many. With --http2 both speak that, over https.

Both fetch the same files from the same server process in turn. Needs curl. The folder must lie on a real disk. What was
fetched is deleted at the very end: ext4 makes files slowly for a while after many were deleted.
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

from domonitor.backends.engine import EngineManager, disk
from domonitor.jobs.request import NewFile, NewJob
from tests.benchmarks.serving import Speaks, for_curl, server, wait_until


def by_curl(url: str, folder: Path, files: int) -> float:
    config = folder.with_suffix(".config")
    config.write_text("".join(f'url="{url}"\noutput="{folder / str(at)}"\n' for at in range(files)))
    started_s = time.perf_counter()
    command = [
        "curl",
        "-s",
        *for_curl(),
        "-Z",
        "--parallel-max",
        "16",
        "-K",
        str(config),
    ]  # HTTP/2 where the server has it
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started_s


def by_engine(manager: EngineManager, as_jobs: bool, url: str, folder: Path, files: int) -> float:
    started_s = time.perf_counter()
    new_files = tuple(NewFile(url, str(folder / str(at))) for at in range(files))
    manager.add_many([NewJob("one", (file,)) for file in new_files] if as_jobs else [NewJob("many", new_files)])
    wait_until(manager, lambda: not manager.enum_jobs())
    return time.perf_counter() - started_s


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--files", type=int, default=10_000)
    arguments.add_argument("--bytes", type=int, default=4_096)
    arguments.add_argument("--folder", type=Path, default=None)
    arguments.add_argument("--as-jobs", action="store_true")
    arguments.add_argument("--without-sync", action="store_true")
    arguments.add_argument("--http2", action="store_true")
    chosen = arguments.parse_args()
    if chosen.without_sync:
        disk.sync, disk.sync_folder = only_close, lambda folder: None
    measure(chosen)


def only_close(part: str, descriptor: int | None = None) -> None:
    """What disk.sync does but the syncing."""
    if descriptor is not None:
        os.close(descriptor)


def measure(chosen: argparse.Namespace) -> None:
    ratios = []
    files, size = chosen.files, chosen.bytes
    with tempfile.TemporaryDirectory(dir=chosen.folder) as place, ExitStack() as stack:
        manager = EngineManager(Path(place) / "store")
        stack.callback(manager.close)
        for number in range(chosen.rounds):
            seconds = {}
            for name in ("curl", "engine") if number % 2 else ("engine", "curl"):
                folder = Path(place) / f"{name}{number}"
                folder.mkdir()
                os.sync()
                with server(size, Speaks.HTTP_2 if chosen.http2 else Speaks.HTTP_1) as url:
                    fetch = by_curl if name == "curl" else partial(by_engine, manager, chosen.as_jobs)
                    seconds[name] = fetch(url, folder, files)
                assert [path.stat().st_size for path in folder.iterdir()] == [size] * files
            ratios.append(seconds["curl"] / seconds["engine"])
            print(
                f"round {number + 1}: curl {seconds['curl']:.2f} s, engine {seconds['engine']:.2f} s, "
                f"engine {ratios[-1]:.2f}x curl",
                flush=True,
            )
    print(f"median {statistics.median(ratios):.2f}x curl, from {min(ratios):.2f}x to {max(ratios):.2f}x")


if __name__ == "__main__":
    main()
