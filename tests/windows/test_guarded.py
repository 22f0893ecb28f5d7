"""Whether users can change a folder, asked of Windows."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from domonitor import elevation, program
from domonitor.backends.com import guarded
from domonitor.backends.com.guarded import CHANGES, MOVES, are_guarded, rights_in, rights_of
from tests.windows.conftest import IS_WINE

USERS, SYSTEM, ADMINISTRATORS = "S-1-5-32-545", "S-1-5-18", "S-1-5-32-544"

PROGRAM_FILES = (
    "O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
    "D:PAI(A;;FA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)"
    "(A;CIIO;GA;;;S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464)"
    "(A;;0x1301bf;;;SY)(A;OICIIO;GA;;;SY)(A;;0x1301bf;;;BA)(A;OICIIO;GA;;;BA)"
    "(A;;0x1200a9;;;BU)(A;OICIIO;GXGR;;;BU)(A;OICIIO;GA;;;CO)"
)
HOME = "O:S-1-5-21-1-2-3-1001D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;S-1-5-21-1-2-3-1001)"


def test_rights_are_read_entry_by_entry() -> None:
    found = rights_in("O:BAD:(D;;FA;;;BG)(A;OICIIO;GA;;;SY)(A;;0x1200a9;;;BU)")
    assert found is not None
    assert found.owner == ADMINISTRATORS
    assert [(each.kind, each.flags & 0x08, each.sid) for each in found.entries or ()] == [
        (1, 0, ""),
        (0, 8, SYSTEM),
        (0, 0, USERS),
    ]
    assert [each.mask for each in found.entries or ()] == [0x1F01FF, 0x10000000, 0x1200A9]


@pytest.mark.parametrize(
    ("rights", "is_guarded"),
    [
        (PROGRAM_FILES, True),
        (HOME, False),
        ("O:BAD:(A;;FA;;;BA)(A;;0x1301bf;;;BU)", False),
        ("O:BAD:(A;;FA;;;BA)(A;;DC;;;AU)", False),
        ("O:BAD:(A;;FA;;;BA)(A;OICIIO;0x1301bf;;;AU)", False),
        ("O:BAD:(A;;FA;;;BA)(A;;WD;;;WD)", False),
        ("O:BUD:(A;;FA;;;BA)", False),
        ("D:(A;;FA;;;BA)", False),
        ("O:BA", False),
    ],
)
def test_rights_are_judged_as_windows_writes_them(rights: str, is_guarded: bool) -> None:
    found = rights_in(rights)
    assert found is not None
    assert found.are_guarded(CHANGES) is is_guarded


def test_the_way_to_a_folder_may_be_added_to_by_users() -> None:
    drive = rights_in(
        "O:BAD:(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;;LC;;;AU)(A;OICIIO;SDGXGWGR;;;AU)(A;OICI;0x1200a9;;;BU)"
    )
    assert drive is not None
    assert drive.are_guarded(MOVES, for_children=False)
    assert not drive.are_guarded(CHANGES)


def test_a_folder_of_the_user_is_not_guarded_and_nothing_below_it_is(tmp_path: Path) -> None:
    file = tmp_path / "domonitor.exe"
    file.write_bytes(b"")
    found = rights_of(tmp_path)
    assert found is not None
    assert found.entries
    assert not are_guarded([tmp_path])
    assert not are_guarded([file])


@pytest.mark.skipif(IS_WINE, reason="Wine keeps no owner of a file but the one that the host's file system has")
def test_a_folder_that_administrators_alone_may_change_is_guarded_until_users_may() -> None:
    system = Path(os.environ["SYSTEMROOT"]) / "System32"
    assert are_guarded([system / "kernel32.dll"])
    folder = Path(os.environ["PROGRAMFILES"]) / "domonitor-test"
    try:
        folder.mkdir()
    except PermissionError:
        pytest.skip("this needs an administrator")
    try:
        subprocess.run(["icacls", str(folder), "/setowner", "*S-1-5-32-544"], check=True, capture_output=True)
        assert are_guarded([folder])
        subprocess.run(["icacls", str(folder), "/grant", "*S-1-5-32-545:(W)"], check=True, capture_output=True)
        assert not are_guarded([folder])
    finally:
        folder.rmdir()


def test_what_can_t_be_told_is_not_guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rights_of(tmp_path / "missing") is None
    assert not are_guarded([tmp_path / "missing"])
    monkeypatch.setattr(guarded, "rights_of", lambda _: rights_in(PROGRAM_FILES))
    assert are_guarded([tmp_path])
    monkeypatch.setattr(guarded, "_is_on_fixed_disk", lambda _: False)
    assert not are_guarded([tmp_path])


def test_a_way_there_that_users_can_move_away_spoils_all_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "programs" / "domonitor"
    inner.mkdir(parents=True)
    loose = Path(os.path.realpath(tmp_path))
    described = {loose: "O:BAD:(A;;FA;;;BA)(A;;0x1301bf;;;BU)"}
    monkeypatch.setattr(guarded, "rights_of", lambda path: rights_in(described.get(path, PROGRAM_FILES)))
    assert not are_guarded([inner])
    described[loose] = "O:BAD:(A;;FA;;;BA)(A;;LC;;;BU)"
    assert are_guarded([inner])


def test_a_second_window_is_not_offered_from_a_folder_of_the_user() -> None:
    if any(are_guarded([place]) for place in program.places()):
        pytest.skip("this Python lies where only administrators write")
    assert not elevation.is_offered()


def test_the_program_is_started_apart_from_what_the_user_has_set_for_python() -> None:
    executable, *arguments = program.command(elevation.MONITOR_ONLY, is_isolated=True)
    assert Path(executable).name.lower() in ("python.exe", "pythonw.exe")
    assert arguments == ["-I", "-m", "domonitor", "--monitor-only"]
    folders = program.places()
    assert Path(executable).parent in folders
    assert Path(program.__file__).parent in folders
