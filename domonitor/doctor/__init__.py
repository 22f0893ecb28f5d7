"""The doctor: looks at what domonitor needs of this computer, and says what is wrong and what to do.

Nothing is sent anywhere, and nothing is written but an empty file in the download folder, for a moment. It works
without a display, without a user profile and as any user. Each check has a thread of its own and a time limit.

A new check is one function that returns a Finding, in machine.py, folders.py or net.py, and one line in CHECKS.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from domonitor.doctor import folders, machine, net
from domonitor.doctor.finding import Finding, Level
from domonitor.jobs.redaction import redacted

LIMIT_S = 10.0
"""How long all checks together may take; they run side by side."""

Check = Callable[[Path | None], Finding]

CHECKS: dict[str, Check] = {
    "display": machine.display,
    "Qt": machine.qt,
    "libcurl": net.libcurl,
    "trust": net.trust,
    "download folder": folders.downloads,
    "list of downloads": folders.store,
    "engine": folders.engine,
    "services": net.services,
    "clock": machine.clock,
    "settings": folders.settings_file,
    "policies": folders.laid_down,
    "logs": folders.logs,
}
"""What is looked at, in the order in which it is told. Each gets the engine's folder, None for a user without
a profile."""


def examine(
    engine_folder: Path | None, checks: dict[str, Check] | None = None, limit_s: float = LIMIT_S
) -> Sequence[tuple[str, Finding]]:
    """What each check found, by its name. One that fails or does not end in time is a finding as well."""
    found: dict[str, Finding] = {}
    checks = CHECKS if checks is None else checks

    def run(name: str, check: Check) -> None:
        try:
            found[name] = check(engine_folder)
        except ImportError as error:
            found[name] = Finding(Level.WARNING, f"It can't be looked at without what is missing above: {error}.")
        except Exception as error:
            found[name] = Finding(
                Level.PROBLEM,
                f"The check failed: {redacted(f'{type(error).__name__}: {error}')}.",
                "Please report this; it is a mistake in domonitor.",
            )

    threads = [
        threading.Thread(target=run, args=each, name=f"domonitor-doctor-{each[0]}", daemon=True)
        for each in checks.items()
    ]
    for thread in threads:
        thread.start()
    until_s = time.monotonic() + limit_s
    for thread in threads:
        thread.join(max(0.0, until_s - time.monotonic()))
    late = Finding(
        Level.WARNING,
        f"No answer within {limit_s:.0f} s.",
        "A disk or a network drive may be slow or gone. Try again; if it stays so, restart the computer.",
    )
    return [(name, found.get(name, late)) for name in checks]
