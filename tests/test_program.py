"""How the program is started once more: as it was, but without a console, and apart from the user's own Python."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from domonitor import program


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the program for the command line, which is running."""
    (tmp_path / "domonitor.exe").touch()
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "domonitor.exe"))
    return tmp_path


def test_a_program_of_one_folder_starts_the_one_without_a_console_where_it_is_there(bundle: Path) -> None:
    assert program.command("--hidden") == [str(bundle / "domonitor.exe"), "--hidden"]
    (bundle / "domonitor-gui.exe").touch()
    assert program.command("--hidden") == [str(bundle / "domonitor-gui.exe"), "--hidden"]
    assert program.command("--hidden", is_isolated=True) == program.command("--hidden")


def test_what_it_runs_from_is_all_of_its_folder(bundle: Path) -> None:
    (bundle / "domonitor-gui.exe").touch()
    package = Path(program.__file__).parent
    assert {bundle, bundle / "domonitor.exe", bundle / "domonitor-gui.exe", package} <= set(program.places())


def test_a_python_is_started_with_the_package_and_apart_from_the_user_s_settings_where_that_matters() -> None:
    executable, *arguments = program.command("--monitor-only", is_isolated=True)
    assert Path(executable).parent == Path(sys.executable).parent
    assert arguments == ["-I", "-m", "domonitor", "--monitor-only"]
    assert program.command("--hidden")[1:] == ["-m", "domonitor", "--hidden"]


def test_what_a_python_runs_from_is_where_it_and_its_packages_lie_and_not_where_the_user_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "own"))
    (tmp_path / "own").mkdir()
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path), "", str(tmp_path / "own"), str(other), *sys.path])
    found = program.places()
    assert {Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix), Path(program.__file__).parent} <= set(found)
    assert other in found
    assert not {tmp_path, tmp_path / "own"} & set(found)
    assert len(found) == len(set(found))
