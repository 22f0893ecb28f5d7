"""How the program starts beside a first window, and that it starts by itself where the settings say so."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from pathlib import Path

import pytest

from domonitor import app, autostart, services
from domonitor.backends.engine.meeting import window_place
from domonitor.backends.scripted import ScriptedBackend
from domonitor.settings import Settings
from domonitor.ui.first_window import FirstWindow
from tests.ui.conftest import Run
from tests.ui.opened import FOLDER, opened, until

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


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """In place of the system's entry: whether it was wanted, each time."""
    applied: list[bool] = []

    def apply(is_wanted: bool) -> None:
        assert threading.current_thread().name == "domonitor-autostart"
        applied.append(is_wanted)

    monkeypatch.setattr(autostart, "apply", apply)
    monkeypatch.setattr(autostart, "is_on", lambda: False)
    return applied


def test_the_system_s_entry_follows_the_settings(run: Run, entry: list[bool]) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend(), settings=Settings(FOLDER)) as window:
            app._follow_autostart(window)
            for choice in ({"tray": True}, {"autostart": True}, {"tray": False}, {"autostart": False}):
                window.choices.set(**choice)
            await until(lambda: len(entry) == 2)
            assert entry == [True, False]
        async with opened(ScriptedBackend(), settings=Settings(FOLDER, autostart=True)) as window:
            app._follow_autostart(window)
            await until(lambda: len(entry) == 3)
            assert entry[2], "it may lie elsewhere by now"

    run(test())


def test_an_entry_that_the_installer_has_made_is_the_user_s_choice(
    run: Run, entry: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(autostart, "is_on", lambda: True)

    async def test() -> None:
        async with opened(ScriptedBackend(), settings=Settings(FOLDER)) as window:
            kept: list[Settings] = []
            window.settings_changed.connect(kept.append)
            app._follow_autostart(window)
            await until(lambda: entry == [True])
            assert kept[-1].autostart

    run(test())


def test_an_entry_against_the_administrator_s_will_goes(run: Run, entry: list[bool]) -> None:
    async def test() -> None:
        settings, locked = Settings(FOLDER), frozenset({"autostart"})
        async with opened(ScriptedBackend(), settings=settings, locked=locked) as window:
            app._follow_autostart(window)
            await until(lambda: entry == [False])

    run(test())


def test_what_keeps_the_entry_from_being_written_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: bool) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(autostart, "apply", fail)

    async def test() -> None:
        async with opened(ScriptedBackend(), settings=Settings(FOLDER, autostart=True)) as window:
            app._follow_autostart(window)
            said = "Whether domonitor starts by itself could not be changed: Permission denied."
            await until(lambda: window.notices.message == said)

    run(test())
