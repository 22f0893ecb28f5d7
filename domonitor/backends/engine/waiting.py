"""Why a queued job does not move, in one plain sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from domonitor.jobs.job import Priority

HIGHER_PRIORITY = "Waits until the downloads of higher priority are done."
SPEED_LIMIT = "Waits because the speed limit leaves no room for another file."


def turn(slots: int) -> str:
    """All slots are taken."""
    under_way = "another download is" if slots == 1 else f"{slots} downloads are"
    return f"Waits for its turn: {under_way} under way."


def host_is_busy(host: str, files: int) -> str:
    """The host's connections are taken."""
    return f"Waits for {host}: {_files(files)} coming from there already, as many as are allowed at once."


def all_is_busy(files: int) -> str:
    """The process's connections are taken."""
    return f"Waits for a free connection: {_files(files)} under way, as many as are allowed at once."


def paused(until: str) -> str:
    """The weekly schedule says so. until: as a person says it, "" where it never ends."""
    return f"Downloads are paused by the weekly schedule{f' until {until}' if until else ''}."


def _files(count: int) -> str:
    return "one file is" if count == 1 else f"{count} files are"


@dataclass(frozen=True, slots=True)
class Waiting:
    """The reasons of all jobs at one moment: by priority for those that wait, by number for those that have their turn.

    "" is a reason too: that it is about to move. Immutable: one thread replaces it, any thread reads it.
    """

    by_priority: Mapping[Priority, str] = field(default_factory=lambda: MappingProxyType({}))
    by_number: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))

    def reason(self, number: int, priority: Priority) -> str | None:
        """Why this queued job does not move, None where it is about to."""
        return self.by_number.get(number, self.by_priority.get(priority)) or None
