"""The first thing that runs: it looks at the arguments before anything heavy is imported."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def main() -> int:
    """Runs what the arguments ask for; the exit code."""
    arguments = sys.argv[1:]
    if not arguments:
        from domonitor import app

        return app.main()
    if len(arguments) == 2 and arguments[0] == "explain" and not arguments[1].startswith("--"):
        from domonitor import explain

        return explain.main(arguments[1])
    if arguments[0] == "engine":
        # Nothing of what is imported now is ever let go of: looking for what could be costs a tenth of the start.
        gc.disable()
        from domonitor.backends.engine import host

        gc.freeze()
        gc.enable()
        return host.main(arguments[1:], _engine_folder)
    if arguments == ["--version"]:
        from domonitor import __version__

        sys.stdout.write(f"domonitor {__version__}\n")
        return 0
    from domonitor import cli

    return cli.main(arguments)


def _engine_folder() -> Path:
    """Where the user's own engine lies."""
    from domonitor import settings

    return settings.data_folder() / "engine"


if __name__ == "__main__":
    sys.exit(main())
