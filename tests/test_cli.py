"""The commands as their user runs them: the real program in a process of its own."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from domonitor import __version__
from tests.commanding import Program, run


def test_version(tmp_path: Path) -> None:
    done = run(tmp_path, "--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"domonitor {__version__}\n", "")


def test_explain_says_what_a_code_means_and_what_to_do(tmp_path: Path) -> None:
    done = run(tmp_path, "explain", "0x80D02002")
    assert done.returncode == 0
    assert done.stdout.startswith("Nothing arrived for too long\n  0x80D02002 (-2133843966)\n")
    assert "DO_E_DOWNLOAD_NO_PROGRESS" in done.stdout
    assert "    1. Look for a firewall" in done.stdout
    for same in ("80D02002", "-2133843966", "do_e_download_no_progress"):
        assert run(tmp_path, "explain", same).stdout == done.stdout


def test_explain_refuses_what_is_no_code(tmp_path: Path) -> None:
    done = run(tmp_path, "explain", "DO_E_DOWNLOAD_NO_PROGRES")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Did you mean DO_E_DOWNLOAD_NO_PROGRESS?" in done.stderr


def test_without_a_display_the_window_says_so_in_one_sentence(tmp_path: Path) -> None:
    done = run(tmp_path, DISPLAY="", WAYLAND_DISPLAY="", QT_QPA_PLATFORM="")
    assert done.returncode == 1
    assert done.stderr.startswith("There is no display to show the window on.")
    assert "domonitor --help" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("display", [{}, {"DISPLAY": "", "WAYLAND_DISPLAY": "", "QT_QPA_PLATFORM": ""}])
def test_the_demo_takes_its_picture_with_and_without_a_display(tmp_path: Path, display: dict[str, str]) -> None:
    done = run(tmp_path, "demo", "--screenshot", "picture.png", "--seconds", "3", **display)
    assert (done.returncode, done.stderr) == (0, "")
    header = (tmp_path / "picture.png").read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", header[16:24])
    assert width >= 1000
    assert height >= 700
    assert ("Weather forecast" in done.stdout) is bool(display)


def test_the_demo_says_where_a_picture_cant_be_saved(tmp_path: Path) -> None:
    done = run(tmp_path, "demo", "--screenshot", "missing/picture.png", "--seconds", "1")
    assert done.returncode == 2
    assert "can't be saved" in done.stderr


@pytest.mark.parametrize("typed", ["li", "show "])
def test_a_shell_completes_commands_and_ids(tmp_path: Path, typed: str) -> None:
    program = Program(tmp_path)
    with program.engine() as manager:
        job_id = str(manager.create_job("a job").get_id())
    words = typed.split(" ")
    asked = {"_DOMONITOR_COMPLETE": "complete_bash", "COMP_WORDS": f"domonitor {typed}", "COMP_CWORD": str(len(words))}
    done = run(tmp_path, **asked)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(done.stdout.split()) == ({"list", "limit"} if typed == "li" else {job_id})
    script = run(tmp_path, _DOMONITOR_COMPLETE="source_bash")
    assert script.returncode == 0
    assert "complete" in script.stdout
