"""`domonitor demo`: the window on a real engine that fetches from a server of its own."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table

from domonitor import app
from domonitor.backends.engine import EngineBackend
from domonitor.demo.jobs import CHOSEN, OFFERS, SCENES, SETTINGS, Scene, new_jobs
from domonitor.demo.origin import DemoOrigin
from domonitor.jobs.job import JobKey
from domonitor.jobs.state import ERRONEOUS, JobState
from domonitor.settings import Settings, Theme
from domonitor.ui.columns import USER
from domonitor.ui.main_window import MainWindow

PICTURE_AFTER_S = 15.0
_TERMINAL_AFTER_S = 20.0
_TERMINAL_COLUMNS = tuple(column for column in USER if column.name not in ("size", "service", "created"))
_LOOK_S = 0.25


def main(screenshot: Path | None, seconds: float | None, *, is_dark: bool) -> int:
    """Runs the demonstration; the exit code.

    screenshot: where a picture of the window goes, after which the demonstration ends. seconds: when it ends.
    Without a display it runs in the terminal, and still takes the picture.
    """
    in_terminal = not app.has_display()
    if in_terminal:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    if seconds is None and (screenshot is not None or in_terminal):
        seconds = PICTURE_AFTER_S if screenshot is not None else _TERMINAL_AFTER_S
    return app.run(partial(_play, screenshot, seconds, is_dark=is_dark, in_terminal=in_terminal))


async def _play(screenshot: Path | None, seconds: float | None, *, is_dark: bool, in_terminal: bool) -> int:
    console = Console()
    theme = Theme.DARK if is_dark else Theme.LIGHT if screenshot is not None else Theme.SYSTEM
    with tempfile.TemporaryDirectory(prefix="domonitor-demo-") as folder, DemoOrigin(OFFERS) as origin:
        async with _window(Path(folder), origin, Settings(folder, theme=theme.value)) as window:
            if in_terminal:
                window.tasks.start(_show_in_terminal(window, console), what="table in the terminal")
            try:
                async with asyncio.timeout(seconds):
                    await window.closed.wait()
            except TimeoutError:
                pass
            if screenshot is None:
                return 0
            if not window.grab().save(str(screenshot), "PNG"):
                Console(stderr=True).print(f"The picture can't be saved at {screenshot}. Choose another place.")
                return 2
    console.print(f"The picture is at {screenshot}.")
    return 0


@asynccontextmanager
async def _window(folder: Path, origin: DemoOrigin, settings: Settings) -> AsyncIterator[MainWindow]:
    """The window with the demonstration's jobs under way, shut down at the end."""
    downloads = folder / "downloads"
    downloads.mkdir()
    window = app.open_window([EngineBackend(folder / "engine", SETTINGS)], settings)
    try:
        outcomes = await window.monitor.add("engine", new_jobs(origin.url(""), downloads))
        for outcome in outcomes:
            if outcome.is_refused:
                window.notices.tell(outcome.message)
        window.tasks.start(_choose_failed(window), what="choosing the job that failed")
        for scene in SCENES:
            window.tasks.start(_play_scene(window, scene), what="a scene of the demonstration")
        yield window
    finally:
        await app.close_window(window)


async def _choose_failed(window: MainWindow) -> None:
    """Chooses the job whose error is worth reading, once it has one."""
    while True:
        key = _find(window, CHOSEN)
        if key is not None and window.monitor.jobs[key].state in ERRONEOUS:
            window.choose(key)
            return
        await asyncio.sleep(_LOOK_S)


async def _play_scene(window: MainWindow, scene: Scene) -> None:
    await asyncio.sleep(scene.after_s)
    if (key := _find(window, scene.display_name)) is not None:
        await window.monitor.execute(scene.command, [key])


def _find(window: MainWindow, display_name: str) -> JobKey | None:
    jobs = window.monitor.jobs.values()
    return next((job.key for job in jobs if job.display_name == display_name), None)


async def _show_in_terminal(window: MainWindow, console: Console) -> None:
    """A live table in place of the window; a single one at the end where the output is no terminal."""
    if not console.is_terminal:
        console.print("There is no display: the demonstration runs here.")
    with Live(_table(window), console=console, auto_refresh=False, transient=False) as live:
        while True:
            live.update(_table(window), refresh=True)
            await asyncio.sleep(_LOOK_S)


_COLORS = {
    JobState.ERROR: "red",
    JobState.TRANSIENT_ERROR: "yellow",
    JobState.TRANSFERRING: "blue",
    JobState.ACKNOWLEDGED: "green",
}


def _table(window: MainWindow) -> Table:
    table = Table(caption=window.summary_label.text(), box=None, expand=True)
    for column in _TERMINAL_COLUMNS:
        is_number = column.name not in ("name", "state")
        table.add_column(
            column.title(),
            justify="right" if is_number else "left",
            no_wrap=True,
            min_width=9 if is_number else None,
            ratio=None if is_number else 1,
        )
    for row in window.model.jobs.all:
        table.add_row(*(column.text(row) for column in _TERMINAL_COLUMNS), style=_COLORS.get(row.job.state, ""))
    return table
