"""The program's folder in the PATH of a user or of the computer, where a terminal finds domonitor.exe."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if sys.platform == "win32":
    import ctypes
    import winreg

    _OF_COMPUTER = r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment"
    _BROADCAST, _SETTING_CHANGE, _ABORT_IF_HUNG, _WAIT_MS = 0xFFFF, 0x1A, 2, 1000
    """Source: winuser.h, HWND_BROADCAST, WM_SETTINGCHANGE, SMTO_ABORTIFHUNG."""

    def add(all_users: bool) -> int:
        """Adds the folder at the end; 0. Once it is there, nothing is done."""
        return _write([*_others(all_users), str(_folder())], all_users)

    def remove(all_users: bool) -> int:
        """Takes the folder out, and leaves everything else as it stands; 0."""
        return _write(_others(all_users), all_users)

    def _folder() -> Path:
        return Path(sys.executable).parent

    def _key(all_users: bool, access: int) -> winreg.HKEYType:
        where = (winreg.HKEY_LOCAL_MACHINE, _OF_COMPUTER) if all_users else (winreg.HKEY_CURRENT_USER, "Environment")
        return winreg.CreateKeyEx(*where, access=access)

    def _read(all_users: bool) -> tuple[str, int]:
        """The value as it is written, and its kind: what is to be expanded stays so."""
        with _key(all_users, winreg.KEY_READ) as key:
            try:
                value, kind = winreg.QueryValueEx(key, "Path")
            except FileNotFoundError:
                return "", winreg.REG_EXPAND_SZ
            return str(value), kind

    def _others(all_users: bool) -> list[str]:
        """All that stands there but this folder."""
        own = os.path.normcase(_folder())
        parts = _read(all_users)[0].split(";")
        return [part for part in parts if part and os.path.normcase(part.strip().rstrip("\\")) != own]

    def _write(parts: list[str], all_users: bool) -> int:
        before, kind = _read(all_users)
        after = ";".join(parts)
        if after == before.rstrip(";"):
            return 0
        with _key(all_users, winreg.KEY_WRITE) as key:
            if after:
                winreg.SetValueEx(key, "Path", 0, kind, after)
            else:
                winreg.DeleteValue(key, "Path")
        # New terminals get it; those that are open keep what they have.
        ctypes.windll.user32.SendMessageTimeoutW(
            _BROADCAST, _SETTING_CHANGE, None, ctypes.c_wchar_p("Environment"), _ABORT_IF_HUNG, _WAIT_MS, None
        )
        return 0
