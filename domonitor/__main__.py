"""The first thing that runs: it looks at the arguments before anything heavy is imported."""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from domonitor.backends.engine import EngineSettings

_OF_THE_WINDOW = ("--in-process", "--hidden", "--monitor-only")


def main() -> int:
    """Runs what the arguments ask for; the exit code."""
    arguments = sys.argv[1:]
    is_completing = "_DOMONITOR_COMPLETE" in os.environ  # a shell asks what could stand where its user types
    if not is_completing and all(
        each in _OF_THE_WINDOW or each.lower().startswith(("http://", "https://")) for each in arguments
    ):
        return window()
    if len(arguments) == 2 and arguments[0] == "explain" and not arguments[1].startswith("--"):
        from domonitor import explain

        return explain.main(arguments[1])
    if arguments[:1] == ["engine"] and arguments[1:2] not in (["status"], ["stop"]):
        gc.disable()
        from domonitor import logs
        from domonitor.backends.engine import host

        _collect_no_imports()
        return host.main(arguments[1:], _engine, logs.start_of_engine)
    if arguments[:2] == ["doctor", "--start-qt"]:
        from domonitor.doctor import machine

        exec(machine.START_QT)
        return 0
    if arguments[:1] == ["installer"]:
        from domonitor.windows import installer

        return installer.main(arguments[1:])
    if arguments == ["--version"]:
        from domonitor import __version__

        sys.stdout.write(f"domonitor {__version__}\n")
        return 0
    from domonitor import cli

    return cli.main(arguments)


def window() -> int:
    """Opens the window, whose arguments are addresses; the exit code."""
    gc.disable()
    from domonitor import app

    _collect_no_imports()
    return app.main(sys.argv[1:])


def _collect_no_imports() -> None:
    """Nothing of what was imported is ever let go of: looking for what could be costs a tenth of the start."""
    gc.freeze()
    gc.enable()


def _engine() -> tuple[Path, EngineSettings]:
    """Where the user's own engine lies, and what he has chosen of it."""
    from domonitor import services

    return services.engine_folder(), services.engine_settings()


if __name__ == "__main__":
    sys.exit(main())
