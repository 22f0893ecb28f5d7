"""A server that answers with anything whatever, against the engine.

    python -m tests.benchmarks.hostile [--responses 1000] [--seed N]

Prints how the downloads ended, and ends with 1 where a wrong file was called good, a job ended in no documented way,
or anything was left or broken: then with the shortest list of answers that brings it about.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.backends.engine.hostility import meet_many


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--responses", type=int, default=1_000)
    arguments.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    chosen = arguments.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    started_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        ends = meet_many(Path(folder), chosen.responses, chosen.seed)
    for end, times in ends.most_common():
        print(f"{times:6,}  {end}")
    print(f"{ends.total():,} downloads of {chosen.responses:,} lists of answers, {time.monotonic() - started_s:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
