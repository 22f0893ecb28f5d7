"""The list on the screen: what stays where it is, what folds, and what is painted anew."""

from __future__ import annotations

import gc
from datetime import UTC, datetime, timedelta

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change
from domonitor.jobs.job import Job, JobKey, Origin
from domonitor.jobs.state import JobState
from domonitor.settings import Settings
from domonitor.ui.columns import STATE
from domonitor.ui.groups import Group
from domonitor.ui.job_delegate import row_height
from domonitor.ui.main_window import MainWindow
from domonitor.ui.rows import GroupRow
from tests.ui.conftest import Run
from tests.ui.opened import FOLDER, job, opened, until

S = JobState


def key(number: int) -> JobKey:
    return JobKey("scripted", str(number))


def lines(window: MainWindow) -> list[str]:
    return [line.words() if isinstance(line, GroupRow) else line.job.display_name for line in window.model.lines]


def top(window: MainWindow, number: int) -> int:
    """Where on the screen the job's row begins."""
    return window.table.visualRect(window.model.index(window.model.position(key(number)), 0)).top()


def heights_fit(window: MainWindow) -> bool:
    header = window.table.verticalHeader()
    low = row_height(window.table.fontMetrics())
    return all(
        header.sectionSize(at) == (low if isinstance(line, GroupRow) else header.defaultSectionSize())
        for at, line in enumerate(window.model.lines)
    )


def test_a_new_window_folds_what_nobody_has_to_look_at(run: Run) -> None:
    async def test() -> None:
        jobs = [job(1, S.ERROR), job(2, S.ACKNOWLEDGED), job(3, S.QUEUED, origin=Origin.SYSTEM)]
        async with opened(ScriptedBackend(jobs), settings=Settings(FOLDER, columns=" ")) as window:
            await until(lambda: len(lines(window)) == 4)
            assert lines(window) == ["NEEDS YOU (1)", "job 1", "FINISHED EARLIER (1)", "OTHER PROGRAMS (1)"]

    run(test())


def test_what_is_folded_is_kept(run: Run) -> None:
    async def test() -> None:
        kept: list[Settings] = []
        async with opened(ScriptedBackend([job(1, S.ERROR), job(2)]), is_grouped=True) as window:
            await until(lambda: len(lines(window)) == 4)
            window.settings_changed.connect(kept.append)
            window.table.fold(Group.WAITING, is_folded=True)
            assert lines(window) == ["NEEDS YOU (1)", "job 1", "WAITING (1)"]
        async with opened(ScriptedBackend([job(1, S.ERROR), job(2)]), settings=kept[-1], is_grouped=True) as window:
            await until(lambda: lines(window) == ["NEEDS YOU (1)", "job 1", "WAITING (1)"])

    run(test())


def test_headings_are_lower_than_jobs_wherever_they_go(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(number, S.QUEUED) for number in range(6)])
        async with opened(service, is_grouped=True) as window:
            await until(lambda: len(lines(window)) == 7)
            assert heights_fit(window)
            for number, state in ((0, S.ERROR), (3, S.TRANSFERRING), (0, S.SUSPENDED), (5, S.SUSPENDED), (3, S.QUEUED)):
                service.publish(Change((job(number, state),)))
                await until(lambda number=number, state=state: window.model.row(key(number)).job.state is state)
                window.model.settle()
                assert heights_fit(window), (
                    lines(window),
                    [window.table.verticalHeader().sectionSize(at) for at in range(12)],
                )
            window.table.fold(Group.SUSPENDED, is_folded=True)
            assert heights_fit(window)
            window.list.columns.sort(STATE)
            assert heights_fit(window)
            window.list.columns.reset()
            assert heights_fit(window)

    run(test())


def test_keys_fold_and_unfold_the_heading_that_has_the_focus(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1), job(2)]), is_grouped=True) as window:
            await until(lambda: len(lines(window)) == 3)
            window.table.setCurrentIndex(window.model.index(0, 0))
            for pressed, is_folded in (
                (Qt.Key.Key_Left, True),
                (Qt.Key.Key_Left, True),
                (Qt.Key.Key_Right, False),
                (Qt.Key.Key_Space, True),
                (Qt.Key.Key_Return, False),
            ):
                QTest.keyClick(window.table, pressed)
                assert (len(lines(window)) == 1) is is_folded, pressed
                assert window.table.currentIndex().row() == 0, "the focus stays on the heading"
            QTest.keyClick(window.table, Qt.Key.Key_Down)
            assert [one.display_name for one in window.table.selected_jobs()] == ["job 1"]

    run(test())


def test_a_press_on_a_heading_folds_it(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1), job(2)]), is_grouped=True) as window:
            await until(lambda: len(lines(window)) == 3)
            press(window, 0)
            assert lines(window) == ["WAITING (2)"]
            press(window, 0)
            assert len(lines(window)) == 3

    run(test())


