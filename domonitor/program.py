"""This program itself: how it is started once more."""

from __future__ import annotations

import os
import site
import sys
from pathlib import Path

WITHOUT_CONSOLE = {"python.exe": "pythonw.exe", "domonitor.exe": "domonitor-gui.exe"}
"""On Windows: the same program, which opens no console; it lies beside the other one, if at all."""


def is_frozen() -> bool:
    """Whether it is one program file, and no Python beside it."""
    return bool(getattr(sys, "frozen", False))


def command(*arguments: str, is_isolated: bool = False) -> list[str]:
    """What starts the window's program with these arguments.

    is_isolated: the user's own settings and folders of Python have no part in it.
    """
    if is_frozen():
        return [str(_program()), *arguments]
    return [str(_program()), *(["-I"] if is_isolated else []), "-m", "domonitor", *arguments]


def places() -> list[Path]:
    """What of the disk an isolated start runs from: its program file, and every folder from which it takes code."""
    executable = Path(sys.executable)
    package = Path(__file__).parent
    if is_frozen():
        return list(dict.fromkeys([executable, _program(), executable.parent, package.parent, package]))
    prefixes = [Path(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix)]
    base = Path(getattr(sys, "_base_executable", sys.executable))
    programs = [executable, _program(), base]
    left_out = {"", str(Path.cwd()), *os.environ.get("PYTHONPATH", "").split(os.pathsep), site.getusersitepackages()}
    imported = [Path(entry) for entry in sys.path if entry not in left_out and Path(entry).exists()]
    found = [*programs, *(each.parent for each in programs), *prefixes, *imported, package, package / "ui"]
    return list(dict.fromkeys(found))


def _program() -> Path:
    """The program file, or Python; where there is one without a console, that one."""
    executable = Path(sys.executable)
    quiet = executable.with_name(WITHOUT_CONSOLE.get(executable.name.lower(), executable.name))
    return quiet if quiet.exists() else executable
