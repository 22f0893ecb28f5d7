"""How a command ends."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes of every command."""

    DONE = 0
    FAILED = 1
    """A download failed."""
    WRONG_USE = 2
    """Something given can't be used."""
    NOT_REACHABLE = 3
    """The service can't be asked."""
    REFUSED = 4
    """The download's state does not allow it, or the time was over before it was done."""
    INTERRUPTED = 130
    """Ctrl+C."""


class Stop(Exception):
    """Ends the command with a sentence for the user, "" for none."""

    def __init__(self, code: Exit, message: str = "") -> None:
        super().__init__(message)
        self.code = code
