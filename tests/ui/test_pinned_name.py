"""Scrolled sideways, the list still says which download each row is."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change
from domonitor.jobs.state import JobState
from domonitor.ui.column_layout import Preset
from domonitor.ui.columns import AT, COLUMNS, NAME
from domonitor.ui.main_window import MainWindow
from tests.ui.conftest import Run
from tests.ui.opened import job, opened, until

S = JobState
FAR = 900


async def all_columns(window: MainWindow, jobs: int = 3) -> None:
    await until(lambda: len(window.model.rows) == jobs)
    window.list.columns.show_preset(Preset.SUPPORT)
    await until(lambda: window.table.horizontalScrollBar().maximum() > FAR)


def scroll(window: MainWindow, to: int) -> None:
    window.table.horizontalScrollBar().setValue(to)


def strip(window: MainWindow) -> QImage:
    """The left edge of the rows, as wide as the name column, without its last pixel: there a line parts it off."""
    size = window.table.viewport().size()
    return window.table.viewport().grab(QRect(0, 0, window.table.columnWidth(NAME) - 1, size.height())).toImage()


def test_the_names_stay_where_they_were_seen_first(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.TRANSFERRING), job(2), job(3)])
        async with opened(service, is_grouped=True) as window:
            await all_columns(window)
            pinned, unscrolled = window.list.pinned, strip(window)
            assert not pinned.is_shown
            scroll(window, FAR)
            assert pinned.is_shown
            assert strip(window) == unscrolled
            service.publish(Change((job(1, S.SUSPENDED),)))
            await until(lambda: strip(window) != unscrolled)
            scroll(window, 0)
            assert not pinned.is_shown

    run(test())


def test_they_go_along_when_the_list_is_scrolled_down(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend(job(number) for number in range(60))) as window:
            await all_columns(window, 60)
            down = window.table.verticalScrollBar()
            down.setValue(7)
            unscrolled = strip(window)
            down.setValue(0)
            scroll(window, FAR)
            down.setValue(7)
            assert strip(window) == unscrolled

    run(test())


def test_a_pinned_name_is_as_good_as_the_real_one(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1), job(2), job(3)])) as window:
            await all_columns(window)
            scroll(window, FAR)
            viewport, table = window.table.viewport(), window.table
            for at, modifiers, names in (
                (1, Qt.KeyboardModifier.NoModifier, ["job 2"]),
                (2, Qt.KeyboardModifier.ControlModifier, ["job 2", "job 3"]),
            ):
                place = QPoint(30, table.rowViewportPosition(at) + 5)
                QTest.mouseClick(viewport.childAt(place), Qt.MouseButton.LeftButton, modifiers, place)
                assert [each.display_name for each in table.selected_jobs()] == names
            title = table.horizontalHeader().viewport().childAt(30, 5)
            for order in ("job 1", "job 3"):
                QTest.mouseClick(title, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(30, 5))
                assert window.model.rows[0].job.display_name == order
            assert table.horizontalScrollBar().value() == FAR, "the list has not been scrolled back"

    run(test())


def test_it_covers_nothing_that_has_the_focus(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1), job(2), job(3)])) as window:
            await all_columns(window)
            table = window.table
            table.setCurrentIndex(window.model.index(0, len(COLUMNS) - 1))
            while table.currentIndex().column() != AT["progress"]:
                QTest.keyClick(table, Qt.Key.Key_Left)
                edge = table.columnWidth(NAME) if window.list.pinned.is_shown else 0
                assert table.columnViewportPosition(table.currentIndex().column()) >= edge

    run(test())


def test_in_a_narrow_list_nothing_is_pinned(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1), job(2), job(3)])) as window:
            await all_columns(window)
            window.table.setColumnWidth(NAME, window.table.viewport().width())
            scroll(window, FAR)
            assert not window.list.pinned.is_shown

    run(test())
