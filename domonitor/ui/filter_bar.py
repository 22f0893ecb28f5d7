"""The filter: a line to type into, and the lists of states and services with their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from domonitor.jobs import codes, hresult
from domonitor.jobs.codes import Explanation
from domonitor.jobs.error import InvalidInput
from domonitor.jobs.state import JobState
from domonitor.ui import text, theme
from domonitor.ui.columns import ATTENTION
from domonitor.ui.filtering import Filter
from domonitor.ui.labels import ElidedLabel
from domonitor.ui.rows import GONE, Kind

_TYPING_MS = 120
"""Between the last key and the filtering: who types a word wants the word."""

_STALE_DAYS = 14


class FilterEdit(QLineEdit):
    """Where one types what to look for. Escape empties it; Down goes on to the list.

    Signals: searched(str), a short while after the last key. left(), the list is wanted.
    """

    searched = Signal(str)
    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("filterEdit")
        self.setAccessibleName(text.tr("Filter"))
        self.setAccessibleDescription(text.tr("Looks through names, addresses, files, codes and error texts"))
        self.setPlaceholderText(text.tr("Filter or code…"))
        self.setToolTip(text.tr("Name, address, file, error text or code (Ctrl+F)"))
        self.setClearButtonEnabled(True)
        self.setMaxLength(300)
        self._icon = QAction(self)
        self.addAction(self._icon, QLineEdit.ActionPosition.LeadingPosition)
        self._timer = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._timer.timeout.connect(lambda: self.searched.emit(self.text()))
        self.textChanged.connect(self._type)

    def _type(self, typed: str) -> None:
        if typed:
            self._timer.start()
        else:
            self._timer.stop()
            self.searched.emit("")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """See QWidget."""
        key = event.key()
        if key == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._timer.stop()
            self.searched.emit(self.text())
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        """See QWidget. It gives way to the commands."""
        return QSize(150, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        """See QWidget. As narrow with a text as without one, whose cross would push a button out of the toolbar."""
        return QSize(60, super().minimumSizeHint().height())

    def restyle(self) -> None:
        """Follows the theme."""
        self._icon.setIcon(theme.icon("search", theme.colors(self.palette()).muted))


class CodeHint(QFrame):
    """What a code means that was typed into the filter; the tooltip says what to do about it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("codeHint")
        self.setAccessibleName(text.tr("What the code means"))
        self._typed = ""
        self._label = ElidedLabel()
        self._label.setObjectName("codeHintText")
        self._button = QPushButton(text.tr("Explain…"))
        self._button.setObjectName("codeHintButton")
        self._button.hide()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 5, 14, 5)
        layout.addWidget(self._label, 1)
        layout.addWidget(self._button)
        self.restyle()
        self.hide()

    def offer(self, explain: Callable[[str], object]) -> None:
        """Offers all that can be said of a code; explain shows it."""
        self._button.clicked.connect(lambda: explain(self._typed))
        self._button.show()

    def look_at(self, typed: str) -> None:
        """Shows itself if a code was typed."""
        explanation = explained(typed)
        self._typed = typed.strip()
        if explanation is not None:
            head = ", ".join(filter(None, (hresult.text(explanation.code), explanation.name)))
            self._label.setText(f"{head}:  {explanation.headline}")
            self._label.setToolTip("\n".join((explanation.details, *explanation.steps)))
            self.setAccessibleDescription(self._label.text())
        self.setVisible(explanation is not None)

    def restyle(self) -> None:
        """Follows the theme."""
        colors = theme.colors(self.palette())
        self.setStyleSheet(f"#codeHint {{ border-bottom: 1px solid {colors.line}; }}")


def explained(typed: str) -> Explanation | None:
    """The explanation of what was typed, where that is a code and not just a word or a small number."""
    typed = typed.strip()
    if len(typed) < 3:
        return None
    with suppress(InvalidInput):
        found = codes.explain(typed)
        is_meant = typed.lower().startswith("0x") or not typed.isdigit() or bool(found.meanings or found.parts)
        return found if is_meant else None
    return None


