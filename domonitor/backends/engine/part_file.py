"""A temporary file while its bytes arrive: what libcurl writes to."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable

from domonitor.backends.engine import disk


class PartFile:
    """A temporary file while its bytes arrive. It is opened by begin; until then nothing is touched.

    write: takes bytes; a bound method of C without a Python frame, for libcurl. written_bytes counts what the
    operating system has taken, never what still lies in the buffer. An error while writing never comes out of
    write: it stays in error, and nothing more is written.
    """

    def __init__(self, part: str, buffer_bytes: int, every_step: Callable[[], None]) -> None:
        """every_step: called whenever another disk.SYNC_STEP_BYTES have been written."""
        self._part = part
        self._raw = _RawPart(every_step)
        self._buffer = io.BufferedWriter(self._raw, buffer_bytes)
        self.write = self._buffer.write

    def begin(self, offset: int, until: int | None = None, keeps_bytes: int | None = None) -> bool:
        """Opens the file to go on at the offset; what lies behind it is cut off. A missing empty file is made anew.

        until: nothing is written from there on. keeps_bytes: the file has that size, and nothing of it is cut off.
        Returns False where it holds fewer bytes. Raises OSError, also where this is no file any more.
        """
        descriptor = disk.open_part(self._part, offset, keeps_bytes)
        if descriptor is not None:
            self._raw.begin(descriptor, offset, until)
        return descriptor is not None

    @property
    def is_open(self) -> bool:
        """Whether begin was called, and opened it."""
        return self._raw.has_begun

    @property
    def written_bytes(self) -> int:
        """Bytes in the file; 0 before begin."""
        return self._raw.written_bytes

    @property
    def surplus_bytes(self) -> int:
        """Bytes that came although nothing was to come any more; they are not written."""
        return self._raw.surplus_bytes

    @property
    def error(self) -> OSError | None:
        """What went wrong while writing."""
        return self._raw.error

    def flush(self) -> None:
        """Hands what lies in the buffer to the operating system."""
        self._buffer.flush()

    def release(self) -> int | None:
        """Flushes, and hands the open file over to who asks: its descriptor, None before begin."""
        self._buffer.flush()
        descriptor, self._raw.descriptor = self._raw.descriptor, None
        return descriptor

    def close(self) -> None:
        """Flushes and closes, unless it was handed over."""
        self._buffer.close()


class _RawPart(io.RawIOBase):
    def __init__(self, every_step: Callable[[], None]) -> None:
        self.descriptor: int | None = None
        self.has_begun = False
        self.written_bytes = 0
        self.surplus_bytes = 0
        self.error: OSError | None = None
        self._until = sys.maxsize
        self._every_step = every_step
        self._next_step = disk.SYNC_STEP_BYTES

    def begin(self, descriptor: int, offset: int, until: int | None) -> None:
        self.descriptor = descriptor
        self._until = sys.maxsize if until is None else until
        self.has_begun = True
        self.written_bytes = offset
        self._next_step = offset + disk.SYNC_STEP_BYTES

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        room = self._until - self.written_bytes
        came = view.nbytes
        if came > room:
            self.surplus_bytes += came - room
            view = view[:room]
        if self.error is None and self.descriptor is not None:
            done = 0
            try:
                while done < view.nbytes:
                    done += os.write(self.descriptor, view[done:])
            except OSError as error:
                self.error = error
            self.written_bytes += done
            if self.written_bytes >= self._next_step:
                self._next_step = self.written_bytes + disk.SYNC_STEP_BYTES
                self._every_step()
        # Whatever happened, libcurl is told that all is well: an exception would be printed by its binding.
        return came

    def close(self) -> None:
        if not self.closed:
            super().close()
            if self.descriptor is not None:
                os.close(self.descriptor)
