"""What a check finds."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum

IMPORTING = threading.Lock()
"""Held while parts of the engine are imported: two threads that meet in the midst of it would each see half of them."""


class Level(StrEnum):
    """How bad it is: a warning is something that not everybody needs."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """level: how bad it is. found: sentences. remedy: what to do, "" where there is nothing to be done."""

    level: Level
    found: str
    remedy: str = ""


def ok(found: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, found)


def warning(found: str, remedy: str = "") -> Finding:
    """Something is missing that not everybody needs."""
    return Finding(Level.WARNING, found, remedy)


def problem(found: str, remedy: str) -> Finding:
    """domonitor can't do what it should."""
    return Finding(Level.PROBLEM, found, remedy)
