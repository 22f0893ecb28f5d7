"""The process ends at every single step in turn: nothing stray is left, nothing lost, nothing wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.backends.engine.crashing import SCENARIOS
from tests.server import Hold, Origin, Pattern, Resource

ROOT = Path(__file__).parents[3]


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_after_a_crash_at_any_step_every_accepted_job_ends_well(tmp_path: Path, origin: Origin, scenario: str) -> None:
    contents = [Pattern(300_000, seed=1), Pattern(40_000, seed=2), Pattern(0, seed=3)]
    headers = {"Content-Disposition": 'attachment; filename="replaced"'} if scenario == "named_by_the_server" else {}
    urls = [
        f"{origin.add(f'/{at}', Resource(content, headers=headers))}#{content.sha256()}"
        for at, content in enumerate(contents[:2])
    ]
    if scenario == "complete_by_themselves":
        urls.append(f"{origin.add('/2', Resource(contents[2]))}#{contents[2].sha256()}")
    else:
        urls.append(origin.add("/never", Resource(b"x", faults=[Hold()])))
    command = [sys.executable, "-m", "tests.backends.engine.crashing", str(tmp_path), scenario, *urls]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert int(run.stdout) > 20
