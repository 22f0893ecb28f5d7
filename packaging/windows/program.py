"""Both programs of the Windows folder: domonitor-gui.exe is the window, domonitor.exe the commands as well."""

import os
import sys
from pathlib import Path

from domonitor.__main__ import main, window

if __name__ == "__main__":
    for name in ("stdout", "stderr"):
        # A program without a console has none of them; what is told to nobody must not end it.
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    is_window = Path(sys.executable).stem.lower().endswith("-gui")
    sys.exit(window() if is_window else main())
