"""The start of a program as administrator. Real Windows would ask somebody: only under Wine nobody has to answer."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest

from domonitor.backends.com import shell
from tests.windows.bits import until
from tests.windows.conftest import IS_WINE

pytestmark = pytest.mark.skipif(not IS_WINE, reason="Windows would ask whoever sits there")

TELL = """
import json, os, sys
from pathlib import Path
path = Path(sys.argv[1])
path.with_suffix(".new").write_text(json.dumps([sys.argv[2:], os.getcwd()]))
path.with_suffix(".new").replace(path)
"""


def test_a_program_is_started_with_its_arguments_in_its_folder_from_any_thread(tmp_path: Path) -> None:
    script, said = tmp_path / "a script.py", tmp_path / "said"
    script.write_text(TELL)
    given = ["--monitor-only", "with space", 'with "quotes"', ""]
    codes: list[int] = []

    def start() -> None:
        arguments = ["-I", str(script), str(said), *given]
        codes.append(shell.start_as_administrator(sys.executable, arguments, str(tmp_path), 0))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join(30)
    assert codes == [0]
    until(said.exists)
    arguments, folder = json.loads(said.read_text())
    assert arguments == given
    assert Path(folder) == tmp_path


def test_a_program_that_is_not_there_is_an_error_with_its_number(tmp_path: Path) -> None:
    assert shell.start_as_administrator(str(tmp_path / "missing.exe"), [], str(tmp_path), 0) == 2
