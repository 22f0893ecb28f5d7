"""The window as somebody uses it who has a keyboard and nothing else."""

from __future__ import annotations

import asyncio

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface, QContextMenuEvent, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QApplication, QDialog, QMenu, QTabBar, QWidget

from domonitor.ui.main_window import MainWindow
from tests.ui.opened import until

MOST_STEPS = 60


class Fingers:
    """Presses keys where the focus is. Where the screen is read aloud, each stop must have something to say.

    heard: what was announced.
    """

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.heard: list[str] = []
        announce = window.announcer.say
        window.announcer.say = lambda said: (self.heard.append(said), announce(said))[1]

    @property
    def at(self) -> str:
        """The name of what has the focus."""
        return name_of(QApplication.focusWidget())

    async def press(self, *keys: str) -> None:
        """One after the other, as "Ctrl+F"."""
        for each in keys:
            target = await self.target()
            if each == "Alt":
                QTest.keyClick(target, Qt.Key.Key_Alt)
            elif each == "Menu":  # the platform makes this of the key, and offscreen there is none to do it
                place = QPoint(5, 40)
                event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, place, target.mapToGlobal(place))
                QApplication.sendEvent(target, event)
            else:
                pressed = QKeySequence(each)[0]
                QTest.keyClick(target, pressed.key(), pressed.keyboardModifiers())
            await asyncio.sleep(0)  # what the key has started may begin
            self._listen()

    async def type(self, words: str) -> None:
        """Letter by letter."""
        QTest.keyClicks(await self.target(), words)
        self._listen()

    async def go_to(self, name: str, key: str = "Tab") -> None:
        """Presses the key until the focus is there."""
        passed = []
        for _ in range(MOST_STEPS):
            if self.at == name:
                return
            await self.press(key)
            passed.append(self.at)
        raise AssertionError(f"{key} never comes to {name}, but to {passed}")

    async def open_menu(self, *titles: str) -> None:
        """Opens the menu of that title in the menu bar, and the one in it."""
        bar, *submenus = titles
        await self.press("Alt", "Down")
        await self._walk(lambda: popup().title(), bar, "Right")
        for title in submenus:
            await self.pick(title, "Right")

    async def pick(self, title: str, key: str = "Return") -> None:
        """Goes to the entry of the open menu and presses the key on it."""
        await self.walk_to(title)
        await self.press(key)

    async def walk_to(self, title: str) -> None:
        """Goes to the entry of the open menu."""
        await self._walk(lambda: entry(popup()), title, "Down")

    async def _walk(self, now, wanted: str, key: str) -> None:
        passed = []
        for _ in range(MOST_STEPS):
            passed.append(now().replace("&", ""))
            if passed[-1] == wanted:
                return
            await self.press(key)
        raise AssertionError(f"{key} never comes to {wanted!r}, but to {passed}")

    async def target(self) -> QWidget:
        """What takes the keys. Where a window has closed, a window manager would give the focus to the one below."""
        opened: QWidget | None = QApplication.activePopupWidget()
        if opened is not None:
            return opened
        front = next((each for each in reversed(self.window.findChildren(QDialog)) if each.isVisible()), self.window)
        if QApplication.activeWindow() is not front:
            front.activateWindow()
            await until(lambda: QApplication.activeWindow() is front)
        focused: QWidget | None = QApplication.focusWidget()
        assert focused is not None, f"nothing in {name_of(front)} takes keys"
        return focused

    def _listen(self) -> None:
        focused: QWidget | None = QApplication.activePopupWidget() or QApplication.focusWidget()
        if QAccessible.isActive() and focused is not None:
            assert_speaks(focused)


def assert_speaks(widget: QWidget) -> None:
    """A screen reader has a name and a role for it, and words for what is current in it."""
    interface = QAccessible.queryAccessibleInterface(widget)
    assert interface.role() is not QAccessible.Role.NoRole, name_of(widget)
    if isinstance(widget, QMenu):
        assert entry(widget) or widget.activeAction() is None
        return
    assert said_of(interface), f"{name_of(widget)} has no name"
    if isinstance(widget, QAbstractItemView) and widget.currentIndex().isValid():
        assert said_of(interface.focusChild()), f"the current line of {name_of(widget)} says nothing"


def said_of(interface: QAccessibleInterface) -> str:
    """Its name."""
    return interface.text(QAccessible.Text.Name)


def popup() -> QMenu:
    """The menu that is open."""
    found = QApplication.activePopupWidget()
    assert isinstance(found, QMenu), "no menu is open"
    return found


def entry(menu: QMenu) -> str:
    """The entry that the keys have come to."""
    action = menu.activeAction()
    return "" if action is None else action.text().replace("&", "")


def name_of(widget: QWidget | None) -> str:
    """What it is called in the program."""
    if isinstance(widget, QTabBar):
        return "tabs"
    return "nothing" if widget is None else widget.objectName() or type(widget).__name__
