"""Pictures of the window, to be looked at: python -m tests.ui.gallery FOLDER [part of a name, or =name …]

Each is named for what it shows. Nothing is read from or written to the user's own folders.
"""

from __future__ import annotations

import asyncio
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from PySide6.QtCore import QLocale, QPoint, QTranslator
from PySide6.QtWidgets import QApplication, QDialog, QMenu, QTabWidget, QToolButton, QWidget

from domonitor import app
from domonitor.backends.interface import Backend
from domonitor.jobs import codes
from domonitor.jobs.change import Change, Health, HealthState
from domonitor.jobs.speeds import SpeedHistory
from domonitor.jobs.state import Command
from domonitor.settings import Settings
from domonitor.ui.all_jobs import Elevation
from domonitor.ui.column_layout import Preset
from domonitor.ui.groups import Group
from domonitor.ui.keys_dialog import KeysDialog
from domonitor.ui.main_window import MainWindow
from tests.ui import gallery_jobs as shown
from tests.ui.opened import part, until

KIND = "DOMONITOR_GALLERY"
"""Says in a child process which group of pictures it draws."""

LARGE, SMALL = (1180, 860), (760, 520)
THEMES = ("light", "dark")
SETTLES_S = 0.45

Scene = Callable[[Path], Awaitable[None]]


