"""kill -9 at random byte counts, again and again, and what became of the downloads.

    python -m tests.benchmarks.kills [--kills 500] [--seed N] [--folder DIR]

Each folder holds jobs of every sort and sees several kills in a row before it is finished. Prints the figures, and
ends with 1 unless no file is wrong, no job lost and nothing stray is left; the folders that went wrong stay.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.backends.engine.killing import kill_again_and_again


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--kills", type=int, default=500)
    arguments.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    arguments.add_argument("--folder", type=Path, default=None)
    chosen = arguments.parse_args()
    started_s = time.monotonic()
    print(f"seed {chosen.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(dir=chosen.folder, prefix="kills-"))
    tally = kill_again_and_again(folder, chosen.kills, chosen.seed)
    for problem in tally.problems:
        print(problem)
    if not tally.problems:
        folder.rmdir()
    print(f"{tally}, {time.monotonic() - started_s:.0f} s")
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())
