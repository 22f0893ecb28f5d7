"""How the program starts beside a first window, and that it starts by itself where the settings say so."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from domonitor import app, autostart, services
from domonitor.backends.engine.meeting import window_place
from domonitor.backends.scripted import ScriptedBackend
from domonitor.settings import Settings
from domonitor.ui.first_window import FirstWindow
from tests.ui.conftest import Run
from tests.ui.opened import opened, until

ROOT = Path(__file__).parents[2]


def test_a_start_out_of_sight_leaves_a_first_window_as_it_is(run: Run) -> None:
    async def test() -> None:
        first = FirstWindow(window_place(services.engine_folder()))
        assert first.listen()
        taken: list[list[str]] = []
        first.called.connect(taken.append)
        for given, expected in (([], []), (["https://a.de/1"], [["https://a.de/1"]])):
            program = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "domonitor", "--in-process", "--hidden", *given),
                cwd=ROOT,
                env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            )
            try:
                assert await asyncio.wait_for(program.wait(), 30) == 0
            finally:
                if program.returncode is None:
                    program.kill()
            assert taken == expected
        first.close()
        assert not first.is_there()

    run(test())


def test_the_system_s_entry_follows_the_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    applied: list[tuple[bool, str]] = []
    monkeypatch.setattr(
        autostart, "apply", lambda is_wanted: applied.append((is_wanted, threading.current_thread().name))
    )

    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            off = Settings("/tmp")
            on = replace(off, autostart=True)
            app._follow_autostart(window, off)
            for settings in (replace(off, tray=True), on, replace(on, tray=True), off):
                window.settings_changed.emit(settings)
            await until(lambda: len(applied) == 2)
            assert applied == [(is_on, "domonitor-autostart") for is_on in (True, False)]
        async with opened(ScriptedBackend()) as window:
            app._follow_autostart(window, on)
            await until(lambda: len(applied) == 3)
            assert applied[2][0], "it may lie elsewhere by now"

    run(test())


def test_what_keeps_the_entry_from_being_written_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: bool) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(autostart, "apply", fail)

    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            app._follow_autostart(window, Settings("/tmp", autostart=True))
            said = "Whether domonitor starts by itself could not be changed: Permission denied."
            await until(lambda: window.notices.message == said)

    run(test())
