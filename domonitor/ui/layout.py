"""The window's splitter, and size of the window and place of its splitter as text, for the settings."""

from __future__ import annotations

import base64

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QSplitter, QWidget


def split(upper: QWidget, lower: QWidget) -> QSplitter:
    """The two above each other, with a little more room for the upper one."""
    splitter = QSplitter(Qt.Orientation.Vertical)
    splitter.setObjectName("splitter")
    splitter.addWidget(upper)
    splitter.addWidget(lower)
    splitter.setStretchFactor(0, 3)
    splitter.setStretchFactor(1, 2)
    splitter.setSizes([420, 400])
    splitter.setChildrenCollapsible(False)
    splitter.setHandleWidth(5)
    return splitter


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
