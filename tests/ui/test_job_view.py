"""The list on the screen: what it paints, what it holds still, and what the keyboard does."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QMessageBox

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change
from domonitor.jobs.error import CopyError, ErrorContext
from domonitor.jobs.job import JobKey
from domonitor.jobs.state import Command, JobState
from domonitor.ui import job_view, theme
from domonitor.ui.add_jobs import AddDialog
from domonitor.ui.columns import COLUMNS, PROGRESS
from domonitor.ui.main_window import MainWindow
from tests.ui.conftest import Run
from tests.ui.opened import answer, job, label, opened, part, until

S = JobState


def pixels_of_the_bar(window: MainWindow, at: int) -> int:
    """How many pixels of the row's bar are in the colour of what is done."""
    picture = window.table.viewport().grab().toImage()
    cell = window.table.visualRect(window.model.index(at, PROGRESS))
    done = theme.colors(window.palette()).accent
    middle = cell.center().y() + 1
    return sum(picture.pixelColor(x, middle).name() == done for x in range(cell.left(), cell.right()))


def test_the_bar_is_as_long_as_the_job_is_done(run: Run) -> None:
    async def test() -> None:
        jobs = [job(at, S.TRANSFERRING, progress=(done, 100, 0, 1)) for at, done in enumerate((0, 25, 50, 100))]
        async with opened(ScriptedBackend(jobs)) as window:
            await until(lambda: window.model.rowCount() == 4)
            nothing, quarter, half, whole = (pixels_of_the_bar(window, at) for at in range(4))
            assert nothing == 0 < quarter < half < whole
            assert half == pytest.approx(whole / 2, abs=4)

    run(test())


def test_sizes_beyond_4_gib_and_unknown_ones_are_shown(run: Run) -> None:
    async def test() -> None:
        big = job(1, S.TRANSFERRING, progress=(3 * 2**32, 4 * 2**32, 0, 1))
        unknown = job(2, S.TRANSFERRING, progress=(41_000_000, None, 0, 1))
        async with opened(ScriptedBackend([big, unknown])) as window:
            await until(lambda: window.model.rowCount() == 2)
            shown = {
                column.name: [window.model.index(row, at).data() for row in range(2)]
                for at, column in enumerate(COLUMNS)
            }
            assert shown["size"] == ["17.2 GB", "\N{EN DASH}"]
            assert shown["progress"] == ["75 %", ""]
            assert shown["speed"] == shown["remaining"] == ["", ""]

    run(test())


def test_no_row_moves_while_the_mouse_does(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1), job(2)])) as window:
            await until(lambda: window.model.rowCount() == 2)
            assert window.table.can_reorder()
            viewport = window.table.viewport()
            QApplication.sendEvent(viewport, QEvent(QEvent.Type.Enter))
            # Not by QTest.mouseMove: it lets the loop run within this coroutine, which then may never go on.
            place, nothing = QPointF(20, 20), Qt.MouseButton.NoButton
            moved = QMouseEvent(
                QEvent.Type.MouseMove,
                place,
                viewport.mapToGlobal(place),
                nothing,
                nothing,
                Qt.KeyboardModifier.NoModifier,
            )
            QApplication.sendEvent(viewport, moved)
            assert not window.table.can_reorder()
            monkeypatch.setattr(job_view, "_AIMING_S", -1.0)
            assert window.table.can_reorder()

    run(test())


def test_the_chosen_row_stays_in_sight_when_its_error_takes_the_room(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(number) for number in range(40)])
        service.errors["12"] = CopyError(ErrorContext.REMOTE_FILE, 0x80190194)
        async with opened(service) as window:
            await until(lambda: window.model.rowCount() == 40)
            window.resize(760, 720)
            window.choose(JobKey("scripted", "12"))
            room = window.table.viewport().height()
            service.publish(Change((job(12, S.ERROR, error_code=0x80190194),)))
            await until(part(window, QFrame, "errorPanel").isVisible)
            window.resize(760, 520)
            await until(lambda: window.table.viewport().height() < room)
            row = window.table.visualRect(window.model.index(12, 0))
            assert 0 <= row.top() < row.bottom() <= window.table.viewport().height()

    run(test())


def test_what_the_focus_makes_current_is_not_chosen(run: Run) -> None:
    async def test() -> None:
        jobs = [job(at, S.ERROR, error_code=0x80190194) for at in range(3)]
        async with opened(ScriptedBackend(jobs)) as window:
            await until(lambda: window.model.rowCount() == 3)
            await activate(window)
            assert window.table.currentIndex().isValid()
            assert part(window, QLabel, "detailsHint").isVisible()
            panel = part(window, QFrame, "errorPanel")
            assert not panel.isVisible()
            window.table.selectRow(1)
            await until(panel.isVisible)
            assert label(window, "detailsTitle").startswith("job 1 ")
            window.table.clearSelection()
            assert not panel.isVisible()

    run(test())


async def activate(window: MainWindow) -> None:
    """What a window manager does at the start and after each dialog, and the offscreen platform does not."""
    window.activateWindow()
    await until(window.isActiveWindow)
    await until(window.table.hasFocus)


def test_the_keyboard_reaches_everything(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.TRANSFERRING), job(2, S.TRANSFERRING)])
        async with opened(service) as window:
            await until(lambda: window.model.rowCount() == 2)
            await activate(window)
            QTest.keyClick(window.table, Qt.Key.Key_Down)
            QTest.keyClick(window.table, Qt.Key.Key_Delete)
            await until(lambda: window.findChild(QMessageBox) is not None)
            QTest.keyClick(window.findChild(QMessageBox), Qt.Key.Key_Escape)
            await until(lambda: window.findChild(QMessageBox) is None)
            assert service.requests == []
            await activate(window)
            QTest.keyClick(window.table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
            QTest.keyClick(window.table, Qt.Key.Key_Delete)
            await answer(window, "Cancel 2 downloads")
            await until(lambda: [len(one.job_ids) for one in service.requests] == [2])
            assert service.requests[0].command is Command.CANCEL
            await activate(window)
            QTest.keyClick(window.table, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
            dialog = window.findChild(AddDialog)
            assert dialog is not None
            QTest.keyClick(dialog, Qt.Key.Key_Escape)
            await until(lambda: window.findChild(AddDialog) is None)

    run(test())
