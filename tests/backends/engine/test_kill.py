"""kill -9 in the middle of transfers: after the last start every job ends well, and nothing stray is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backends.engine.killing import kill_again_and_again

KILLS = 30
SEED = 20_261_123


@pytest.mark.timeout(180)
def test_every_job_ends_well_after_every_kill(tmp_path: Path) -> None:
    """Each kill comes once the origin has sent a random number of bytes, several of them in one folder."""
    print(f"seed {SEED}")
    tally = kill_again_and_again(tmp_path, KILLS, SEED)
    print(tally)
    assert tally.problems == []
    assert tally.kills == KILLS
