"""Whatever a server answers: no wrong file is called good, each job ends as documented, and nobody else is harmed.

`python -m tests.benchmarks.hostile` does the same with as many answers as wanted.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backends.engine.hostility import meet_many


@pytest.mark.timeout(180)
def test_whatever_is_answered_only_the_file_is_taken_for_the_file(tmp_path: Path) -> None:
    ends = meet_many(tmp_path, 100)
    assert ends["TRANSFERRED"] >= 10
    assert len(ends) >= 8, f"the answers were too much alike: {ends}"
