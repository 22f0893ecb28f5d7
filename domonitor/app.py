"""The window's composition root: chooses the services, wires monitor and window, runs, closes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import shiboken6
from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

from domonitor import __version__, autostart, elevation, logs, policies, services
from domonitor import settings as settings_store
from domonitor.backends.interface import Backend
from domonitor.jobs.error import DomonitorError
from domonitor.monitor import Monitor
from domonitor.recorder import Recorder
from domonitor.settings import Settings
from domonitor.ui import text, theme, tray
from domonitor.ui.all_jobs import AllJobs, Elevation
from domonitor.ui.attention import Attention
from domonitor.ui.first_window import FirstWindow
from domonitor.ui.main_window import MainWindow
from domonitor.ui.only_watching import only_watch
from domonitor.ui.tasks import on_a_thread

_log = logging.getLogger(__name__)

IN_PROCESS, HIDDEN = "--in-process", autostart.HIDDEN

ENGINE = "engine"

_KEEP_TIMELINES = frozenset({ENGINE})
"""The services that keep what happened to their jobs; of the others the history keeps it."""
_ONLY_ALONE = (
    "--monitor-only stands alone: that window only watches, and takes no addresses. To add downloads, start domonitor "
    "without it."
)


def open_window(
    backends: Iterable[Backend],
    settings: Settings,
    history: Path | None = None,
    locked: frozenset[str] = frozenset(),
    *,
    is_shown: bool = True,
    only_watches: bool = False,
    way_to_all: Elevation | None = None,
) -> MainWindow:
    """Wires monitor and window for the services, inside a running loop, and shows the window.

    history: the file in which is recorded what is over, None for no history. locked: the settings that stay.
    is_shown: False for a window that is shown later. only_watches: nothing can be added, changed or opened.
    way_to_all: to a window with the jobs of all users.
    Await the window's closed, then close_window.
    """
    theme.apply(settings.theme)
    monitor = Monitor(backends, only_watches=only_watches)
    recorder = Recorder(monitor, history, _KEEP_TIMELINES) if history is not None else None
    window = MainWindow(monitor, settings, recorder, locked)
    window.settings_changed.connect(_EngineFollows(window, settings))
    if recorder is not None:
        recorder.start(window.notices.tell)
    if only_watches:
        only_watch(window)
    if way_to_all is not None:
        AllJobs(window, way_to_all)
    monitor.start()
    if is_shown:
        window.show()
    Attention(window, monitor.set_hidden)
    return window


class _EngineFollows:
    """Tells the engine when something was chosen that it needs to know of."""

    def __init__(self, window: MainWindow, settings: Settings) -> None:
        self._window = window
        self._told = _of_the_engine(settings)

    def __call__(self, settings: Settings) -> None:
        if _of_the_engine(settings) == self._told or ENGINE not in self._window.monitor.services:
            return
        self._told = _of_the_engine(settings)
        asked = self._window.monitor.ask(ENGINE, lambda backend: services.put_in_force(backend, settings))
        self._window.tasks.start(asked, what="Settings of the engine")


def _of_the_engine(settings: Settings) -> tuple[object, ...]:
    return settings.proxy, settings.speed_limit, settings.holds_off_sleep


async def close_window(window: MainWindow) -> None:
    """Ends what the window runs, and the window itself. The services keep their jobs."""
    window.quit()
    await window.shut_down()
    # Now and on this thread: left to Python, the cyclic garbage collection may run on a service's thread, and a timer
    # that is destroyed there takes the program down with it.
    shiboken6.delete(window)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the window until it is closed; the exit code.

    arguments: addresses to be added, --in-process, which keeps the engine in this process, --hidden, which shows no
    window where its icon stands in the notification area, or --monitor-only, alone; None for the program's.
    A second start raises the first window and ends.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    only_watches = elevation.MONITOR_ONLY in arguments
    if only_watches and len(arguments) > 1:
        sys.stderr.write(f"{_ONLY_ALONE}\n")
        return 2
    addresses = [each for each in arguments if each not in (IN_PROCESS, HIDDEN)]
    if not has_display():
        sys.stderr.write(
            "There is no display to show the window on. Log in to a desktop, or use the commands: domonitor --help\n"
        )
        return 1
    if only_watches:
        elevation.forget_the_users_plugins()
        return run(_watch)
    application()
    first = _first_window()
    is_hidden = HIDDEN in arguments and not addresses
    if first is not None and (first.is_there() if is_hidden else first.hand_over(addresses)):
        return 0
    logs.start(logs.Kind.WINDOW)
    return run(partial(_main, first, addresses, in_process=IN_PROCESS in arguments, is_hidden=is_hidden))


def _first_window() -> FirstWindow | None:
    """Where the first window is met, None where there is no place for that: then each start is a window of its own."""
    from domonitor.backends.engine.meeting import window_place

    try:
        return FirstWindow(window_place(services.engine_folder()))
    except (DomonitorError, OSError) as error:
        _log.info("no place for the first window: %s", error)
        return None


async def _watch() -> int:
    """A window of its own beside the first one, perhaps an administrator's.

    It takes from the user's settings only how it looks, and writes nothing of the user's: no settings, history or log.
    """
    look = settings_store.load(settings_store.settings_file()).theme
    window = open_window(services.to_watch(), Settings(theme=look, folded="none"), only_watches=True)
    await window.closed.wait()
    await close_window(window)
    return 0


async def _main(first: FirstWindow | None, addresses: Sequence[str], *, in_process: bool, is_hidden: bool) -> int:
    path = settings_store.settings_file()
    stored = settings_store.load(path)
    settings, locked = policies.applied(stored)
    backends = services.open_backends(in_process=in_process, chosen=settings)
    is_shown = not (is_hidden and settings.tray and tray.Tray.is_available())
    way_to_all = Elevation(elevation.is_offered, elevation.start)
    history = settings_store.history_file()
    window = open_window(backends, settings, history, locked, is_shown=is_shown, way_to_all=way_to_all)
    tray.follow(window, settings)
    _follow_autostart(window)
    if first is not None and first.listen():
        first.called.connect(window.come_to_the_front)
        first.end_wanted.connect(window.quit)

    def save(chosen: Settings) -> None:
        try:
            settings_store.save(policies.to_be_stored(chosen, stored), path)
        except OSError as error:
            window.notices.tell(
                text.tr("Your settings could not be saved: {reason}.").format(reason=error.strerror or error)
            )

    window.settings_changed.connect(save)
    if addresses:
        window.add_downloads("\n".join(addresses))
    await window.closed.wait()
    if first is not None:
        first.close()
    await close_window(window)
    return 0


def _follow_autostart(window: MainWindow) -> None:
    """Makes the system's entry what the settings say, at the start and whenever they change.

    An entry that is there although the settings want none was made by the installer, as the user chose there: the
    settings take it over, unless an administrator has laid down that there is none.
    """
    one_by_one = asyncio.Lock()
    last = [window.choices.settings.autostart]

    async def apply(is_wanted: bool) -> None:
        async with one_by_one:
            try:
                await on_a_thread(partial(autostart.apply, is_wanted), "autostart")
            except OSError as error:
                said = text.tr("Whether domonitor starts by itself could not be changed: {reason}.")
                window.notices.tell(said.replace("{reason}", error.strerror or str(error)))

    def follow(settings: Settings) -> None:
        if settings.autostart is not last[0]:
            last[0] = settings.autostart
            window.tasks.start(apply(settings.autostart), what="starting by itself")

    async def take_over() -> None:
        with suppress(OSError):
            if await on_a_thread(autostart.is_on, "autostart"):
                window.choices.set(autostart=True)

    if last[0] or "autostart" in window.choices.locked:
        window.tasks.start(apply(last[0]), what="starting by itself")
    else:
        window.tasks.start(take_over(), what="starting by itself")
    window.settings_changed.connect(follow)


def run(work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Runs a coroutine on Qt's loop; Ctrl+C and SIGTERM cancel it. The exit code."""
    app = application()
    app.setQuitOnLastWindowClosed(False)
    with asyncio.Runner(loop_factory=lambda: QEventLoop(app)) as runner:
        try:
            return runner.run(_until_interrupted(work))
        except DomonitorError as error:
            sys.stderr.write(f"{error}\n")
            return 1


async def _until_interrupted(work: Callable[[], Coroutine[Any, Any, int]]) -> int:
    loop = asyncio.get_running_loop()
    task = loop.create_task(work())
    if sys.platform != "win32":
        # Left to Python alone, Ctrl+C would wait for Qt's next event: 5.5 s were measured.
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, _close_windows)
    return await task


def _close_windows() -> None:
    for window in QApplication.topLevelWidgets():
        if isinstance(window, MainWindow):
            window.quit()


def application() -> QApplication:
    """The program's QApplication, made at the first call."""
    app = QApplication.instance()
    if isinstance(app, QApplication):
        return app
    qInstallMessageHandler(_log_qt_message)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("domonitor")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("domonitor")
    return app


def _log_qt_message(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    """Qt's own messages are for the log, not for the terminal."""
    level = {QtMsgType.QtDebugMsg: logging.DEBUG, QtMsgType.QtInfoMsg: logging.INFO}.get(kind, logging.WARNING)
    if "propagateSizeHints" in message or "support raise" in message:
        level = logging.DEBUG  # the offscreen platform says so of every window
    _log.log(level, "Qt: %s", message)


def has_display() -> bool:
    """Whether a window can be shown. Where Qt was told what to draw on, it is believed."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