class Stretched(QTranslator):
    """Says everything a third longer, with long words and umlauts, as German does. What is put in stays as it is."""

    def translate(self, _context: str, source: str, _hint: str | None = None, _number: int = -1) -> str:
        """See QTranslator."""
        extra = (
            "übergrößenprüfung"[: max(2, len(source) // 3)]
            if len(source) < 60
            else "größenverhältnis " * (len(source) // 50)
        )
        return f"{source.rstrip('…')}{extra}{'…' if source.endswith('…') else ''}"


@asynccontextmanager
async def window_on(*services: Backend, theme: str, size: tuple[int, int] = LARGE, **options: Any):
    """The window, with all of its list there. options: as open_window takes them."""
    window = app.open_window(services, Settings(tempfile.gettempdir(), theme=theme), **options)
    window.resize(*size)
    try:
        monitor = window.monitor
        await until(lambda: all(monitor.health(each).state is HealthState.OK for each in monitor.services))
        yield window
    finally:
        await app.close_window(window)


async def take(widget: QWidget, path: Path) -> None:
    """The picture, once everything has settled."""
    await asyncio.sleep(SETTLES_S)
    widget.grab().save(str(path))
    print(path.name)


def choose(window: MainWindow, name: str = "setup.iso") -> None:
    """Chooses the job of that name."""
    window.choose(next(job.key for job in window.monitor.jobs.values() if job.display_name == name))


async def failed(window: MainWindow, name: str = "setup.iso") -> None:
    """Chooses the job, and waits for its panel."""
    choose(window, name)
    await until(window.details.error_panel.isVisible)


async def windows(folder: Path, theme: str, size: tuple[int, int], name: str) -> None:
    async with window_on(shown.engine(), shown.bits(), theme=theme, size=size) as window:
        await failed(window)
        await take(window, folder / f"{name}-{theme}.png")


async def families(folder: Path, theme: str) -> None:
    for failure in shown.FAMILIES:
        async with window_on(shown.failing(failure), theme=theme, size=(980, 760)) as window:
            await failed(window)
            window.splitter.setSizes([150, 500])
            if failure.name == "not-found":
                part(window, QToolButton, "errorFactsButton").click()
            await take(window.details, folder / f"error-{failure.name}-{theme}.png")


async def tabs(folder: Path, theme: str) -> None:
    async with window_on(shown.engine(), shown.bits(), theme=theme) as window:
        await failed(window)
        window.splitter.setSizes([200, 600])
        _past_speeds(window.selected.speeds, window)
        for at, name in enumerate(("files", "timeline", "speed", "general")):
            choose(window, "data.zip" if name == "speed" else "setup.iso")
            part(window, QTabWidget, "detailsTabs").setCurrentIndex(at)
            await take(window.details, folder / f"tab-{name}-{theme}.png")
        choose(window, "Edge Update")
        await take(window.details, folder / f"tab-general-bits-{theme}.png")
        choose(window, "data.zip")
        part(window, QTabWidget, "detailsTabs").setCurrentIndex(2)
        part(window, QToolButton, "speedHourButton").click()
        await take(window.details, folder / f"tab-speed-hour-{theme}.png")


async def cautions(folder: Path, theme: str) -> None:
    async with window_on(shown.running_a_program(), theme=theme, size=SMALL) as window:
        choose(window, "Updater")
        part(window, QTabWidget, "detailsTabs").setCurrentIndex(3)
        await take(window, folder / f"caution-{theme}.png")


async def dialogs(folder: Path, theme: str) -> None:
    async with window_on(shown.engine(), theme=theme) as window:
        await failed(window)
        dialog = window.help.explain("0x80072EE7")
        await take(dialog, folder / f"explain-{theme}.png")
        dialog.explain(next(hex(code) for code, meanings in codes._by_code().items() if len(meanings) > 1))
        await take(dialog, folder / f"explain-many-meanings-{theme}.png")
        dialog.explain("no such thing")
        await take(dialog, folder / f"explain-unknown-{theme}.png")
        dialog.close()
        window.selected.change_address()
        await until(lambda: window.findChild(QDialog, "changeAddressDialog"))
        await take(part(window, QDialog, "changeAddressDialog"), folder / f"change-address-{theme}.png")


async def more_dialogs(folder: Path, theme: str) -> None:
    async with window_on(shown.engine(), theme=theme) as window:
        dialog = window.add_downloads("https://dl.example.com/pub/CON.zip\nhttps://dl.example.com/pub/b.iso")
        await take(dialog, folder / f"add-{theme}.png")
        dialog.set_addresses("dl.example.com/a b.zip")
        await take(dialog, folder / f"add-wrong-{theme}.png")
        dialog.close()
        await failed(window)
        window.give(Command.CANCEL)
        await until(lambda: window.findChild(QDialog, "questionBox"))
        await take(part(window, QDialog, "questionBox"), folder / f"question-{theme}.png")
        part(window, QDialog, "questionBox").close()
        window.choices.locked = frozenset({"download_folder", "speed_limit"})
        window.choices.opener(window.tasks, window)()
        await take(part(window, QDialog, "preferencesDialog"), folder / f"preferences-{theme}.png")
        part(window, QDialog, "preferencesDialog").close()
        keys = KeysDialog(window)
        keys.open()
        await take(keys, folder / f"keys-{theme}.png")
        keys.close()


async def filters(folder: Path, theme: str, size: tuple[int, int], name: str) -> None:
    """With the filters beside the list, a code in the filter, a message, and two menus."""
    async with window_on(shown.engine(), shown.bits(), theme=theme, size=size) as window:
        window.list.show_filters(True)
        window.notices.tell("data.zip: the service is stopped.", "The whole list")
        window.list.filter_edit.setText("0x80072EE7")
        await failed(window)
        await take(window, folder / f"{name}-{theme}.png")
        window.list.show_all()
        window.list.panel.stale.setChecked(True)
        await take(window, folder / f"{name}-nothing-{theme}.png")
        for menu in ("columnsMenu", "sortMenu"):
            opened = part(window, QMenu, menu)
            opened.popup(QPoint(0, 0))
            await take(opened, folder / f"{name}-{menu}-{theme}.png")
            opened.close()


async def all_jobs(folder: Path, theme: str) -> None:
    """The way to all jobs in the status bar, and the window it leads to: with jobs, empty, and without any service."""
    partial = shown.bits()
    partial.publish(Change(health=Health(reason="Only your own jobs are shown.", is_partial=True)))
    way = Elevation(lambda: True, lambda _: "")
    async with window_on(shown.engine(), partial, theme=theme, way_to_all=way) as window:
        choose(window, "data.zip")
        await until(window.health_bar.all_button.isVisible)
        await take(window, folder / f"show-all-{theme}.png")
        await take(window.statusBar(), folder / f"show-all-status-{theme}.png")
    async with window_on(shown.bits(), theme=theme, only_watches=True) as window:
        window.list.show_all()
        window.table.fold(Group.OTHER_PROGRAMS, is_folded=False)
        choose(window, "Edge Update")
        await take(window, folder / f"monitor-only-{theme}.png")
    async with window_on(theme=theme, only_watches=True) as window:
        await take(window, folder / f"monitor-only-nothing-{theme}.png")


async def empty(folder: Path, theme: str) -> None:
    async with window_on(shown.many(0), theme=theme) as window:
        await take(window, folder / f"empty-{theme}.png")


async def many(folder: Path, theme: str) -> None:
    async with window_on(shown.many(10_000), theme=theme) as window:
        await until(lambda: len(window.monitor.jobs) == 10_000)
        choose(window, "file-00002.zip")
        await take(window, folder / f"10000-jobs-{theme}.png")


async def support(folder: Path, theme: str) -> None:
    async with window_on(shown.engine(), shown.bits(), theme=theme) as window:
        window.list.columns.show_preset(Preset.SUPPORT)
        choose(window, "Edge Update")
        window.table.horizontalScrollBar().setValue(1150)
        await take(window, folder / f"support-{theme}.png")


def scenes() -> dict[str, Scene]:
    """All pictures, by the beginnings of their names."""
    made: dict[str, Scene] = {}

    def add(name: str, scene: Callable[..., Awaitable[None]], *more: object) -> None:
        for theme in THEMES:
            made[f"{name}-{theme}"] = lambda folder, theme=theme: scene(folder, theme, *more)

    add("window", windows, LARGE, "window")
    add("small", windows, SMALL, "small")
    add("scaled", windows, LARGE, "scaled")
    add("scaled-small", windows, SMALL, "scaled-small")
    add("german", windows, LARGE, "german")
    add("german-small", windows, SMALL, "german-small")
    add("german-dialogs", dialogs)
    add("error", families)
    add("tab", tabs)
    add("caution", cautions)
    add("dialogs", dialogs)
    add("more-dialogs", more_dialogs)
    add("german-more-dialogs", more_dialogs)
    add("filters", filters, LARGE, "filters")
    add("german-filters", filters, SMALL, "filters-small")
    add("empty", empty)
    add("all-jobs", all_jobs)
    add("10000", many)
    add("support", support)
    return made


async def draw(folder: Path, names: list[str]) -> int:
    for name, scene in scenes().items():
        if name in names:
            await scene(folder)
    return 0


def _past_speeds(speeds: SpeedHistory, window: MainWindow) -> None:
    """An hour in which the job ran, with a pause."""
    key = next(job.key for job in window.monitor.jobs.values() if job.display_name == "data.zip")
    now_s, done = time.monotonic(), 0.0
    speeds.forget(key)
    for ago_s in range(2400, -3, -1):
        is_still = 900 < ago_s < 1300 or 20 < ago_s < 26
        done += 0 if is_still else 3_200_000 * (1 + 0.4 * math.sin(ago_s / 60) + 0.2 * math.sin(ago_s))
        speeds.add(key, now_s - ago_s, int(done), is_moving=True)


def main(arguments: list[str]) -> int:
    """Draws into the folder; the exit code."""
    folder, wanted = Path(arguments[0]), arguments[1:]
    folder.mkdir(parents=True, exist_ok=True)
    kind = os.environ.get(KIND)
    if kind is not None:
        if kind == "german":
            QApplication.installTranslator(Stretched(app.application()))
            QLocale.setDefault(QLocale(QLocale.Language.German))
        return app.run(lambda: draw(folder, wanted))
    groups: dict[str, list[str]] = {"": [], "scaled": [], "german": []}
    for name in scenes():
        if not wanted or any(name == part[1:] if part.startswith("=") else part in name for part in wanted):
            groups[next((group for group in ("scaled", "german") if name.startswith(group)), "")].append(name)
    code = 0
    with tempfile.TemporaryDirectory(prefix="domonitor-gallery-") as profile:
        for group, names in groups.items():
            if names:  # each in a process of its own: scale and language are the whole program's
                command = [sys.executable, "-m", "tests.ui.gallery", str(folder / group), *names]
                code |= subprocess.run(command, env=_environment(group, profile), check=False).returncode
    return code


def _environment(group: str, profile: str) -> dict[str, str]:
    folders = ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR")
    environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ, KIND: group}
    environment |= {f"XDG_{name}": profile for name in folders}
    return environment | ({"QT_SCALE_FACTOR": "2"} if group == "scaled" else {})


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