class FilterPanel(QWidget):
    """States and services with their counts, age, and what is gone.

    Signals: changed(), something else was chosen.
    """

    changed = Signal()

    def __init__(self, services: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("filterPanel")
        self.setAccessibleName(text.tr("Filters"))
        states: list[tuple[str, object]] = [(text.tr("All states"), None)]
        states += [(text.state_name(state), state) for state in sorted(JobState, key=ATTENTION.__getitem__)]
        states.append((text.tr("Gone from its service"), GONE))
        self.states = _ChoiceList("stateList", text.tr("States"), states)
        named: list[tuple[str, object]] = [(text.tr("All services"), None)]
        named += [(text.service(service), service) for service in services]
        self.services = _ChoiceList("serviceList", text.tr("Services"), named)
        self.stale = QCheckBox(text.tr("No change for"))
        self.stale.setObjectName("staleBox")
        self.days = QSpinBox()
        self.days.setObjectName("staleDays")
        self.days.setAccessibleName(text.tr("Days without change"))
        self.days.setRange(1, 999)
        self.days.setValue(_STALE_DAYS)
        self.days.setSuffix(text.tr(" days"))
        self.history = QCheckBox(text.tr("History: what is gone"))
        self.history.setObjectName("historyBox")
        self.history.setToolTip(text.tr("Downloads that their services do not list any more"))
        age = QVBoxLayout()
        age.setSpacing(4)
        age.addWidget(self.stale)
        age.addWidget(self.days)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 6, 8)
        layout.setSpacing(4)
        for title, part in ((text.tr("State"), self.states), (text.tr("Service"), self.services)):
            heading = QLabel(title)
            heading.setProperty("isHeading", True)
            layout.addWidget(heading)
            layout.addWidget(part)
            layout.addSpacing(6)
        layout.addLayout(age)
        layout.addSpacing(6)
        layout.addWidget(self.history)
        layout.addStretch(1)
        for told in (self.states.currentRowChanged, self.services.currentRowChanged, self.history.toggled):
            told.connect(lambda *_: self.changed.emit())
        self.stale.toggled.connect(lambda *_: self.changed.emit())
        self.days.valueChanged.connect(lambda *_: self.changed.emit() if self.stale.isChecked() else None)

    def chosen(self, typed: str) -> Filter:
        """The filter with what was typed."""
        since = datetime.now(UTC) - timedelta(days=self.days.value()) if self.stale.isChecked() else None
        state, service = self.states.value(), self.services.value()
        return Filter(
            typed,
            state if isinstance(state, JobState | str) else None,
            None if service is None else str(service),
            since,
        )

    def clear(self) -> None:
        """Everything is shown again."""
        self.states.setCurrentRow(0)
        self.services.setCurrentRow(0)
        self.stale.setChecked(False)
        self.history.setChecked(False)

    def set_counts(self, tally: Counter[Kind]) -> None:
        """Shows how many jobs there are of each."""
        states: Counter[object] = Counter()
        services: Counter[object] = Counter()
        for (_, state, service), count in tally.items():
            states[state] += count
            services[service] += count
            states[None] += count
        services[None] = states[None]
        self.states.set_counts(states)
        self.services.set_counts(services)

    def restyle(self) -> None:
        """Follows the theme."""
        colors, palette = theme.colors(self.palette()), self.palette()
        self.setStyleSheet(
            f"QLabel[isHeading=true] {{ color: {colors.muted}; font-weight: 600; padding: 4px 2px 0 2px; }}"
            "QListWidget { background: transparent; border: none; outline: none; }"
            "QListWidget::item { padding: 3px 4px; border-radius: 4px; }"
            f"QListWidget::item:selected {{ background: {palette.highlight().color().name()};"
            f" color: {palette.highlightedText().color().name()}; }}"
            f"QListWidget:focus {{ border: 1px solid {colors.accent}; border-radius: 4px; }}"
        )


class _ChoiceList(QListWidget):
    """One choice of some, each with a count; as high as its entries."""

    def __init__(self, name: str, title: str, entries: Sequence[tuple[str, object]]) -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._entries = entries
        self.addItems([words for words, _ in entries])
        self.setCurrentRow(0)

    def value(self) -> object:
        """What is chosen, None for all."""
        return self._entries[max(self.currentRow(), 0)][1]

    def choose(self, value: object) -> None:
        """Makes it the chosen one."""
        self.setCurrentRow(next(at for at, (_, each) in enumerate(self._entries) if each == value))

    def set_counts(self, counts: Counter[object]) -> None:
        """Shows the counts; an entry without any is hidden, unless it is chosen."""
        for at, (words, value) in enumerate(self._entries):
            item = self.item(at)
            count = counts[value]
            shown = f"{words} ({count})"
            if item.text() != shown:
                item.setText(shown)
            is_hidden = not count and value is not None and at != self.currentRow()
            if item.isHidden() != is_hidden:
                item.setHidden(is_hidden)
                self.updateGeometry()

    def sizeHint(self) -> QSize:
        """See QWidget."""
        rows = [self.sizeHintForRow(at) for at in range(self.count()) if not self.item(at).isHidden()]
        return QSize(190, sum(rows) + 4)

    def minimumSizeHint(self) -> QSize:
        """See QWidget."""
        return QSize(150, 60)
