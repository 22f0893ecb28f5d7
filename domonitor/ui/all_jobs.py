"""The way from this window to one that shows the jobs of all users, where a service shows them to administrators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from domonitor.jobs.change import Change
from domonitor.ui.main_window import MainWindow
from domonitor.ui.tasks import on_a_thread


@dataclass(frozen=True, slots=True)
class Elevation:
    """Whether such a window can be offered, and its start. Both may take long, and are called on a thread.

    start: gets the native handle of the window that asks; returns why it did not come to that, "" else.
    """

    is_offered: Callable[[], bool]
    start: Callable[[int], str]


class AllJobs:
    """Offers it once a service says that it does not show all, and starts it when somebody asks for it."""

    def __init__(self, window: MainWindow, elevation: Elevation) -> None:
        self._window = window
        self._elevation = elevation
        self._has_asked = False
        window.monitor.subscribe(self._take_change)
        window.health_bar.all_requested.connect(self._request)

    def _take_change(self, _service: str, change: Change) -> None:
        if change.health is not None and change.health.is_partial and not self._has_asked:
            self._has_asked = True
            self._window.tasks.start(self._offer(), what="whether all jobs can be shown")

    async def _offer(self) -> None:
        self._window.health_bar.offer_all(await on_a_thread(self._elevation.is_offered, "elevation"))

    def _request(self) -> None:
        self._window.tasks.start(self._start(), what="showing all jobs")

    async def _start(self) -> None:
        button, handle = self._window.health_bar.all_button, int(self._window.winId())
        button.setEnabled(False)  # until Windows' question is answered
        try:
            problem = await on_a_thread(lambda: self._elevation.start(handle), "elevation")
        finally:
            button.setEnabled(True)
        if problem:
            self._window.notices.tell(problem)
