"""Processes and profiles of a Windows computer, as the installer's part of the program needs them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "win32":
    import ctypes
    import winreg
    from ctypes import wintypes

    _PROFILES = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList"
    _QUERY, _TERMINATE = 0x1000, 0x0001
    """Source: winnt.h, PROCESS_QUERY_LIMITED_INFORMATION and PROCESS_TERMINATE."""

    _MOST = 16_384
    _kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel32.OpenProcess.restype = wintypes.HANDLE
    _kernel32.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    _kernel32.CloseHandle.argtypes = (wintypes.HANDLE,)
    _kernel32.TerminateProcess.argtypes = (wintypes.HANDLE, wintypes.UINT)
    _kernel32.QueryFullProcessImageNameW.argtypes = (
        *(wintypes.HANDLE, wintypes.DWORD, wintypes.LPWSTR),
        ctypes.POINTER(wintypes.DWORD),
    )

    _PROGRAMS = ("domonitor.exe", "domonitor-gui.exe")

    def running(folder: Path, names: tuple[str, ...] = _PROGRAMS) -> list[int]:
        """The processes that run one of those programs out of the folder itself, without this one.

        The uninstaller lies there, too, and waits for the one that asks this.
        """
        wanted = os.path.normcase(folder.resolve())
        found = []
        for process in _all():
            image = _image(process)
            if process == os.getpid() or image is None or os.path.normcase(image.parent) != wanted:
                continue
            if image.name.lower() in names:
                found.append(process)
        return found

    def end(process: int) -> bool:
        """Ends a process at once; whether that could be done."""
        handle = _kernel32.OpenProcess(_TERMINATE, False, process)
        if not handle:
            return False
        try:
            return bool(_kernel32.TerminateProcess(handle, 1))
        finally:
            _kernel32.CloseHandle(handle)

    def profiles() -> Iterator[Path]:
        """The folders of all users of this computer."""
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _PROFILES) as users:
            for number in range(winreg.QueryInfoKey(users)[0]):
                try:
                    with winreg.OpenKey(users, winreg.EnumKey(users, number)) as user:
                        said = winreg.QueryValueEx(user, "ProfileImagePath")[0]
                except OSError:
                    continue
                yield Path(os.path.expandvars(said))

    def _all() -> list[int]:
        ids = (wintypes.DWORD * _MOST)()
        written = wintypes.DWORD()
        _kernel32.K32EnumProcesses(ctypes.byref(ids), ctypes.sizeof(ids), ctypes.byref(written))
        return list(ids[: written.value // ctypes.sizeof(wintypes.DWORD)])

    def _image(process: int) -> Path | None:
        """The program of a process, None where that may not be known."""
        handle = _kernel32.OpenProcess(_QUERY, False, process)
        if not handle:
            return None
        try:
            length = wintypes.DWORD(_MOST)
            text = ctypes.create_unicode_buffer(_MOST)
            if _kernel32.QueryFullProcessImageNameW(handle, 0, text, ctypes.byref(length)):
                return Path(text.value)
            return None
        finally:
            _kernel32.CloseHandle(handle)
