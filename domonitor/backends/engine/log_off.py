"""Windows: being told that the user logs off, or that the computer shuts down.

A process that has loaded user32.dll, as libcurl's parts and ctypes make it do, gets no console event for that, but a
message to its windows: so it has one, which is never shown. Source: SetConsoleCtrlHandler, Remarks.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)

CLASS_NAME = "domonitor-log-off"

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    # Source: winuser.h.
    _MAY_IT_END, _IT_ENDS = 0x11, 0x16  # WM_QUERYENDSESSION, WM_ENDSESSION
    _Result = ctypes.c_ssize_t
    _Handler = ctypes.WINFUNCTYPE(_Result, wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)

    class _Class(ctypes.Structure):
        """WNDCLASSW."""

        _fields_ = (
            ("style", wintypes.UINT),
            ("handler", _Handler),
            ("class_extra", ctypes.c_int),
            ("window_extra", ctypes.c_int),
            ("instance", wintypes.HINSTANCE),
            ("icon", wintypes.HANDLE),
            ("cursor", wintypes.HANDLE),
            ("background", wintypes.HANDLE),
            ("menu_name", wintypes.LPCWSTR),
            ("class_name", wintypes.LPCWSTR),
        )

    def on_log_off(call: Callable[[], None]) -> None:
        """Makes the call, on a thread of its own, when the session ends; the process is ended soon after it returns."""
        threading.Thread(target=_listen, args=(call,), name="domonitor-log-off", daemon=True).start()

    def _listen(call: Callable[[], None]) -> None:
        user = ctypes.WinDLL("user32", use_last_error=True)
        user.DefWindowProcW.argtypes = (wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
        user.DefWindowProcW.restype = _Result
        user.CreateWindowExW.restype = wintypes.HWND

        def handle(window: int, message: int, first: int, second: int) -> int:
            if message == _MAY_IT_END:
                return 1
            if message == _IT_ENDS:
                if first:
                    call()
                return 0
            result: int = user.DefWindowProcW(window, message, first, second)
            return result

        described = _Class(handler=_Handler(handle), class_name=CLASS_NAME)
        user.RegisterClassW(ctypes.byref(described))
        # A window at the top, though one that is not shown: others are not told.
        if not user.CreateWindowExW(0, CLASS_NAME, None, 0, 0, 0, 0, 0, None, None, None, None):
            _log.info("nobody will tell of a log-off: error %d", ctypes.get_last_error())
            return
        message = wintypes.MSG()
        while user.GetMessageW(ctypes.byref(message), None, 0, 0) > 0:
            user.DispatchMessageW(ctypes.byref(message))
