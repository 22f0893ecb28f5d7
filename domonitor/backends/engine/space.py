"""Whether what is being fetched has room on its disks: it stops with a word before a disk is full, not after."""

from __future__ import annotations

import os
import time
from collections.abc import Collection

from domonitor.backends.engine import disk, failures, volumes
from domonitor.backends.engine.failures import Failure
from domonitor.backends.engine.records import FileRecord
from domonitor.backends.engine.volumes import Room
from domonitor.jobs import hresult

RESERVE_BYTES = disk.SYNC_STEP_BYTES
"""A file of unknown size stops with so much still free: between two looks at the disk not more than that is written."""

SMALL_BYTES = 1 << 20
PLENTY_BYTES = 1 << 30
PLENTY_S = 1.0
"""A small file does not ask where there was plenty so short a time ago."""

_MOST_FOLDERS = 1_000


class Space:
    """Compares what running files still need with what is free. Lives on the engine's thread, but for look."""

    def __init__(self, running: Collection[FileRecord]) -> None:
        """running: all files that are being fetched, as they are at any moment."""
        self._running = running
        self._rooms: dict[str, tuple[Room, float]] = {}
        """Of each folder its room, and when it was asked for."""

    def look(self, part: str) -> None:
        """Asks how much room the temporary file's folder has, for lacking. Any thread; may block."""
        folder = _folder(part)
        room = _room(folder)
        if room is not None:
            if len(self._rooms) >= _MOST_FOLDERS:
                self._rooms.clear()
            self._rooms[folder] = (room, time.monotonic())

    def lacking_at_start(self, file: FileRecord) -> Failure | None:
        """Why the file, of which no byte has been written yet, can't be fetched whole."""
        left_bytes = _left_bytes(file)
        if not left_bytes:
            return None
        part = file.part
        if left_bytes <= SMALL_BYTES and (known := self._rooms.get(_folder(part))) is not None:
            room, asked_at_s = known
            if room.free_bytes >= PLENTY_BYTES and time.monotonic() < asked_at_s + PLENTY_S:
                return None
        self.look(part)
        return self.lacking(file)

    def lacking(self, file: FileRecord) -> Failure | None:
        """Why the file can't be fetched whole, by the last look at its folder."""
        known = self._rooms.get(_folder(file.part))
        if known is None:
            return None  # the folder can't be asked: it may be gone, which its file will tell
        room, _ = known
        left_bytes = _left_bytes(file)
        if left_bytes is None:
            return failures.little_room(room.free_bytes) if room.free_bytes < RESERVE_BYTES else None
        others_bytes = self._others_bytes(file, room.device)
        if left_bytes + others_bytes <= room.free_bytes:
            return None
        return failures.no_room(left_bytes, others_bytes, room.free_bytes)

    def explained(self, failure: Failure, file: FileRecord) -> Failure:
        """The failure, and where it is a full disk and the size is known, with what is missing."""
        if failure.code != hresult.ERROR_DISK_FULL or file.size is None:
            return failure
        room = _room(_folder(file.part))
        left_bytes = file.size - file.done_bytes
        others_bytes = self._others_bytes(file, room.device) if room else 0
        if room is None or left_bytes + others_bytes <= room.free_bytes:
            return failure  # what there is of room is not for us: a quota, or somebody has just made some
        return failures.no_room(left_bytes, others_bytes, room.free_bytes)

    def _others_bytes(self, file: FileRecord, device: int) -> int:
        """What other running files still need on the same disk, as far as their sizes are known."""
        needed_bytes = 0
        for other in self._running:
            if other is not file and self._device(other.part) == device:
                needed_bytes += _left_bytes(other) or 0
        return needed_bytes

    def _device(self, part: str) -> int | None:
        folder = _folder(part)
        if folder not in self._rooms:
            self.look(part)
        known = self._rooms.get(folder)
        return known[0].device if known else None


def _left_bytes(file: FileRecord) -> int | None:
    """What the file still needs, None where nobody knows."""
    return None if file.size is None else max(0, file.size - file.done_bytes)


def _folder(part: str) -> str:
    return os.path.dirname(part)  # noqa: PTH120


def _room(folder: str) -> Room | None:
    try:
        return volumes.room(folder)
    except OSError:
        return None
