"""How fast the chosen job was: as a graph, and in a sentence that says the same."""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from domonitor.jobs.job import JobKey
from domonitor.jobs.speeds import Curve, Span
from domonitor.ui import text, theme

if TYPE_CHECKING:
    from domonitor.ui.speed_graph import SpeedGraph

_log = logging.getLogger(__name__)

_LOOK_MS = 20


class SpeedTab(QWidget):
    """The last minute, hour or day. What draws is loaded when the tab is first seen, beside everything else.

    curve: gives the speeds of a job over a span, up to now.
    """

    def __init__(self) -> None:
        super().__init__()
        self.curve: Callable[[JobKey, Span], Curve] = lambda _key, span: Curve(span, ())
        self._key: JobKey | None = None
        self._span = Span.MINUTE
        self._graph: SpeedGraph | None = None
        self._loading: threading.Thread | None = None
        self._look_timer = QTimer(self, interval=_LOOK_MS)
        self._look_timer.timeout.connect(self._look)
        self._sentence = QLabel()
        self._sentence.setObjectName("speedText")
        self._sentence.setAccessibleName(text.tr("Speed in words"))
        self._sentence.setWordWrap(True)
        self._sentence.setTextFormat(Qt.TextFormat.PlainText)
        self._place = QWidget()
        self._place.setObjectName("speedGraph")
        self._place.setAccessibleName(text.tr("Graph of the speed"))
        self._place.setMinimumHeight(1)
        QVBoxLayout(self._place).setContentsMargins(0, 0, 0, 0)
        self._spans = QButtonGroup(self)
        row = QHBoxLayout()
        row.setContentsMargins(10, 6, 12, 2)
        row.setSpacing(4)
        for at, (span, title, name) in enumerate(
            (
                (Span.MINUTE, text.tr("Minute"), "speedMinuteButton"),
                (Span.HOUR, text.tr("Hour"), "speedHourButton"),
                (Span.DAY, text.tr("Day"), "speedDayButton"),
            )
        ):
            button = QToolButton()
            button.setObjectName(name)
            button.setText(title)
            button.setCheckable(True)
            button.setChecked(span is self._span)
            button.setAutoRaise(True)
            button.clicked.connect(lambda _=False, span=span: self._choose(span))
            self._spans.addButton(button, at)
            row.addWidget(button)
        row.addSpacing(10)
        row.addWidget(self._sentence, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(row)
        layout.addWidget(self._place, 1)

    def set_job(self, key: JobKey | None) -> None:
        """Whose speed it is."""
        if key != self._key:
            self._key = key
            self.tick()

    def tick(self) -> None:
        """A moment has passed; nothing is done while nobody sees the tab."""
        if not self.isVisible() or self._key is None:
            return
        curve = self.curve(self._key, self._span)
        words = sentence(curve)
        self._sentence.setText(words)
        self._place.setAccessibleDescription(words)
        if self._graph is not None:
            self._graph.show_curve(curve)

    def restyle(self) -> None:
        """Follows the theme."""
        colors = theme.colors(self.palette())
        self._sentence.setStyleSheet(f"color: {colors.muted};")
        if self._graph is not None:
            self._graph.restyle()

    def showEvent(self, event: QShowEvent) -> None:
        """See QWidget."""
        super().showEvent(event)
        if self._loading is None:
            self._loading = threading.Thread(target=_load, name="domonitor-graph", daemon=True)
            self._loading.start()
            self._look_timer.start()
        self.tick()

    def _look(self) -> None:
        """Draws as soon as what draws is there."""
        if self._loading is None or self._loading.is_alive():
            return
        self._look_timer.stop()
        try:
            from domonitor.ui.speed_graph import SpeedGraph
        except ImportError as missing:
            _log.info("there is no graph: %s", missing)  # the sentence says the same
            return
        self._graph = SpeedGraph()
        self.tick()
        layout = self._place.layout()
        assert layout is not None
        layout.addWidget(self._graph)

    def _choose(self, span: Span) -> None:
        self._span = span
        self.tick()


def _load() -> None:
    """Imports what draws, which took 0.3 s (measured); on its own thread the window goes on meanwhile."""
    is_collecting = gc.isenabled()
    gc.disable()  # a widget that is collected on this thread takes the program down
    try:
        with suppress(ImportError):  # the tab will find out
            import domonitor.ui.speed_graph  # noqa: F401
    finally:
        if is_collecting:
            gc.enable()


def sentence(curve: Curve) -> str:
    """What the graph shows, for whoever does not see it."""
    over = {
        Span.MINUTE: text.tr("Over the last minute"),
        Span.HOUR: text.tr("Over the last hour"),
        Span.DAY: text.tr("Over the last day"),
    }[curve.span]
    if not curve.known:
        return text.tr("{over}: nothing was measured.").format(over=over)
    if not curve.highest:
        return text.tr("{over}: nothing has arrived.").format(over=over)
    words = text.tr("{over}: {mean} on average, {highest} at most").format(
        over=over, mean=text.speed(curve.mean), highest=text.speed(curve.highest)
    )
    if curve.still_s >= 1:
        words += text.tr("; nothing came for {time} of it").format(time=text.duration(curve.still_s))
    return words + "."
