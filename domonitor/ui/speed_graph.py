"""The graph of a speed. Imported only when one is first seen: pyqtgraph and numpy take half a second."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyqtgraph
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from domonitor.jobs.speeds import Curve, Span
from domonitor.ui import text, theme

pyqtgraph.setConfigOptions(antialias=True, exitCleanup=False)


class _SpeedAxis(pyqtgraph.AxisItem):  # type: ignore[misc]
    """Bytes per second in the unit that reads best."""

    def tickStrings(self, values: Sequence[float], scale: float, _spacing: float) -> list[str]:
        """See AxisItem."""
        return [text.speed(value * scale) if value > 0 else "0" for value in values]

    def tickValues(self, _low: float, high: float, _size: float) -> list[tuple[float, list[float]]]:
        """See AxisItem: at most three lines, at round numbers."""
        if high <= 0:
            return [(1.0, [0.0])]
        step = 10 ** math.floor(math.log10(high))
        step = next(each for each in (step / 2, step, step * 2, step * 5) if high / each <= 3.5)
        count = int(high / step)
        return [(step, [number * step for number in range(count + 1)])]


class _TimeAxis(pyqtgraph.AxisItem):  # type: ignore[misc]
    """How long ago."""

    def tickStrings(self, values: Sequence[float], _scale: float, _spacing: float) -> list[str]:
        """See AxisItem."""
        return [text.tr("now") if value > -0.5 else f"\N{MINUS SIGN}{text.duration(-value)}" for value in values]

    length_s = 60

    def tickValues(self, _low: float, _high: float, _size: float) -> list[tuple[float, list[float]]]:
        """See AxisItem: five of them."""
        step = self.length_s / 4
        return [(step, [-number * step for number in range(5)])]


class SpeedGraph(pyqtgraph.PlotWidget):  # type: ignore[misc]
    """A line over the ground. It is only looked at: nothing moves under the mouse, and there is no menu."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, axisItems={"left": _SpeedAxis("left"), "bottom": _TimeAxis("bottom")})
        self.setMenuEnabled(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseEnabled(False, False)
        self.hideButtons()
        self.setMinimumHeight(1)
        self._line = self.plot([], [], connect="finite")
        self._line.setFillLevel(0)
        self.getAxis("left").setWidth(84)
        self.show_curve(Curve(Span.MINUTE, ()))
        self.restyle()

    def show_curve(self, curve: Curve) -> None:
        """Draws it; what is not known is a gap."""
        steps = len(curve.bytes_per_s)
        at = [(number - steps + 1) * curve.span.step_s for number in range(steps)]
        self._line.setData(at, [math.nan if speed is None else speed for speed in curve.bytes_per_s])
        self.getAxis("bottom").length_s = curve.span.length_s
        self.setXRange(-curve.span.length_s, 0, padding=0.03)  # else the words at both ends have no room
        self.setYRange(0, max(curve.highest * 1.15, 1000.0), padding=0.03)

    def restyle(self) -> None:
        """Follows the theme."""
        colors = theme.colors(self.palette())
        self.setBackground(self.palette().base().color())
        self._line.setPen(pyqtgraph.mkPen(colors.accent, width=2))
        ground = QColor(colors.accent)
        ground.setAlpha(40)
        self._line.setBrush(ground)
        for name in ("left", "bottom"):
            axis = self.getAxis(name)
            axis.setPen(pyqtgraph.mkPen(colors.line))
            axis.setTextPen(pyqtgraph.mkPen(colors.muted))
            axis.setStyle(tickFont=self.font(), tickLength=0)
        self.showGrid(y=True, alpha=0.25)
