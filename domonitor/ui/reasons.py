"""Menus in which what is not offered can be reached all the same: the status bar says why it is not."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu, QProxyStyle, QStyle, QStyleHintReturn, QStyleOption, QWidget


class _ReachesAll(QProxyStyle):
    """The program's style, but the arrow keys don't leave out what is disabled."""

    def styleHint(
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        returnData: QStyleHintReturn | None = None,  # noqa: N803  # Qt's own name
    ) -> int:
        """See QStyle."""
        if hint == QStyle.StyleHint.SH_Menu_AllowActiveAndDisabled:
            return 1
        return super().styleHint(hint, option, widget, returnData)


def with_reasons(menu: QMenu) -> QMenu:
    """The menu, with tooltips for the mouse, and for the keyboard the status tips of what is disabled, too."""
    menu.setToolTipsVisible(True)
    # A style of its own made the window's first picture 4 ms later (measured): it comes when the menu does.
    once = Qt.ConnectionType.SingleShotConnection
    menu.aboutToShow.connect(partial(_let_reach_all, menu), once)
    return menu


def _let_reach_all(menu: QMenu) -> None:
    style = _ReachesAll(QApplication.style().name())
    style.setParent(menu)
    menu.setStyle(style)
