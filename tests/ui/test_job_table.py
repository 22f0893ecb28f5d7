"""The model of the list: rows, their order, the signals, and what stays chosen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from domonitor.jobs.change import Change, Health, HealthState
from domonitor.jobs.job import Job, JobKey
from domonitor.jobs.state import Command, JobState
from domonitor.ui.columns import COLUMNS, CREATED, PROGRESS, STATE, USER
from domonitor.ui.job_table import JobTableModel
from tests.ui.opened import ACCESSIBLE, job

S = JobState


@pytest.fixture
def model(qapp: QApplication) -> JobTableModel:
    made = JobTableModel(lambda key: None)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    return made


def names(model: JobTableModel) -> list[str]:
    return [row.job.display_name for row in model.rows]


def apply(model: JobTableModel, *jobs: Job, **removals: Job | None) -> None:
    gone = {JobKey("scripted", name.strip("_")): last for name, last in removals.items()}
    model.apply("scripted", Change(jobs, gone))


def spans(model: JobTableModel) -> list[tuple[int, int]]:
    told: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda first, last, *_: told.append((first.row(), last.row())))
    return told


def test_jobs_come_in_the_order_of_their_creation(model: JobTableModel) -> None:
    apply(model, job(3), job(1))
    apply(model, job(2))
    model.tick()
    assert names(model) == ["job 1", "job 2", "job 3"]


def test_an_upsert_replaces_the_row_in_its_place(model: JobTableModel) -> None:
    apply(model, job(1), job(2))
    told = spans(model)
    apply(model, job(1, S.TRANSFERRING))
    assert told == [(0, 0)]
    assert model.index(0, STATE).data() == "Downloading"
    assert model.rowCount() == 2


def test_rows_near_each_other_are_told_in_one_signal_and_distant_ones_are_not(model: JobTableModel) -> None:
    apply(model, *(job(number) for number in range(300)))
    told = spans(model)
    apply(model, *(job(number, S.TRANSFERRING) for number in (250, 5, 4, 9)))
    assert told == [(4, 9), (250, 250)]


def test_500_changes_among_10000_jobs_are_few_signals(qapp: QApplication) -> None:
    model = JobTableModel(lambda key: None)  # the tester looks at every row of every signal
    apply(model, *(job(number) for number in range(10_000)))
    told = spans(model)
    apply(model, *(job(number, S.TRANSFERRING) for number in range(0, 10_000, 20)))
    assert len(told) <= 500
    told.clear()
    apply(model, *(job(number, S.TRANSFERRING) for number in range(0, 5_000, 10)))
    assert len(told) == 1


def test_a_finished_job_stays_until_it_is_cleared(model: JobTableModel) -> None:
    apply(model, job(1), job(2), job(3))
    apply(model, _1=job(1, S.ACKNOWLEDGED, progress=(5, 5, 1, 1)), _2=None)
    assert [model.index(at, STATE).data() for at in range(3)] == [
        "Finished",
        "Gone from its service",
        "Waiting for its turn",
    ]
    assert model.has_finished()
    model.clear_finished()
    assert names(model) == ["job 3"]
    assert not model.has_finished()


def test_a_job_that_comes_back_is_not_gone_any_more(model: JobTableModel) -> None:
    apply(model, job(1))
    apply(model, _1=None)
    apply(model, job(1, S.TRANSFERRING))
    assert model.index(0, STATE).data() == "Downloading"


def test_a_job_that_was_never_seen_alive_is_listed_with_its_end(model: JobTableModel) -> None:
    apply(model, _7=job(7, S.CANCELLED), _8=None)
    assert names(model) == ["job 7"]


@pytest.mark.parametrize("column", range(len(COLUMNS)))
@pytest.mark.parametrize("order", [Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder])
def test_each_column_sorts_and_the_chosen_job_stays_chosen(
    model: JobTableModel, column: int, order: Qt.SortOrder
) -> None:
    states = list(S)
    apply(
        model,
        *(
            job(at, state, display_name=f"{(at * 7) % 9}", progress=(at, 100 - at, 0, 1))
            for at, state in enumerate(states)
        ),
    )
    selection = QItemSelectionModel(model)
    selection.select(model.index(4, 0), QItemSelectionModel.SelectionFlag.Select)
    chosen = model.rows[4].job.key
    model.sort(column, order)
    keys = [COLUMNS[column].key(row) for row in model.rows]
    assert keys == sorted(keys, reverse=order is Qt.SortOrder.DescendingOrder)
    assert [model.rows[index.row()].job.key for index in selection.selectedIndexes()] == [chosen]
    assert model.position(chosen) == selection.selectedIndexes()[0].row()


def test_rows_stay_where_they_are_until_the_next_second(model: JobTableModel) -> None:
    apply(model, job(1, progress=(10, 100, 0, 1)), job(2, progress=(20, 100, 0, 1)))
    model.sort(PROGRESS)
    apply(model, job(1, progress=(90, 100, 0, 1)))
    assert names(model) == ["job 1", "job 2"]
    model.can_reorder = lambda: False
    model.tick()
    assert names(model) == ["job 1", "job 2"]
    model.can_reorder = lambda: True
    model.tick()
    assert names(model) == ["job 2", "job 1"]


def test_a_command_under_way_is_shown(model: JobTableModel) -> None:
    apply(model, job(1))
    model.set_pending([JobKey("scripted", "1"), JobKey("scripted", "none")], Command.CANCEL)
    assert model.index(0, STATE).data() == "Cancelling…"
    model.set_pending([JobKey("scripted", "1")], None)
    assert model.index(0, STATE).data() == "Waiting for its turn"


def test_the_words_of_a_taken_command_stay_until_there_is_news_of_the_job(model: JobTableModel) -> None:
    keys = [JobKey("scripted", "1"), JobKey("scripted", "2")]
    apply(model, job(1, S.TRANSFERRING), job(2, S.TRANSFERRING))
    model.set_pending(keys, Command.SUSPEND)
    apply(model, job(1, S.TRANSFERRING, progress=(5, 10, 0, 1)))
    assert model.index(0, STATE).data() == "Suspending…", "news from before the answer"
    model.set_answered([*keys, JobKey("scripted", "none")])
    assert model.index(0, STATE).data() == "Suspending…"
    apply(model, job(1, S.SUSPENDED))
    assert model.index(0, STATE).data() == "Suspended"
    model.tick()
    assert model.index(1, STATE).data() == "Suspending…"
    model.tick()
    assert model.index(1, STATE).data() == "Downloading", "no news came: what is known is shown again"


@pytest.mark.parametrize("end", [None, job(1, S.ACKNOWLEDGED)])
def test_news_may_be_quicker_than_the_answer(model: JobTableModel, end: Job | None) -> None:
    apply(model, job(1, S.ERROR))
    model.set_pending([JobKey("scripted", "1")], Command.COMPLETE)
    apply(model, _1=end)
    model.set_answered([JobKey("scripted", "1")])
    assert model.index(0, STATE).data() == ("Finished in part" if end else "Gone from its service")


def test_only_speeds_without_news_are_asked_for_again(qapp: QApplication) -> None:
    asked: list[str] = []

    def speed(key: JobKey) -> float:
        asked.append(key.id)
        return 0.0 if len(asked) > 3 else 100.0

    model = JobTableModel(speed)
    apply(model, job(1, S.TRANSFERRING), job(2, S.TRANSFERRING))
    model.tick()
    apply(model, job(1, S.TRANSFERRING))
    del asked[:]
    model.tick()
    assert asked == ["2"], "job 1 has just been heard of"
    asked += ["", "", ""]
    model.tick()
    del asked[:]
    model.tick()
    assert asked == [], "both have come to a stand"


def test_rows_of_a_service_that_is_not_reachable_are_stale(model: JobTableModel) -> None:
    apply(model, job(1))
    model.apply("scripted", Change(health=Health(HealthState.UNAVAILABLE, "off")))
    assert model.rows[0].is_stale
    model.apply("scripted", Change(health=Health()))
    assert not model.rows[0].is_stale


def test_each_cell_speaks_and_the_first_one_speaks_the_row(model: JobTableModel) -> None:
    apply(model, job(1, S.ERROR, error_code=0x80190194, display_name="setup.iso", progress=(4, 10, 0, 1)))
    assert model.index(0, 0).data(ACCESSIBLE) == "setup.iso, The file is not on the server, 40 %."
    for column in range(1, len(COLUMNS)):
        assert model.index(0, column).data(ACCESSIBLE).startswith(f"{COLUMNS[column].title()}: ")


def test_headers_have_titles_and_nothing_lies_below_a_row(model: JobTableModel) -> None:
    titles = [model.headerData(at, Qt.Orientation.Horizontal) for at in range(len(USER))]
    assert titles == ["Name", "State", "Progress", "Size", "Speed", "Time left", "Service", "Created"]
    apply(model, job(1))
    assert model.rowCount(model.index(0, 0)) == 0
    assert model.data(QModelIndex()) is None


def test_equal_rows_stay_in_the_order_of_creation(model: JobTableModel) -> None:
    later: dict[str, Any] = {"display_name": "same"}
    apply(model, *(job(number, **later) for number in (3, 1, 2)))
    for order in (Qt.SortOrder.DescendingOrder, Qt.SortOrder.AscendingOrder):
        model.sort(0, order)
        created = [row.job.times.created for row in model.rows]
        assert created == sorted(created)
    assert COLUMNS[CREATED].key(model.rows[0]) + timedelta(minutes=1) == COLUMNS[CREATED].key(model.rows[1])
