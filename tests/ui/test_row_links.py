"""What a row offers to whoever points at it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFrame

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.error import CopyError, ErrorContext
from domonitor.jobs.job import Job, JobKey, Origin
from domonitor.jobs.state import Command, JobState
from domonitor.ui import row_links
from domonitor.ui.columns import STATE
from domonitor.ui.job_delegate import MARGIN, second_line_of
from domonitor.ui.main_window import MainWindow
from domonitor.ui.rows import Row
from tests.ui.conftest import Run
from tests.ui.opened import job, opened, part, until

S = JobState
CODE = 0x80190194
WHOLE = (1_000_000, 1_000_000, 1, 1)


def offered(of: Job) -> list[str]:
    return [link.words for link in row_links.links_of(Row(of))]


@pytest.mark.parametrize(
    ("of", "words"),
    [
        (job(1, S.ERROR, error_code=CODE), ["Resume", "Why?"]),
        (job(1, S.ERROR, error_code=CODE, refusals={Command.RESUME: "its server is being asked"}), ["Why?"]),
        (job(1, S.ERROR, error_code=CODE, origin=Origin.MY_ACCOUNT), ["Resume", "Why?"]),
        (job(1, S.TRANSFERRED, progress=WHOLE), ["Complete"]),
        (job(1, S.TRANSFERRED, progress=WHOLE, auto_complete=True), []),
        (job(1, S.TRANSFERRED, progress=WHOLE, origin=Origin.SYSTEM), []),
        (job(1, S.TRANSIENT_ERROR, error_code=CODE), []),
        (job(1, S.TRANSFERRING), []),
        (job(1, S.CANCELLED), []),
    ],
)
def test_a_row_offers_what_its_job_needs_of_the_user(of: Job, words: list[str]) -> None:
    assert offered(of) == words


def place_of(window: MainWindow, at: int, words: str) -> QPoint:
    """The middle of a link on the screen."""
    cell = window.table.visualRect(window.model.index(at, STATE)).adjusted(MARGIN, 0, -MARGIN, 0)
    row = window.model.lines[at]
    assert isinstance(row, Row)
    places = row_links.places_of(row, second_line_of(cell), window.table.fontMetrics())
    return next(place.center() for link, place in places if link.words == words)


def move(window: MainWindow, to: QPoint) -> None:
    viewport, place, nothing = window.table.viewport(), QPointF(to), Qt.MouseButton.NoButton
    there = viewport.mapToGlobal(place)
    moved = QMouseEvent(QEvent.Type.MouseMove, place, there, nothing, nothing, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(viewport, moved)


async def failing(window: MainWindow, count: int) -> None:
    window.resize(1100, 800)
    await until(lambda: window.model.rowCount() == count)


def test_resume_in_a_row_is_given_to_that_job_alone(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(number, S.ERROR, error_code=CODE) for number in range(3)])
        async with opened(service) as window:
            await failing(window, 3)
            window.table.selectRow(0)
            place = place_of(window, 2, "Resume")
            QTest.mouseClick(window.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
            await until(lambda: service.requests)
            assert [(one.command, one.job_ids) for one in service.requests] == [(Command.RESUME, ("2",))]
            assert [one.key.id for one in window.table.selected_jobs()] == ["0"]

    run(test())


def test_who_lets_go_elsewhere_has_not_pressed(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(number, S.ERROR, error_code=CODE) for number in range(2)])
        async with opened(service) as window:
            await failing(window, 2)
            viewport, left = window.table.viewport(), Qt.MouseButton.LeftButton
            QTest.mousePress(viewport, left, pos=place_of(window, 0, "Resume"))
            QTest.mouseRelease(viewport, left, pos=place_of(window, 1, "Resume"))
            QTest.mousePress(viewport, Qt.MouseButton.RightButton, pos=place_of(window, 0, "Resume"))
            QTest.mouseRelease(viewport, Qt.MouseButton.RightButton, pos=place_of(window, 0, "Resume"))
            told = window.notices.isVisible()
            assert (service.requests, told) == ([], False)

    run(test())


def test_why_shows_the_error_of_its_job(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(number, S.ERROR, error_code=CODE) for number in range(3)])
        service.errors["1"] = CopyError(ErrorContext.REMOTE_FILE, CODE)
        async with opened(service) as window:
            await failing(window, 3)
            QTest.mouseClick(window.table.viewport(), Qt.MouseButton.LeftButton, pos=place_of(window, 1, "Why?"))
            await until(part(window, QFrame, "errorPanel").isVisible)
            assert window.selected.key == JobKey("scripted", "1")

    run(test())


def test_enter_goes_to_what_explains_the_chosen_download(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.ERROR, error_code=CODE)])
        service.errors["1"] = CopyError(ErrorContext.REMOTE_FILE, CODE)
        async with opened(service) as window:
            await failing(window, 1)
            window.activateWindow()
            await until(window.isActiveWindow)
            window.table.selectRow(0)
            await until(part(window, QFrame, "errorPanel").isVisible)
            QTest.keyClick(window.table, Qt.Key.Key_Return)
            assert window.details.error_panel.isAncestorOf(QApplication.focusWidget())

    run(test())


def test_what_is_pointed_at_looks_like_it_and_no_longer_when_the_mouse_has_gone(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1, S.ERROR, error_code=CODE)])) as window:
            await failing(window, 1)
            calm = window.table.viewport().grab().toImage()
            move(window, place_of(window, 0, "Why?"))
            assert window.table.viewport().cursor().shape() is Qt.CursorShape.PointingHandCursor
            assert window.table.viewport().grab().toImage() != calm
            QApplication.sendEvent(window.table.viewport(), QEvent(QEvent.Type.Leave))
            assert window.table.viewport().cursor().shape() is Qt.CursorShape.ArrowCursor
            assert window.table.viewport().grab().toImage() == calm

    run(test())


def test_a_narrow_column_keeps_its_words_and_drops_the_links(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1, S.ERROR, error_code=CODE)])) as window:
            await failing(window, 1)
            row = window.model.lines[0]
            assert isinstance(row, Row)
            window.table.setColumnWidth(STATE, 110)
            cell = window.table.visualRect(window.model.index(0, STATE))
            assert row_links.places_of(row, second_line_of(cell), window.table.fontMetrics()) == []

    run(test())
