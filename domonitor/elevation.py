"""A second window with the rights of an administrator, which only watches: whether to offer it, and its start.

Only where nobody but administrators can change what it would run: else any program of the user could run as one.
"""

from __future__ import annotations

import os
from pathlib import Path

from domonitor import program
from domonitor.words.text import tr

MONITOR_ONLY = "--monitor-only"

_OF_THE_USER = ("QT_", "QML", "PYSIDE", "PYTHON")


def is_offered() -> bool:
    """Whether this process may offer it. Looks at the disk: ask on a thread."""
    if os.name != "nt":
        return False
    from domonitor.backends.com import accounts, guarded

    return not accounts.is_elevated() and guarded.are_guarded(program.places())


def start(window: int) -> str:
    """Asks Windows for it; why it did not come to that, "" where it did or the user said no. Call it on a thread.

    window: the native handle of the one that asks, 0 for none.
    """
    from domonitor.backends.com import shell

    executable, *arguments = program.command(MONITOR_ONLY, is_isolated=True)
    path = Path(os.path.realpath(executable))
    code = shell.start_as_administrator(str(path), arguments, str(path.parent), window)
    if code in (0, shell.CANCELLED):
        return ""
    return tr("Windows did not start the second window (error {code}).").format(code=code)


def forget_the_users_plugins() -> None:
    """Where this process is an administrator's, the user's environment has no say in what Qt loads.

    Call it before Qt starts.
    """
    if os.name != "nt":
        return
    from domonitor.backends.com import accounts

    if accounts.is_elevated():
        for name in [name for name in os.environ if name.upper().startswith(_OF_THE_USER)]:
            del os.environ[name]
