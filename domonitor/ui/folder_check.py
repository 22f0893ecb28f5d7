"""Whether downloads can be saved in a folder. Asks the disk: never on Qt's thread."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from domonitor.ui import text


def problem_by_name(folder: str) -> str:
    """What is wrong with a folder as it was typed, "" for nothing. Looks at no disk."""
    if not folder:
        return text.tr("Choose a folder for the files.")
    if not Path(folder).is_absolute():
        return text.tr("Give the whole path of the folder, from its beginning.")
    return ""


def problem_on_disk(folder: Path, *, is_tried: bool) -> str:
    """What is wrong with the folder itself, "" for nothing. is_tried: a file is made there, for a moment."""
    try:
        if not folder.exists():
            return text.tr("This folder is not there. Make it first, or choose another one.")
        if not folder.is_dir():
            return text.tr("This is a file, and no folder.")
        if is_tried:
            descriptor, path = tempfile.mkstemp(prefix=".domonitor-", dir=folder)
            os.close(descriptor)
            Path(path).unlink()
        elif not os.access(folder, os.W_OK | os.X_OK):
            return text.tr("You may not write into this folder.")
    except ValueError:  # a character that no path can have
        return text.tr("No folder can be called that.")
    except OSError as error:
        return text.tr("Nothing can be saved in this folder: {reason}.").format(reason=error.strerror or error)
    return ""
