"""One engine to a folder, also within one process."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from domonitor.jobs.error import FolderInUse

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        # Far behind the process id, which others must be able to read.
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

    def _look(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)
        os.read(descriptor, 1)  # refused where the byte is locked
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        # flock, not lockf: lockf lets a second engine of the same process in.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _look(descriptor: int) -> None:
        # Shared: those who look do not see each other. It is let go at once, but keeps an engine out until then.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)


def holder(folder: Path) -> tuple[bool, int | None]:
    """Whether somebody holds the folder, and its process, None where that can't be told."""
    try:
        descriptor = os.open(folder / "engine.lock", os.O_RDONLY)
    except OSError:
        return False, None
    try:
        _look(descriptor)
    except OSError:
        return True, _owner(descriptor)
    else:
        return False, None
    finally:
        os.close(descriptor)


def _owner(descriptor: int) -> int | None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    owner = os.read(descriptor, 32)
    return int(owner) if owner.strip().isdigit() else None


class FolderLock:
    """Holds a folder until close, or until the process ends in whatever way."""

    def __init__(self, folder: Path) -> None:
        """Raises FolderInUse with the process that holds it."""
        self._descriptor = os.open(folder / "engine.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._descriptor)
        except OSError:
            owner = _owner(self._descriptor)
            os.close(self._descriptor)
            raise FolderInUse(str(folder), owner) from None
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def close(self) -> None:
        """Lets go of the folder."""
        os.close(self._descriptor)
