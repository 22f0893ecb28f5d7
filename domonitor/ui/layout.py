"""Size of the window and order of its columns as text, for the settings."""

from __future__ import annotations

import base64

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QHeaderView, QWidget


def as_text(window: QWidget, header: QHeaderView) -> str:
    """What restore() takes again."""
    return " ".join(
        base64.b64encode(bytes(state.data())).decode() for state in (window.saveGeometry(), header.saveState())
    )


def restore(window: QWidget, header: QHeaderView, kept: str) -> None:
    """Gives window and columns the kept layout; where nothing was kept, or it is damaged, they stay as they are."""
    try:
        geometry, columns = (QByteArray(base64.b64decode(part)) for part in kept.split(" "))
    except ValueError:
        return
    if window.restoreGeometry(geometry):
        header.restoreState(columns)
