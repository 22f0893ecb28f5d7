"""Whether the program starts by itself when the user logs in: an entry that the system keeps for this user."""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from domonitor import program

HIDDEN = "--hidden"
"""What a program that was started so gets beside: no window, where its icon stands in the notification area."""

NAME = "domonitor"

RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
"""Below HKEY_CURRENT_USER."""

_ENTRY = """\
[Desktop Entry]
Type=Application
Name=domonitor
Comment=Download jobs in one window
Exec={command}
Icon=domonitor
Terminal=false
"""


def apply(is_wanted: bool) -> None:
    """Makes it so. Raises OSError. Asks the disk or the registry: call it on a thread."""
    if is_wanted:
        on()
    else:
        off()


def on() -> None:
    """The program starts by itself from now on; from where it runs now. Raises OSError."""
    if os.name == "nt":
        _write_value(command_line())
        return
    path = desktop_file()
    wanted = _ENTRY.format(command=" ".join(map(_quoted, program.command(HIDDEN))))
    with suppress(OSError, UnicodeDecodeError):
        if path.read_text(encoding="utf-8") == wanted:
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        beside.write_text(wanted, encoding="utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def off() -> None:
    """It does not any more. Raises OSError."""
    if os.name == "nt":
        _delete_value()
    else:
        desktop_file().unlink(missing_ok=True)


def is_on() -> bool:
    """Whether it does, as far as the system's entry says. Raises OSError."""
    if os.name == "nt":
        return _value() is not None
    try:
        entry = desktop_file().read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return False
    return re.search(r"^(Hidden\s*=\s*true|X-GNOME-Autostart-enabled\s*=\s*false)\s*$", entry, re.MULTILINE) is None


def desktop_file() -> Path:
    """The entry's place where there is no registry. Source: Desktop Application Autostart Specification."""
    folder = os.environ.get("XDG_CONFIG_HOME", "")
    base = Path(folder) if folder and Path(folder).is_absolute() else Path.home() / ".config"
    return base / "autostart" / f"{NAME}.desktop"


def command_line() -> str:
    """What Windows runs at log-in: the program's path in quotes, then the arguments."""
    executable, *arguments = program.command(HIDDEN)
    return f'"{executable}" {subprocess.list2cmdline(arguments)}'


def _quoted(argument: str) -> str:
    """An argument in the line Exec. Source: Desktop Entry Specification, which unescapes it twice."""
    escaped = re.sub(r'(["`$\\])', r"\\\1", argument)
    return '"' + escaped.replace("\\", "\\\\").replace("%", "%%") + '"'


def _registry() -> Any:
    return import_module("winreg")


def _value() -> str | None:
    registry = _registry()
    try:
        with registry.OpenKey(registry.HKEY_CURRENT_USER, RUN_KEY) as key:
            return str(registry.QueryValueEx(key, NAME)[0])
    except FileNotFoundError:
        return None


def _write_value(command: str) -> None:
    if _value() == command:
        return
    registry = _registry()
    with registry.CreateKeyEx(registry.HKEY_CURRENT_USER, RUN_KEY, access=registry.KEY_SET_VALUE) as key:
        registry.SetValueEx(key, NAME, 0, registry.REG_SZ, command)


def _delete_value() -> None:
    if _value() is None:
        return
    registry = _registry()
    with registry.OpenKey(registry.HKEY_CURRENT_USER, RUN_KEY, access=registry.KEY_SET_VALUE) as key:
        registry.DeleteValue(key, NAME)
