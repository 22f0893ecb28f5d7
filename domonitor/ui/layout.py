"""Size of the window and place of its splitter as text, for the settings."""

from __future__ import annotations

import base64

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QSplitter, QWidget


def as_text(window: QWidget, splitter: QSplitter) -> str:
    """What restore() takes again."""
    states = (window.saveGeometry(), splitter.saveState())
    return " ".join(base64.b64encode(bytes(state.data())).decode() for state in states)


def restore(window: QWidget, splitter: QSplitter, kept: str) -> None:
    """Gives them the kept layout; where nothing was kept, or it is damaged, they stay as they are."""
    try:
        geometry, places = (QByteArray(base64.b64decode(part)) for part in kept.split(" "))
    except ValueError:
        return
    if window.restoreGeometry(geometry):
        splitter.restoreState(places)
