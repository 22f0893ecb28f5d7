"""What a row offers to whoever points at it: words behind the second line of its state that can be pressed."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRect
from PySide6.QtGui import QFontMetrics

from domonitor.jobs.state import Command, JobState
from domonitor.ui import text
from domonitor.ui.rows import Row
from domonitor.words.question import is_offered

_GAP = 14
_LEAST_TEXT = 60
"""So much of the second line is kept in sight, in pixels; where there is not the room, there are no links."""

_COMMANDS = {JobState.ERROR: Command.RESUME, JobState.TRANSFERRED: Command.COMPLETE}
"""What a job needs of the user in these states."""


@dataclass(frozen=True, slots=True)
class Link:
    """Words that can be pressed. command: which one they give, None for going to what explains the job's state."""

    command: Command | None

    @property
    def words(self) -> str:
        """What stands there."""
        return text.tr("Why?") if self.command is None else text.command_name(self.command)


_LINKS = {command: Link(command) for command in (None, *_COMMANDS.values())}


def links_of(row: Row) -> tuple[Link, ...]:
    """The links of a row: none where it needs nobody, or where its service can't be reached."""
    job = row.job
    if row.is_over or row.is_stale or row.pending is not None or job.state not in _COMMANDS:
        return ()
    if job.state is JobState.TRANSFERRED and job.auto_complete:
        return ()
    command = _COMMANDS[job.state]
    commands = [command] if is_offered(job, command, frozenset((command,))) else []
    explains = [None] if job.state is JobState.ERROR else []
    return tuple(_LINKS[one] for one in (*commands, *explains))


def places_of(row: Row, line: QRect, metrics: QFontMetrics) -> list[tuple[Link, QRect]]:
    """Where in the second line of a row's state its links stand, in the order of reading.

    line: the place of the second line, in pixels.
    """
    links = links_of(row)
    if not links:
        return []
    widths = [metrics.horizontalAdvance(link.words) for link in links]
    room = line.width() - sum(widths) - _GAP * len(links)
    if room < _LEAST_TEXT:
        return []
    left = line.left() + min(room, metrics.horizontalAdvance(row.second_line())) + _GAP
    places = []
    for link, width in zip(links, widths, strict=True):
        places.append((link, QRect(left, line.top(), width, line.height())))
        left += width + _GAP
    return places
