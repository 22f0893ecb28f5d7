"""The entry in the user's registry by which the program starts at log-in."""

from __future__ import annotations

import sys
import winreg
from collections.abc import Iterator

import pytest

from domonitor import autostart


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    autostart.off()
    yield
    autostart.off()


def value() -> tuple[str, int]:
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, autostart.RUN_KEY) as key:
        return winreg.QueryValueEx(key, "domonitor")


def test_on_writes_the_quoted_program_and_off_takes_it_away() -> None:
    assert not autostart.is_on()
    autostart.apply(True)
    assert autostart.is_on()
    command, kind = value()
    assert kind == winreg.REG_SZ
    assert command.startswith('"')
    assert command[1:].partition('"')[0].lower().endswith((".exe",))
    assert command.endswith('" -m domonitor --hidden')
    autostart.apply(True)
    assert value() == (command, kind)
    autostart.apply(False)
    autostart.apply(False)
    assert not autostart.is_on()
    with pytest.raises(FileNotFoundError):
        value()


def test_an_entry_of_an_older_place_is_brought_up_to_date() -> None:
    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, autostart.RUN_KEY, access=winreg.KEY_SET_VALUE) as key:
        winreg.SetValueEx(key, "domonitor", 0, winreg.REG_SZ, r'"C:\old\domonitor.exe" --hidden')
    assert autostart.is_on()
    autostart.apply(True)
    assert value()[0] == autostart.command_line()


def test_other_programs_entries_stay() -> None:
    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, autostart.RUN_KEY, access=winreg.KEY_ALL_ACCESS) as key:
        winreg.SetValueEx(key, "another program", 0, winreg.REG_SZ, "another.exe")
        autostart.apply(True)
        autostart.apply(False)
        assert winreg.QueryValueEx(key, "another program")[0] == "another.exe"
        winreg.DeleteValue(key, "another program")


def test_a_program_of_one_file_is_started_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", r"C:\Program Files\domonitor\domonitor.exe")
    assert autostart.command_line() == r'"C:\Program Files\domonitor\domonitor.exe" --hidden'
