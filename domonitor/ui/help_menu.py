"""The Help menu."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from domonitor.jobs import hresult
from domonitor.jobs.job import JobKey
from domonitor.monitor import Monitor
from domonitor.ui import text

if TYPE_CHECKING:
    from domonitor.ui.explain_dialog import ExplainDialog


class HelpMenu(QMenu):
    """What explains. choose: makes a job the chosen one."""

    def __init__(self, monitor: Monitor, choose: Callable[[JobKey], object], window: QWidget) -> None:
        super().__init__(text.tr("&Help"), window)
        self._monitor = monitor
        self._choose = choose
        self._window = window
        explains = self.addAction(text.tr("Explain a code…"))
        explains.setObjectName("explainAction")
        explains.setShortcut(QKeySequence("Ctrl+E"))
        explains.triggered.connect(partial(self.explain, ""))
        keys = self.addAction(text.tr("Keyboard"))
        keys.setObjectName("keysAction")
        keys.setShortcut(QKeySequence(QKeySequence.StandardKey.HelpContents))
        keys.triggered.connect(self._show_keys)

    def explain(self, code: str | int = "", *_: object) -> ExplainDialog:
        """Opens the dialog that explains codes, with this one in any form."""
        from domonitor.ui.explain_dialog import ExplainDialog  # the window is there sooner without it

        dialog = ExplainDialog(self._monitor.jobs.values, self._window)
        dialog.job_chosen.connect(self._choose)
        dialog.explain(hresult.text(code) if isinstance(code, int) else code)
        dialog.show()
        return dialog

    def _show_keys(self) -> None:
        from domonitor.ui.keys_dialog import KeysDialog

        KeysDialog(self._window).open()