def press(window: MainWindow, at: int) -> None:
    """Not by QTest: it lets the loop run within this coroutine, which then may never go on."""
    viewport = window.table.viewport()
    place = QPointF(window.table.visualRect(window.model.index(at, 0)).center())
    left, nothing = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, buttons in ((QEvent.Type.MouseButtonPress, left), (QEvent.Type.MouseButtonRelease, nothing)):
        event = QMouseEvent(kind, place, viewport.mapToGlobal(place), left, buttons, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(viewport, event)


def test_what_is_in_sight_stays_there_when_lines_come_above(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(number, S.QUEUED) for number in range(60)])
        async with opened(service, is_grouped=True) as window:
            await until(lambda: len(lines(window)) == 61)
            window.table.verticalScrollBar().setValue(20)
            before = top(window, 25)
            service.publish(Change(tuple(job(number, S.ERROR) for number in range(100, 103))))
            await until(lambda: len(lines(window)) == 65)
            assert top(window, 25) == before
            service.publish(Change(tuple(job(number, S.TRANSFERRING) for number in (1, 2))))
            await until(lambda: window.model.row(key(2)).job.state is S.TRANSFERRING)
            window.model.settle()
            assert top(window, 25) == before
            window.table.verticalScrollBar().setValue(0)
            service.publish(Change((job(200, S.ERROR),)))
            await until(lambda: len(lines(window)) == 67)
            assert window.table.verticalScrollBar().value() == 0, "who looks at the top wants to see what comes there"

    run(test())


def test_the_chosen_job_keeps_its_place_on_the_screen(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(number, S.QUEUED) for number in range(60)])
        async with opened(service, is_grouped=True) as window:
            await until(lambda: len(lines(window)) == 61)
            window.table.verticalScrollBar().setValue(20)
            window.choose(key(24))
            before = top(window, 24)
            service.publish(Change(tuple(job(number, S.TRANSFERRING) for number in (24, 3, 40))))
            await until(lambda: window.model.row(key(40)).job.state is S.TRANSFERRING)
            window.model.settle()
            assert top(window, 24) == before
            assert [one.display_name for one in window.table.selected_jobs()] == ["job 24"]
            assert window.model.row(key(24)).group is Group.WAITING, "it goes once another one is chosen"
            window.choose(key(30))
            window.model.settle()
            assert window.model.row(key(24)).group is Group.RUNNING

    run(test())


def test_the_selection_survives_filters_and_orders(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(number) for number in range(20)]), is_grouped=True) as window:
            await until(lambda: len(lines(window)) == 21)
            window.table.selectAll()
            assert len(window.table.selected_jobs()) == 20
            window.list.columns.sort(STATE)
            assert len(window.table.selected_jobs()) == 20
            window.list.columns.reset()
            assert len(window.table.selected_jobs()) == 20
            window.table.fold(Group.WAITING, is_folded=True)
            assert window.table.selected_jobs() == [], "what is folded away takes no command"

    run(test())


def test_nothing_moves_while_very_many_are_chosen(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(number) for number in range(1_100)]), is_grouped=True) as window:
            await until(lambda: len(lines(window)) == 1_101)
            assert window.table.can_reorder()
            window.table.selectAll()
            assert not window.table.can_reorder()

    run(test())


def test_what_stays_is_not_looked_through_by_the_garbage_collector(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1)])
        async with opened(service) as window:
            await until(lambda: len(lines(window)) == 1)
            before = gc.get_freeze_count()
            assert before > 0, "the window itself"
            service.publish(Change(tuple(job(number) for number in range(2, 3_000))))
            await until(lambda: len(lines(window)) == 2_999)
            await until(lambda: gc.get_freeze_count() > before + 2_000)

    run(test())


class Painted(QObject):
    """How many paintings there were, and how much of the list each one covered."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self.heights: list[int] = []
        window.table.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.heights.append(event.rect().height())
        return False


def test_a_countdown_ticks_and_paints_nothing_but_itself(run: Run) -> None:
    async def test() -> None:
        soon = datetime.now(UTC) + timedelta(seconds=90)
        failing = job(1, S.TRANSIENT_ERROR, error_code=0x801901F7, retry_at=soon)
        async with opened(ScriptedBackend([failing, *(job(number) for number in range(2, 12))])) as window:
            await until(lambda: len(lines(window)) == 11)
            before = window.model.index(0, STATE).data()
            assert "retry in 1:" in before
            window._second_timer.stop()
            await until(lambda: window.model.index(0, STATE).data() != before)
            told: list[int] = []
            window.model.dataChanged.connect(lambda first, *_: told.append(first.row()))
            painted = Painted(window)
            window.list.tick()
            await until(lambda: painted.heights)
            assert max(painted.heights) <= window.table.verticalHeader().defaultSectionSize()
            assert told == []
            window._second_timer.start()

    run(test())


def test_a_job_says_why_it_does_not_move(run: Run) -> None:
    async def test() -> None:
        jobs: list[Job] = [
            job(1, S.QUEUED, waiting_reason="It waits for job 7."),
            job(2, S.QUEUED),
            job(3, S.ERROR),
            job(4, S.TRANSFERRING),
            job(5, S.TRANSFERRED),
        ]
        async with opened(ScriptedBackend(jobs)) as window:
            await until(lambda: len(lines(window)) == 5)
            reasons = [row.reason() for row in window.model.rows]
            none = "The service gives no reason"
            assert reasons == ["It waits for job 7.", none, none, "", "Complete gives its files their names"]
            row = window.model.row(key(4))
            row.still_s = 60
            assert row.reason() == "Nothing arrives, and the service gives no reason"
            assert "It waits for job 7." in window.model.index(0, STATE).data(Qt.ItemDataRole.ToolTipRole)
            assert window.model.index(1, STATE).data(Qt.ItemDataRole.AccessibleTextRole) == (
                "State: Waiting for its turn. The service gives no reason"
            )

    run(test())
