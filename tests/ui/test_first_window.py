"""A second start raises the first window, and hands over what it was given."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPlainTextEdit

from domonitor import services
from domonitor.backends.engine.meeting import window_place
from domonitor.backends.scripted import ScriptedBackend
from domonitor.ui.add_jobs import AddDialog
from domonitor.ui.first_window import FirstWindow
from tests.ui.conftest import Run
from tests.ui.opened import opened, part, until

ROOT = Path(__file__).parents[2]


SECOND = """
import json, sys
from domonitor.ui.first_window import FirstWindow
sys.exit(0 if FirstWindow(sys.argv[1]).hand_over(json.loads(sys.argv[2])) else 9)
"""


async def hands_over(place: str, addresses: list[str]) -> bool:
    """Whether a second program finds a first window that takes these."""
    arguments = ["-c", SECOND, place, json.dumps(addresses)]
    program = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT)
    try:
        code = await asyncio.wait_for(program.wait(), 30)
    finally:
        if program.returncode is None:
            program.kill()
    assert code in (0, 9)
    return code == 0


@pytest.fixture
def place(tmp_path: Path) -> str:
    return window_place(tmp_path / "engine")


ENDS = """
import sys
from PySide6.QtNetwork import QLocalSocket
socket = QLocalSocket()
socket.connectToServer(sys.argv[1])
socket.waitForConnected(5000)
socket.write(sys.argv[2].encode() + bytes([10]))
socket.waitForReadyRead(5000)
sys.exit(0 if socket.readAll().data() == bytes([*b"taken", 10]) else 9)
"""


@pytest.mark.parametrize(("said", "is_wanted"), [('{"end": true}', True), ('{"end": 1.5}', False), ("[1]", False)])
def test_the_installer_of_a_newer_version_can_ask_the_window_to_end(
    run: Run, place: str, said: str, is_wanted: bool
) -> None:
    async def test() -> None:
        first = FirstWindow(place)
        assert first.listen()
        ended: list[bool] = []
        called: list[object] = []
        first.end_wanted.connect(lambda: ended.append(True))
        first.called.connect(called.append)
        program = await asyncio.create_subprocess_exec(sys.executable, "-c", ENDS, place, said, cwd=ROOT)
        code = await asyncio.wait_for(program.wait(), 30)
        assert (code, ended, called) == ((0, [True], []) if is_wanted else (9, [], []))
        first.close()

    run(test())


def test_a_first_window_takes_what_a_second_start_was_given(run: Run, place: str) -> None:
    async def test() -> None:
        first = FirstWindow(place)
        assert await hands_over(place, []) is False
        assert first.listen()
        taken: list[list[str]] = []
        first.called.connect(taken.append)
        for addresses in ([], ["https://a.de/1", "https://a.de/ü?token=2"]):
            assert await hands_over(place, addresses)
        assert taken == [[], ["https://a.de/1", "https://a.de/ü?token=2"]]
        first.close()
        assert await hands_over(place, []) is False

    run(test())


@pytest.mark.skipif(sys.platform == "win32", reason="pipes leave nothing behind")
def test_what_a_window_that_died_has_left_is_no_first_window(run: Run, place: str) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(place)

    async def test() -> None:
        first = FirstWindow(place)
        assert await hands_over(place, []) is False
        assert first.listen()
        assert await hands_over(place, [])
        first.close()

    run(test())


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe is not spoken to like this")
@pytest.mark.parametrize("said", [b"\n", b"[]\n", b'{"addresses": 5}\n', b'{"addresses": [5]}\n', b"x" * 3_000_000])
def test_nonsense_is_not_taken_and_costs_the_window_nothing(run: Run, place: str, said: bytes) -> None:
    def say() -> bytes:
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.settimeout(20)
            stranger.connect(place)
            try:
                stranger.sendall(said)
                return stranger.recv(100)
            except OSError:
                return b""

    async def test() -> None:
        first = FirstWindow(place)
        first.listen()
        taken: list[list[str]] = []
        first.called.connect(taken.append)
        assert await asyncio.to_thread(say) == b""
        assert await hands_over(place, ["https://a.de/1"])
        assert taken == [["https://a.de/1"]]
        first.close()

    run(test())


def test_the_program_started_again_ends_at_once_and_the_window_asks_about_the_addresses(run: Run) -> None:
    async def test() -> None:
        first = FirstWindow(window_place(services.engine_folder()))
        assert first.listen()
        async with opened(ScriptedBackend()) as window:
            first.called.connect(window.come_to_the_front)
            window.showMinimized()
            program = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "domonitor", "--in-process", "https://a.de/1", "https://a.de/2"),
                cwd=ROOT,
                env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            )
            try:
                assert await asyncio.wait_for(program.wait(), 30) == 0
            finally:
                if program.returncode is None:
                    program.kill()
            await until(lambda: window.findChildren(AddDialog))
            assert not window.isMinimized()
            (dialog,) = window.findChildren(AddDialog)
            edit = part(dialog, QPlainTextEdit, "addressEdit")
            assert edit.toPlainText().split() == ["https://a.de/1", "https://a.de/2"]
            dialog.reject()
        first.close()

    run(test())
