"""How each service is reached, in the status bar."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from domonitor.jobs.change import Health, HealthState
from domonitor.ui import text, theme
from domonitor.ui.labels import ElidedLabel

_SIGNS = {
    HealthState.OK: "●",
    HealthState.IDLE: "○",
    HealthState.CONNECTING: "◌",
    HealthState.UNAVAILABLE: "▲",
}
"""Each state has a shape of its own: colour alone tells nobody everything."""


class HealthBar(QWidget):
    """One word on each service, and why one can't be reached as far as there is room; the tooltip says all of it.

    Signals: all_requested(), somebody wants to see the jobs that a service shows to administrators alone.
    """

    all_requested = Signal()

    def __init__(self, services: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("healthBar")
        self._health = dict.fromkeys(services, Health(HealthState.CONNECTING))
        self._labels = {service: QLabel() for service in services}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 3, 12, 3)
        layout.setSpacing(18)
        for service, label in self._labels.items():
            label.setObjectName(f"health-{service}")
            layout.addWidget(label)
        self._offers_all = False
        self.all_button = QPushButton(text.tr("Show all jobs…"))
        self.all_button.setObjectName("elevateButton")
        self.all_button.setFlat(True)
        self.all_button.clicked.connect(self.all_requested)
        self.all_button.hide()
        layout.addWidget(self.all_button)
        self._reason = ElidedLabel()
        self._reason.setObjectName("healthReason")
        self._reason.setAccessibleName(text.tr("Why a service can't be reached"))
        layout.addWidget(self._reason, 1)
        self.restyle()

    def show_health(self, service: str, health: Health) -> None:
        """Shows a service's health."""
        self._health[service] = health
        self._show(service)

    def offer_all(self, is_offered: bool) -> None:
        """Whether there is a way to the jobs that a service does not show: it is offered where one does not."""
        self._offers_all = is_offered
        self._show_offer()

    def restyle(self) -> None:
        """Follows the theme."""
        colors = theme.colors(self.palette())
        self.all_button.setStyleSheet(
            f"QPushButton {{ color: {colors.accent}; border: 1px solid transparent; border-radius: 4px;"
            f" padding: 1px 6px; }} QPushButton:hover {{ background: {colors.track}; }}"
            f"QPushButton:focus {{ border-color: {colors.accent}; }} QPushButton:disabled {{ color: {colors.muted}; }}"
        )
        for service in self._labels:
            self._show(service)

    def _show(self, service: str) -> None:
        health, label = self._health[service], self._labels[service]
        colors = theme.colors(self.palette())
        color = {HealthState.OK: colors.good, HealthState.UNAVAILABLE: colors.danger}.get(health.state, colors.muted)
        name, words = text.service(service), text.health_name(health.state)
        shown = "" if health.state is HealthState.OK else f"&nbsp; {words}"
        label.setText(f'{name}&nbsp; <span style="color: {color}">{_SIGNS[health.state]}</span>{shown}')
        label.setAccessibleName(f"{name}: {words}. {health.reason}".strip())
        label.setToolTip(health.reason or f"{name}: {words}")
        reasons = [one.reason for one in self._health.values() if one.state is HealthState.UNAVAILABLE]
        self._reason.setText("  ".join(filter(None, reasons)))
        self._show_offer()

    def _show_offer(self) -> None:
        hidden = [one.reason for one in self._health.values() if one.is_partial]
        asks = text.tr("Windows asks for an administrator, and a second window opens that only watches.")
        self.all_button.setToolTip("\n".join((*hidden, asks)))
        self.all_button.setAccessibleDescription(self.all_button.toolTip())
        self.all_button.setVisible(self._offers_all and bool(hidden))
