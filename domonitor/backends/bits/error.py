"""The error object of a job of BITS."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import TYPE_CHECKING

from domonitor.backends.com import objects
from domonitor.backends.com.library import library
from domonitor.jobs import codes
from domonitor.jobs.error import CallFailed, ErrorContext

if TYPE_CHECKING:
    from domonitor.backends.bits.job import BitsFile
    from domonitor.backends.bits.manager import BitsManager
    from domonitor.backends.com.apartment import Held


class BitsError:
    """What failed; see CopyErrorObject. It says the same for as long as it is held."""

    def __init__(self, manager: BitsManager, held: Held) -> None:
        self._manager = manager
        self._held = held

    def get_error(self) -> tuple[ErrorContext, int]:
        """See CopyErrorObject."""

        def ask() -> tuple[ErrorContext, int]:
            context, code = ctypes.c_int(), ctypes.c_uint32()
            objects.ask(self._held.pointer.GetError, ctypes.byref(context), ctypes.byref(code))
            known = context.value in ErrorContext.__members__.values()
            return ErrorContext(context.value) if known else ErrorContext.UNKNOWN, code.value

        return self._manager.run(ask)

    def get_file(self) -> BitsFile:
        """See CopyErrorObject. Raises CallFailed BG_E_FILE_NOT_AVAILABLE where the error is of no file."""

        def ask() -> BitsFile:
            from domonitor.backends.bits.job import BitsFile  # which hands out errors itself

            pointer = objects.given(self._held.pointer.GetFile, "IBackgroundCopyFile")
            return BitsFile(self._manager, self._manager.held(pointer))

        return self._manager.run(ask)

    def get_error_description(self) -> str:
        """The service's words in the user's language, else those of our table."""
        return self._described("GetErrorDescription", lambda: codes.explain(self.get_error()[1]).details)

    def get_error_context_description(self) -> str:
        """The service's words in the user's language, else our own."""
        return self._described("GetErrorContextDescription", lambda: self.get_error()[0].description)

    def get_protocol(self) -> str:
        """See CopyErrorObject."""

        def ask() -> str:
            return objects.words(self._held.pointer.GetProtocol)

        return self._manager.run(ask)

    def _described(self, method: str, ours: Callable[[], str]) -> str:
        def ask() -> str:
            language = library("kernel32").GetUserDefaultUILanguage() & 0xFFFF
            return objects.words(getattr(self._held.pointer, method), language).strip()

        try:
            return self._manager.run(ask) or ours()
        except CallFailed:
            return ours()
