"""Policies in the registry, as group policies write them: HKEY_LOCAL_MACHINE\\Software\\Policies\\domonitor."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from domonitor import services
from domonitor.policies import KEY, POLICIES, applied, in_force, look
from domonitor.settings import Settings
from tests.windows.conftest import program

assert sys.platform == "win32"

import winreg  # noqa: E402

Write = Callable[[str, int, Any], None]
VIEW = winreg.KEY_WOW64_64KEY


@pytest.fixture
def lay_down() -> Iterator[Write]:
    """Writes a policy's value; all are gone at the end."""

    def write(name: str, kind: int, value: Any) -> None:
        with winreg.CreateKeyEx(winreg.HKEY_LOCAL_MACHINE, KEY, 0, winreg.KEY_WRITE | VIEW) as key:
            winreg.SetValueEx(key, name, 0, kind, value)
        in_force.cache_clear()

    _remove(winreg.HKEY_LOCAL_MACHINE)
    yield write
    _remove(winreg.HKEY_LOCAL_MACHINE)
    in_force.cache_clear()


def _remove(root: int) -> None:
    with suppress(FileNotFoundError):
        winreg.DeleteKeyEx(root, KEY, VIEW, 0)


def test_without_the_key_nothing_is_laid_down(lay_down: Write) -> None:
    assert look().names == look().problems == ()
    assert look().where == rf"HKEY_LOCAL_MACHINE\{KEY}"


@pytest.mark.parametrize(
    ("name", "kind", "written", "setting", "value"),
    [
        ("DownloadFolder", winreg.REG_SZ, r"C:\laid down", "download_folder", r"C:\laid down"),
        (
            "DownloadFolder",
            winreg.REG_EXPAND_SZ,
            r"%SystemRoot%\x",
            "download_folder",
            rf"{os.environ['SYSTEMROOT']}\x",
        ),
        ("Autostart", winreg.REG_DWORD, 1, "autostart", True),
        ("Tray", winreg.REG_DWORD, 1, "tray", True),
        ("Proxy", winreg.REG_SZ, "http://proxy.example:3128", "proxy", "http://proxy.example:3128"),
        ("HoldsOffSleep", winreg.REG_DWORD, 0, "holds_off_sleep", False),
        ("AutoComplete", winreg.REG_DWORD, 0, "auto_complete", False),
        ("autocomplete", winreg.REG_DWORD, 0, "auto_complete", False),
        ("SpeedLimit", winreg.REG_DWORD, 4_000_000_000, "speed_limit", 4_000_000_000),
    ],
)
def test_each_policy_sets_and_locks_its_setting(
    lay_down: Write, name: str, kind: int, written: Any, setting: str, value: Any
) -> None:
    lay_down(name, kind, written)
    settings, locked = applied(Settings())
    assert (getattr(settings, setting), locked) == (value, {setting})
    assert look().problems == ()


def test_services_and_commands(lay_down: Write) -> None:
    lay_down("Services", winreg.REG_MULTI_SZ, ["engine", "do"])
    lay_down("CommandsOnOtherProgramsJobs", winreg.REG_DWORD, 0)
    assert look().services == {"engine", "do"}
    assert not look().may_command_others
    assert "bits" not in [backend.name for backend in services.open_backends()]
    lay_down("Services", winreg.REG_MULTI_SZ, ["bits"])
    assert [backend.name for backend in services.open_backends()][:2] == ["engine", "bits"]


@pytest.mark.expected_log("is ignored")
@pytest.mark.parametrize(
    ("name", "kind", "written"),
    [
        ("Autostart", winreg.REG_SZ, "1"),
        ("Autostart", winreg.REG_DWORD, 2),
        ("DownloadFolder", winreg.REG_SZ, "%SystemRoot%"),
        ("DownloadFolder", winreg.REG_SZ, r"some\where"),
        ("DownloadFolder", winreg.REG_DWORD, 1),
        ("Proxy", winreg.REG_SZ, "http://otto:secret@proxy.example:3128"),
        ("SpeedLimit", winreg.REG_DWORD, 5),
        ("SpeedLimit", winreg.REG_QWORD, 5_000_000),
        ("Services", winreg.REG_SZ, "engine"),
        ("Services", winreg.REG_MULTI_SZ, ["torrents"]),
        ("Tray", winreg.REG_BINARY, b"\x01"),
    ],
)
def test_a_value_that_can_not_be_used_is_ignored_and_told(lay_down: Write, name: str, kind: int, written: Any) -> None:
    lay_down(name, kind, written)
    lay_down("HoldsOffSleep", winreg.REG_DWORD, 0)
    assert applied(Settings()) == (Settings(holds_off_sleep=False), {"holds_off_sleep"})
    assert in_force().problems[0].startswith(f"{name} can't be")
    assert "secret" not in in_force().problems[0]
    assert "REG_" in in_force().remedies[0]


def test_a_user_s_own_key_is_never_read(lay_down: Write) -> None:
    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, KEY, 0, winreg.KEY_WRITE | VIEW) as key:
        winreg.SetValueEx(key, "Tray", 0, winreg.REG_DWORD, 1)
    try:
        assert look().names == ()
    finally:
        _remove(winreg.HKEY_CURRENT_USER)


def test_the_types_are_those_of_the_registry() -> None:
    types = {number for policy in POLICIES for number in policy.kind.registry_types}
    assert types == {winreg.REG_SZ, winreg.REG_EXPAND_SZ, winreg.REG_DWORD, winreg.REG_MULTI_SZ}


def test_the_doctor_of_another_process_tells_of_them(lay_down: Write) -> None:
    lay_down("Tray", winreg.REG_DWORD, 1)
    lay_down("Trey", winreg.REG_DWORD, 1)
    told = " ".join(program("doctor", "--json").stdout.split())
    assert "In force, from HKEY_LOCAL_MACHINE" in told
    assert "domonitor: Tray." in told
    assert 'There is no policy \\"Trey\\"' in told
