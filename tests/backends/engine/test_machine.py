"""Random commands, faults and restarts: the object model, the store, the disk and a plain model always agree."""

from __future__ import annotations

import pytest

from domonitor.backends.engine import segments
from domonitor.jobs.error import CallFailed
from domonitor.jobs.state import JobState
from tests.backends.engine.agreement import Counts
from tests.backends.engine.conftest import Engine
from tests.backends.engine.in_a_process import SMALL_PIECES, EngineHere
from tests.backends.engine.machine import EngineMachine
from tests.backends.engine.rounds import run_round
from tests.server import Origin

ROUNDS = 6
STEPS = 30


@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_whatever_happens_the_model_the_store_and_the_disk_agree(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "SMALLEST_BYTES", SMALL_PIECES)
    counts = Counts()
    run_round(lambda: EngineMachine(EngineHere, counts), STEPS, seed, shrinks=False)
    print(counts)
    assert counts.named, "no file ever arrived"


def test_somebody_elses_file_of_the_same_size_is_not_taken_for_ours(engine: Engine, origin: Origin) -> None:
    """The temporary file is lost, and a file of the same size has taken the name meanwhile."""
    job = engine.job((origin.add("/a", b"what was asked for"), "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    for path in engine.downloads.iterdir():
        path.unlink()
    (engine.downloads / "a").write_bytes(b"WHAT NOBODY WANTED")
    with pytest.raises(CallFailed):
        job.complete()
