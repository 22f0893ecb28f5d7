"""The entry by which the program starts at log-in, where that is a file; tests/windows has the registry."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import sys
from pathlib import Path

import pytest

from domonitor import autostart, program

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there it is an entry of the registry")


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


def entry(path: Path) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(path.read_text(encoding="utf-8"))
    return parser["Desktop Entry"]


def test_on_writes_an_entry_that_starts_the_program_hidden_and_off_takes_it_away(config: Path) -> None:
    path = config / "autostart" / "domonitor.desktop"
    assert not autostart.is_on()
    autostart.apply(True)
    assert autostart.is_on()
    written = entry(path)
    assert (written["Type"], written["Name"], written["Terminal"]) == ("Application", "domonitor", "false")
    assert shlex.split(written["Exec"]) == [sys.executable, "-m", "domonitor", "--hidden"]
    autostart.apply(False)
    assert not autostart.is_on()
    assert not path.exists()
    autostart.apply(False)


def test_an_entry_that_is_right_is_left_alone_and_a_wrong_one_is_replaced(config: Path) -> None:
    autostart.on()
    path = autostart.desktop_file()
    before = path.stat()
    autostart.on()
    assert path.stat().st_ino == before.st_ino
    path.write_text("[Desktop Entry]\nExec=elsewhere\n")
    autostart.on()
    assert "elsewhere" not in path.read_text()
    assert [each.name for each in path.parent.iterdir()] == ["domonitor.desktop"]


@pytest.mark.parametrize("line", ["Hidden=true", "X-GNOME-Autostart-enabled=false"])
def test_one_that_the_desktop_has_switched_off_is_off(line: str) -> None:
    autostart.on()
    with autostart.desktop_file().open("a") as file:
        file.write(f"{line}\n")
    assert not autostart.is_on()


@pytest.mark.parametrize("name", ["with a space", 'a"quote', "a$dollar", "a`tick", "a\\slash", "100%"])
def test_any_path_is_quoted_as_desktops_read_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", f"/opt/{name}/python")
    autostart.on()
    line = entry(autostart.desktop_file())["Exec"].replace("\\\\", "\\").replace("%%", "%")  # as any value of the file
    quoted = re.match(r'"((?:[^"\\]|\\.)*)" ', line)
    assert quoted is not None
    assert re.sub(r"\\(.)", r"\1", quoted[1]) == f"/opt/{name}/python"


def test_a_program_of_one_file_is_started_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert program.command(autostart.HIDDEN) == [sys.executable, "--hidden"]


@pytest.mark.parametrize("folder", ["", "relative/folder"])
def test_without_a_folder_of_its_own_it_lies_in_the_user_s(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert autostart.desktop_file() == tmp_path / ".config" / "autostart" / "domonitor.desktop"


def test_what_can_t_be_written_is_an_error_that_says_why(config: Path) -> None:
    config.parent.mkdir(exist_ok=True)
    config.write_text("a file")
    with pytest.raises(OSError, match=str(config)):
        autostart.on()
