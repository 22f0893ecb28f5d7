"""One engine to a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from domonitor.backends.engine import EngineManager
from domonitor.jobs.error import FolderInUse
from tests.windows.conftest import ended, in_a_process, said

HOLD = """
import os, sys
from domonitor.backends.engine import EngineManager
manager = EngineManager(sys.argv[1])
print(os.getpid(), flush=True)
sys.stdin.readline()
manager.close()
"""


def test_a_second_engine_of_this_process_is_refused_by_the_process_number(tmp_path: Path) -> None:
    manager = EngineManager(tmp_path)
    try:
        with pytest.raises(FolderInUse) as refused:
            EngineManager(tmp_path)
        assert refused.value.process_id == os.getpid()
    finally:
        manager.close()
    EngineManager(tmp_path).close()


def test_a_second_engine_is_refused_by_the_number_of_the_other_process(tmp_path: Path) -> None:
    other = in_a_process(HOLD, tmp_path)
    number = int(said(other))
    with pytest.raises(FolderInUse, match=str(number)) as refused:
        EngineManager(tmp_path)
    assert refused.value.process_id == number
    other.communicate("\n", timeout=30)
    EngineManager(tmp_path).close()


def test_a_killed_process_lets_go_of_its_folder(tmp_path: Path) -> None:
    other = in_a_process(HOLD, tmp_path)
    said(other)
    ended(other)
    EngineManager(tmp_path).close()
