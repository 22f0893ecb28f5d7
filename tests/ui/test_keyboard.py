"""A tour of the window by keyboard alone, with what reads the screen aloud switched on as well."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface, QShortcut
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMessageBox, QWidget

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change
from domonitor.jobs.error import CopyError, ErrorContext
from domonitor.jobs.state import Command, JobState
from domonitor.ui.announcer import Announcer
from domonitor.ui.columns import COLUMNS
from domonitor.ui.main_window import MainWindow
from tests.ui.conftest import Run
from tests.ui.opened import answer, job, opened, part, until

S = JobState
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(params=[False, True], ids=["silent", "spoken"])
def _spoken(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[None]:
    QAccessible.setActive(request.param)
    yield
    QAccessible.setActive(False)


async def activate(window: MainWindow) -> None:
    window.activateWindow()
    await until(window.isActiveWindow)


def focused_pane(window: MainWindow) -> str:
    """The pane that holds the focus."""
    focused = QApplication.focusWidget()
    panes = {"list": window.list, "details": window.details, "panel": window.list.panel}
    if focused is window.list.filter_edit:
        return "filter"
    return next((name for name, pane in panes.items() if pane.isAncestorOf(focused)), str(focused))


def cycle(window: MainWindow, keys: str = "F6") -> str:
    """Offscreen, shortcuts are not dispatched to a window that no window manager has made active."""
    shortcut = next(one for one in window.findChildren(QShortcut) if one.key().toString() == keys)
    shortcut.activated.emit()
    return focused_pane(window)


@pytest.mark.usefixtures("_spoken")
def test_f6_goes_around_all_panes_and_back(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.ERROR, error_code=0x80072EE7), job(2)])
        service.errors["1"] = CopyError(ErrorContext.REMOTE_FILE, 0x80072EE7)
        async with opened(service) as window:
            await until(lambda: len(window.model.rows) == 2)
            await activate(window)
            window.choose(window.model.rows[0].job.key)
            window.list.show_filters(True)
            window.table.setFocus()
            assert [cycle(window) for _ in range(4)] == ["details", "filter", "panel", "list"]
            assert [cycle(window, "Shift+F6") for _ in range(4)] == ["panel", "filter", "details", "list"]
            window.list.show_filters(False)
            assert [cycle(window) for _ in range(3)] == ["details", "filter", "list"]

    run(test())


@pytest.mark.usefixtures("_spoken")
def test_a_tour_by_keyboard_alone(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.TRANSFERRING), job(2, S.QUEUED), job(3, S.SUSPENDED)])
        async with opened(service, is_grouped=True) as window:
            await until(lambda: len(window.model.rows) == 3)
            await activate(window)
            assert window.table.hasFocus(), "the list has the focus from the start"
            names = []
            for _ in range(5):
                QTest.keyClick(window.table, Qt.Key.Key_Down)
                names += [one.display_name for one in window.table.selected_jobs()]
            assert names == ["job 1", "job 2", "job 3"], "headings are passed by"
            QTest.keyClick(window.table, Qt.Key.Key_Home)
            QTest.keyClick(window.table, Qt.Key.Key_A, CONTROL)
            assert len(window.table.selected_jobs()) == 3
            QTest.keyClick(window.table, Qt.Key.Key_Delete)
            await answer(window, "Cancel 3 downloads")
            await until(lambda: service.requests)
            assert service.requests[0].command is Command.CANCEL
            await until(lambda: window.findChild(QMessageBox) is None)
            await activate(window)
            QTest.keyClick(window.table, Qt.Key.Key_F, CONTROL)
            edit = part(window, QLineEdit, "filterEdit")
            assert edit.hasFocus()
            QTest.keyClicks(edit, "job 2")
            QTest.keyClick(edit, Qt.Key.Key_Return)
            assert window.table.hasFocus()
            assert [row.job.display_name for row in window.model.rows] == ["job 2"]
            QTest.keyClick(window.table, Qt.Key.Key_F, CONTROL)
            QTest.keyClick(edit, Qt.Key.Key_Escape)
            assert len(window.model.rows) == 3
            QTest.keyClick(window.table, Qt.Key.Key_F, CONTROL | Qt.KeyboardModifier.ShiftModifier)
            assert part(window, QWidget, "filterPanel").isVisible()

    run(test())


def test_cells_headings_and_news_are_there_for_a_screen_reader(run: Run) -> None:
    async def test() -> None:
        QAccessible.setActive(True)
        try:
            service = ScriptedBackend([job(1, S.TRANSFERRING), job(2, S.QUEUED)])
            async with opened(service, is_grouped=True) as window:
                await until(lambda: len(window.model.rows) == 2)
                table = QAccessible.queryAccessibleInterface(window.table)
                assert table.text(QAccessible.Text.Name) == "Downloads"
                spoken = [cell(table, at).text(QAccessible.Text.Name) for at in range(window.model.rowCount())]
                assert spoken[0] == "Running, 1 download, unfolded."
                assert spoken[1].startswith("job 1, Downloading")
                assert spoken[3] == "job 2, Waiting for its turn. The service gives no reason, 0 %."
                service.publish(Change((job(1, S.ERROR, error_code=0x80072EE7),)))
                await until(lambda: window.model.row(job(1).key).job.state is S.ERROR)
                announcer: Announcer = window.announcer
                announcer.tell()  # to Qt, which has nobody to tell it to here
                window.model.settle()
        finally:
            QAccessible.setActive(False)

    run(test())


def cell(table: QAccessibleInterface, row: int) -> QAccessibleInterface:
    """The first cell of a row: Qt counts titles and row numbers as cells, too."""
    return table.child((row + 1) * (len(COLUMNS) + 1) + 1)
