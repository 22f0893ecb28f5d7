"""kill -9 in the middle of transfers: after the restart every file ends whole, and nothing stray is left."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import Cut, Origin, Pattern, Resource

ROOT = Path(__file__).parents[3]
KILLS = 30
SEED = 20_261_123


def start(folder: Path, urls: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.backends.engine.killed", str(folder), *urls], cwd=ROOT)


@pytest.mark.timeout(180)
def test_files_end_identical_after_every_kill(tmp_path: Path) -> None:
    """Each round downloads three files and is killed once the origin has sent a random number of bytes."""
    choose = random.Random(SEED)
    print(f"seed {SEED}")
    with Origin() as origin:
        for kill in range(KILLS):
            folder = tmp_path / str(kill)
            (folder / "downloads").mkdir(parents=True)
            contents = [Pattern(choose.randrange(1, 4_000_000), seed=100 * kill + at) for at in range(3)]
            urls = [
                origin.add(
                    f"/{kill}/{at}",
                    Resource(content, throttle_bytes_per_s=20_000_000, faults=[Cut(after_bytes=900_000, times=1)]),
                )
                for at, content in enumerate(contents)
            ]
            process = start(folder, urls)
            victim = choose.randrange(3)
            after_bytes = choose.randrange(contents[victim].size + 1)
            origin.wait_for(f"/{kill}/{victim}", bytes_sent=min(after_bytes, 899_999))
            process.kill()
            process.wait()
            assert start(folder, []).wait(timeout=30) == 0
            names = sorted(path.name for path in (folder / "downloads").iterdir())
            assert names == ["0.bin", "1.bin", "2.bin"], f"kill {kill} after {after_bytes} bytes left {names}"
            for at, content in enumerate(contents):
                found = hashlib.sha256((folder / "downloads" / f"{at}.bin").read_bytes()).hexdigest()
                assert found == content.sha256(), f"kill {kill} after {after_bytes} bytes spoiled {at}.bin"
