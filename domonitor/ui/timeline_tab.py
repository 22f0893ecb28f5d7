"""What happened to the chosen job, the newest first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from domonitor.jobs.event import Event
from domonitor.ui import text, theme
from domonitor.ui.plain_table import PlainColumn, PlainTableModel, plain_table
from domonitor.words import happening
from domonitor.words.masking import without_secrets_in


def _sentence(event: Event) -> str:
    return without_secrets_in(happening.sentence(event))


class TimelineTab(QWidget):
    """A line for each event. It is asked for only while it is seen."""

    def __init__(self) -> None:
        super().__init__()
        columns: tuple[PlainColumn[Event], ...] = (
            PlainColumn(text.tr("When"), lambda event: text.moment(event.at), 150, tip=_exactly),
            PlainColumn(text.tr("What happened"), _sentence, 100),
        )
        self.model = PlainTableModel(columns, self, lambda event: f"{text.moment(event.at)}: {_sentence(event)}")
        self.table = plain_table("timelineTable", text.tr("What happened to the chosen download"), self.model)
        self._hint = QLabel(text.tr("Nothing is on record of this download yet."))
        self._hint.setObjectName("timelineHint")
        self.setAccessibleName(self._hint.text())  # it has the focus itself while there is no table
        self._hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._hint, 1)
        self.show_events(())

    def show_events(self, events: Sequence[Event]) -> None:
        """events: the oldest first."""
        self.model.set_rows(tuple(reversed(events)))
        self.table.setVisible(bool(events))
        self._hint.setVisible(not events)
        if events and self.hasFocus():
            self.table.setFocus()

    def restyle(self) -> None:
        """Follows the theme."""
        self._hint.setStyleSheet(f"color: {theme.colors(self.palette()).muted};")


def _exactly(event: Event) -> str:
    return f"{event.at.astimezone():%Y-%m-%d %H:%M:%S %z}"
