"""Tells those who can't see the list what has become of jobs: politely, seldom, and never how far they are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from domonitor.jobs.job import JobKey
from domonitor.ui import text
from domonitor.ui.groups import FINISHED, Group
from domonitor.ui.rows import Row

PAUSE_S = 5.0
"""Between two announcements."""

_TOLD = (Group.NEEDS_YOU, *sorted(FINISHED), Group.WAITING, Group.SUSPENDED, Group.RUNNING)
"""The news in the order in which they matter. What other programs do is not told."""


class Announcer(QObject):
    """Collects what jobs have become and says it in one sentence, at most one in five seconds.

    say: takes the sentence; by default whatever reads the screen aloud.
    """

    def __init__(self, window: QObject, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(window)
        self.say: Callable[[str], None] = self._announce
        self._clock = clock
        self._window = window
        self._news: dict[JobKey, Row] = {}
        self._last_s = float("-inf")
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.tell)

    def take(self, rows: Iterable[Row]) -> None:
        """These jobs have become something else."""
        for row in rows:
            self._news[row.job.key] = row
        if self._news and not self._timer.isActive():
            wait_s = max(0.2, self._last_s + PAUSE_S - self._clock())
            self._timer.start(int(wait_s * 1000) + 1)

    def tell(self) -> None:
        """Says what there is to say."""
        self._timer.stop()
        rows, self._news = list(self._news.values()), {}
        if said := sentence(rows):
            self._last_s = self._clock()
            self.say(said)

    def read(self, words: str) -> None:
        """Says at once what somebody has just asked for."""
        if words:
            self.say(words)

    def stop(self) -> None:
        """Says nothing any more."""
        self._timer.stop()

    def _announce(self, said: str) -> None:
        if QAccessible.isActive():
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._window, said))


def sentence(rows: Iterable[Row]) -> str:
    """What has become of the jobs: "setup.iso: The server can't be found. 3 downloads finished." """
    by_group: dict[Group, list[Row]] = {}
    for row in rows:
        if row.kind is not None:
            by_group.setdefault(row.kind[0], []).append(row)
    parts = []
    for group in _TOLD:
        found = by_group.get(group, ())
        if len(found) == 1:
            parts.append(f"{found[0].job.display_name}: {found[0].words()}.")
        elif found:
            parts.append(_counted(group).format(n=len(found)))
    return " ".join(parts)


def _counted(group: Group) -> str:
    return {
        Group.NEEDS_YOU: text.tr("{n} downloads need you."),
        Group.RUNNING: text.tr("{n} downloads are running."),
        Group.WAITING: text.tr("{n} downloads wait."),
        Group.SUSPENDED: text.tr("{n} downloads are suspended."),
        Group.FINISHED_TODAY: text.tr("{n} downloads are over."),
        Group.FINISHED_EARLIER: text.tr("{n} downloads are over."),
        Group.OTHER_PROGRAMS: text.tr("{n} downloads of other programs have changed."),
    }[group]
