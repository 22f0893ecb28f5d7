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
else:
    import fcntl

    def _lock(descriptor: int) -> None:
        # flock, not lockf: lockf lets a second engine of the same process in.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FolderLock:
    """Holds a folder until close, or until the process ends in whatever way."""

    def __init__(self, folder: Path) -> None:
        """Raises FolderInUse with the process that holds it."""
        self._descriptor = os.open(folder / "engine.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(self._descriptor)
        except OSError:
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            owner = os.read(self._descriptor, 32)
            os.close(self._descriptor)
            raise FolderInUse(str(folder), int(owner) if owner.strip().isdigit() else None) from None
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, f"{os.getpid()}\n".encode())

    def close(self) -> None:
        """Lets go of the folder."""
        os.close(self._descriptor)
