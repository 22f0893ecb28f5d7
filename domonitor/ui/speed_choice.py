"""The choice of a speed limit, in kilobytes a second."""

from __future__ import annotations

from PySide6.QtWidgets import QSizePolicy, QSpinBox

from domonitor.jobs.limit import LEAST_BYTES_PER_SECOND, MOST_BYTES_PER_SECOND
from domonitor.ui import text

_KILOBYTE = 1_000


class SpeedChoice(QSpinBox):
    """A number of kilobytes a second, 0 for no limit. An odd number of bytes stays, while nobody touches it."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("speedLimitBox")
        self.setRange(0, MOST_BYTES_PER_SECOND // _KILOBYTE)
        self.setSingleStep(100)
        self.setGroupSeparatorShown(True)
        self.setSuffix(text.tr(" kB/s"))
        self.setSpecialValueText(text.tr("No limit"))
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._shown = 0

    def show_speed(self, bytes_per_second: int) -> None:
        """Fills in a limit, 0 for none."""
        self._shown = bytes_per_second
        self.setValue(_rounded(bytes_per_second))

    def speed(self) -> int:
        """What is chosen, in bytes a second."""
        if self.value() == _rounded(self._shown):
            return self._shown
        return max(self.value() * _KILOBYTE, LEAST_BYTES_PER_SECOND) if self.value() else 0


def _rounded(bytes_per_second: int) -> int:
    return max(1, round(bytes_per_second / _KILOBYTE)) if bytes_per_second else 0
