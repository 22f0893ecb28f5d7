"""Windows' shell: a program started with the rights of an administrator, whom Windows asks first."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import c_void_p, c_wchar_p
from subprocess import list2cmdline

from domonitor.backends.com.library import last_error, library

CANCELLED = 1223
"""ERROR_CANCELLED: somebody said no."""

_SHOW = 1
_STARTED = 32
"""Above this ShellExecute has done it."""
_APARTMENT = 0x2
"""COINIT_APARTMENTTHREADED: the shell may need COM."""


def start_as_administrator(program: str, arguments: Sequence[str], folder: str, window: int) -> int:
    """Starts it; 0, or the Win32 error. Comes back when Windows' question is answered: call it on a thread.

    window: the native handle of the one that asks for it, 0 for none.
    """
    shell, objects = library("shell32"), library("ole32")
    shell.ShellExecuteW.restype = c_void_p
    is_ready = objects.CoInitializeEx(None, _APARTMENT) >= 0
    try:
        done = shell.ShellExecuteW(
            *(c_void_p(window), c_wchar_p("runas"), c_wchar_p(program), c_wchar_p(list2cmdline(arguments))),
            *(c_wchar_p(folder), _SHOW),
        )
        return 0 if (done or 0) > _STARTED else last_error() or 1
    finally:
        if is_ready:
            objects.CoUninitialize()
