"""A real window for a test: opened, waited for, looked into, closed."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton, QWidget

from domonitor import app
from domonitor.backends.interface import Backend
from domonitor.jobs.job import Job, JobKey, Progress, Times
from domonitor.jobs.state import JobState
from domonitor.settings import Settings
from domonitor.ui.main_window import MainWindow

W = TypeVar("W", bound=QObject)
FOLDER = tempfile.gettempdir()
NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
LOOK_S = 0.005
PATIENCE_S = 10.0


FLAT = json.dumps({"sort": "created", "descending": False, "columns": []})
"""As the settings keep a list that is sorted by creation: every job in a row of its own, and no headings."""


@asynccontextmanager
async def opened(
    *backends: Backend,
    settings: Settings | None = None,
    history: Path | None = None,
    is_grouped: bool = False,
    locked: frozenset[str] = frozenset(),
    **options: Any,
) -> AsyncIterator[MainWindow]:
    """The window on these services; closed and shut down at the end.

    is_grouped: the list is in groups, none of them folded; else it is flat, unless the settings say how it is.
    options: as open_window takes them.
    """
    settings = settings or Settings(FOLDER, theme="light")
    if is_grouped:
        settings = replace(settings, folded=settings.folded or "none")
    elif not settings.columns:
        settings = replace(settings, columns=FLAT)
    window = app.open_window(backends, settings, history, locked, **options)
    try:
        yield window
    finally:
        await app.close_window(window)


async def until(condition: Callable[[], Any]) -> None:
    """Returns once the condition holds, which is asked whenever the loop has nothing else to do."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(LOOK_S)


def part(window: QWidget, kind: type[W], name: str) -> W:
    """The part of the window with that object name."""
    found = window.findChild(kind, name)
    assert found is not None, f"there is no {name}"
    return found


def label(window: QWidget, name: str) -> str:
    """What the label says."""
    return part(window, QLabel, name).text()


async def answer(window: QWidget, words: str) -> str:
    """Presses the button with these words in the question that comes; returns what was asked."""
    await until(lambda: window.findChild(QMessageBox) is not None)
    box = window.findChild(QMessageBox)
    asked = f"{box.text()} {box.informativeText()}"
    buttons = {button.text(): button for button in box.buttons()}
    assert words in buttons, buttons
    buttons[words].click()
    await until(lambda: window.findChild(QMessageBox) is None)
    return asked


def panel_button(window: MainWindow, name: str) -> QPushButton:
    """A button of the error panel."""
    return part(window, QPushButton, name)


def job(number: int, state: JobState = JobState.QUEUED, **fields: Any) -> Job:
    """A scripted job. progress: (done, total, files transferred, files)."""
    done, total, files_done, files = fields.pop("progress", (0, 1_000_000, 0, 1))
    made = NOW + timedelta(minutes=number)
    fields = {"times": Times(made, made), **fields}
    name = fields.pop("display_name", f"job {number}")
    return Job(JobKey("scripted", str(number)), name, state, Progress(total, done, files, files_done), **fields)


def texts(window: MainWindow) -> list[tuple[str, str]]:
    """Name and state of each row, as shown."""
    model = window.model
    return [(model.index(at, 0).data(), model.index(at, 1).data()) for at in range(model.rowCount())]


ACCESSIBLE = Qt.ItemDataRole.AccessibleTextRole
