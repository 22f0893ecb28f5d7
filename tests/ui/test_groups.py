"""The groups of the list: who stands where, when a job changes its place, and what folding hides."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication

from domonitor.jobs.change import Change
from domonitor.jobs.job import Job, JobKey, Origin
from domonitor.jobs.state import Command, JobState
from domonitor.ui.columns import AT, COLUMNS, GROUPED
from domonitor.ui.filtering import Filter
from domonitor.ui.groups import FOLDED_AT_FIRST, Group, folded_from, folded_text
from domonitor.ui.job_rows import JobRows
from domonitor.ui.job_table import JobTableModel
from domonitor.ui.rows import GroupRow, Row
from tests.ui.opened import ACCESSIBLE, NOW, job

S = JobState
SELECT = QItemSelectionModel.SelectionFlag.Select


@pytest.fixture
def model(qapp: QApplication) -> JobTableModel:
    made = JobTableModel(lambda key: None)
    QAbstractItemModelTester(made, QAbstractItemModelTester.FailureReportingMode.Fatal, made)
    made.sort(GROUPED)
    made.set_folded(frozenset())
    return made


def key(number: int) -> JobKey:
    return JobKey("scripted", str(number))


def apply(model: JobTableModel, *jobs: Job, gone: dict[int, Job | None] | None = None) -> None:
    model.apply("scripted", Change(jobs, {key(number): last for number, last in (gone or {}).items()}))


def shown(model: JobTableModel) -> list[str]:
    return [line.words() if isinstance(line, GroupRow) else line.job.display_name for line in model.lines]


def theirs(number: int, state: S = S.TRANSFERRING, **fields: Any) -> Job:
    return job(number, state, origin=Origin.SYSTEM, **fields)


def test_what_needs_the_user_comes_first_and_what_is_over_last(model: JobTableModel) -> None:
    apply(model, job(1, S.ACKNOWLEDGED), job(2, S.SUSPENDED), job(3, S.QUEUED), job(4, S.CONNECTING), theirs(5))
    apply(model, job(6, S.ERROR), job(7, S.TRANSIENT_ERROR), job(8, S.TRANSFERRED), job(9, S.TRANSFERRING))
    assert shown(model) == [
        "NEEDS YOU (2)", "job 6", "job 8",
        "RUNNING (2)", "job 4", "job 9",
        "WAITING (2)", "job 3", "job 7",
        "SUSPENDED (1)", "job 2",
        "FINISHED EARLIER (1)", "job 1",
        "OTHER PROGRAMS (1)", "job 5",
    ]  # fmt: skip


def test_what_completes_itself_does_not_need_the_user(model: JobTableModel) -> None:
    apply(model, job(1, S.TRANSFERRED, auto_complete=True))
    assert shown(model) == ["RUNNING (1)", "job 1"]


def test_a_job_goes_to_its_new_group_with_the_next_second_and_not_before(model: JobTableModel) -> None:
    apply(model, job(1, S.QUEUED), job(2, S.QUEUED))
    apply(model, job(1, S.TRANSFERRING))
    assert shown(model) == ["WAITING (2)", "job 1", "job 2"]
    model.can_reorder = lambda: False
    model.tick()
    assert shown(model) == ["WAITING (2)", "job 1", "job 2"]
    model.can_reorder = lambda: True
    model.tick()
    assert shown(model) == ["RUNNING (1)", "job 1", "WAITING (1)", "job 2"]


def test_the_chosen_job_stays_where_it_is_until_another_one_is_chosen(model: JobTableModel) -> None:
    apply(model, job(1, S.TRANSFERRING), job(2, S.TRANSFERRING))
    model.held = lambda: key(1)
    apply(model, gone={1: job(1, S.ACKNOWLEDGED), 2: job(2, S.ACKNOWLEDGED)})
    model.tick()
    assert shown(model) == ["RUNNING (1)", "job 1", "FINISHED EARLIER (1)", "job 2"]
    assert model.row(key(1)).words() == "Finished in part"
    model.held = lambda: key(2)
    model.settle()
    assert shown(model) == ["FINISHED EARLIER (2)", "job 2", "job 1"]


def test_new_jobs_wait_while_the_mouse_aims(model: JobTableModel) -> None:
    apply(model, job(1, S.QUEUED))
    model.can_reorder = lambda: False
    apply(model, job(2, S.ERROR))
    assert shown(model) == ["WAITING (1)", "job 1"]
    assert model.position(key(2)) is None
    model.can_reorder = lambda: True
    model.tick()
    assert shown(model) == ["NEEDS YOU (1)", "job 2", "WAITING (1)", "job 1"]


def test_a_folded_group_is_its_heading_alone(model: JobTableModel) -> None:
    apply(model, job(1, S.ERROR), job(2, S.QUEUED), job(3, S.QUEUED))
    model.set_folded(frozenset({Group.WAITING}))
    assert shown(model) == ["NEEDS YOU (1)", "job 1", "WAITING (2)"]
    assert model.index(2, 0).data(ACCESSIBLE) == "Waiting, 2 downloads, folded."
    apply(model, job(4, S.QUEUED))
    assert shown(model) == ["NEEDS YOU (1)", "job 1", "WAITING (3)"]
    assert model.position(key(4)) is None
    model.set_folded(frozenset())
    assert shown(model) == ["NEEDS YOU (1)", "job 1", "WAITING (3)", "job 2", "job 3", "job 4"]
    assert model.index(2, 0).data(ACCESSIBLE) == "Waiting, 3 downloads, unfolded."


def test_folding_leaves_the_selection_of_the_rest_alone(model: JobTableModel) -> None:
    apply(model, job(1, S.ERROR), job(2, S.QUEUED), job(3, S.SUSPENDED))
    selection = QItemSelectionModel(model)
    for number in (1, 3):
        selection.select(model.index(model.position(key(number)), 0), SELECT)
    model.set_folded(frozenset({Group.WAITING}))
    assert [model.lines[index.row()].job.display_name for index in selection.selectedIndexes()] == ["job 1", "job 3"]


def test_headings_can_be_reached_but_not_selected(model: JobTableModel) -> None:
    apply(model, job(1, S.ERROR))
    assert model.flags(model.index(0, 0)) & Qt.ItemFlag.ItemIsEnabled
    assert not model.flags(model.index(0, 0)) & Qt.ItemFlag.ItemIsSelectable
    assert model.flags(model.index(1, 0)) & Qt.ItemFlag.ItemIsSelectable


def test_other_programs_are_view_only_where_nothing_can_be_done_with_any(model: JobTableModel) -> None:
    nothing = dict.fromkeys(Command, "It belongs to the system.")
    apply(model, theirs(1, refusals=nothing), theirs(2, refusals=nothing))
    assert shown(model)[0] == "OTHER PROGRAMS (2, view only)"
    assert model.index(0, 0).data(ACCESSIBLE) == "Other programs, 2 downloads, view only, unfolded."
    apply(model, theirs(3, S.ERROR))
    assert shown(model)[0] == "OTHER PROGRAMS (3)"


def test_a_job_that_vanished_is_gone_and_nobody_guesses_how_it_ended(model: JobTableModel) -> None:
    apply(model, job(1, S.TRANSFERRING))
    apply(model, gone={1: None})
    model.settle()
    assert shown(model) == ["FINISHED TODAY (1)", "job 1"]
    assert model.index(1, 0).data(ACCESSIBLE) == "job 1, Gone from its service, 0 %."
    assert model.row(key(1)).second_line().startswith("noticed at ")


def test_what_finished_last_stands_first_among_the_finished(model: JobTableModel) -> None:
    def ended(number: int, hours: int) -> Job:
        done = job(number, S.ACKNOWLEDGED)
        return Job(
            done.key, done.display_name, done.state, done.progress, type(done.times)(NOW, NOW - timedelta(hours=hours))
        )

    apply(model, ended(1, 30), ended(2, 10), ended(3, 20))
    model.settle()
    assert shown(model) == ["FINISHED EARLIER (3)", "job 2", "job 3", "job 1"]


def test_at_midnight_today_becomes_earlier() -> None:
    moment = datetime.now().astimezone().replace(hour=23, minute=59, second=0, microsecond=0)
    rows = JobRows(lambda key: None, lambda: moment)
    done = job(1, S.ACKNOWLEDGED)
    done = Job(
        done.key, "a", done.state, done.progress, type(done.times)(moment.astimezone(UTC), moment.astimezone(UTC))
    )
    rows.apply("scripted", Change((done,)))
    assert {kind[0] for kind, count in rows.tally.items() if count} == {Group.FINISHED_TODAY}
    moment += timedelta(minutes=2)
    assert rows.tick().moved == rows.all
    assert {kind[0] for kind, count in rows.tally.items() if count} == {Group.FINISHED_EARLIER}


def test_the_folded_groups_are_kept_by_name() -> None:
    assert folded_from("") == FOLDED_AT_FIRST
    for folded in (frozenset(), frozenset({Group.WAITING}), frozenset(Group)):
        assert folded_from(folded_text(folded)) == folded
    assert folded_from("waiting of_another_version") == {Group.WAITING}


def random_job(chance: random.Random) -> Job:
    number = chance.randrange(40)
    done = chance.randrange(100)
    origin = Origin.SYSTEM if number % 7 == 0 else Origin.OURS
    return job(number, chance.choice(list(S)), display_name=f"{number % 5}", progress=(done, 100, 0, 1), origin=origin)


FILTERS = [
    Filter(),
    Filter(),
    Filter("3"),
    Filter(state=S.QUEUED),
    Filter(service="other"),
    Filter(unchanged_since=NOW),
]
SORTS = [GROUPED, GROUPED, GROUPED, AT["name"], AT["progress"], AT["state"]]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_list_is_what_a_new_one_would_be(model: JobTableModel, seed: int) -> None:
    """With Qt's own tester watching each signal, and the selection staying with its jobs."""
    chance = random.Random(seed)
    selection = QItemSelectionModel(model)
    for _ in range(60):
        match chance.randrange(9):
            case 0 | 1 | 2 | 3:
                apply(
                    model,
                    *{each.key: each for each in (random_job(chance) for _ in range(chance.randrange(1, 6)))}.values(),
                )
            case 4:
                apply(model, gone={chance.randrange(40): None})
            case 5:
                model.set_folded(frozenset(group for group in Group if chance.random() < 0.3))
            case 6 if chance.random() < 0.4:
                model.sort(chance.choice(SORTS), chance.choice(list(Qt.SortOrder)))
            case 7 if chance.random() < 0.4:
                model.set_filter(chance.choice(FILTERS))
            case 8 if chance.random() < 0.2:
                model.clear_finished()
            case _ if model.rows:
                selection.clear()
                selection.select(model.index(model.position(chance.choice(model.rows).job.key), 0), SELECT)
        chosen = [model.lines[index.row()] for index in selection.selectedIndexes()]
        assert all(isinstance(line, Row) for line in chosen)
        model.settle()
        for index, line in zip(selection.selectedIndexes(), chosen, strict=False):
            assert model.lines[index.row()] is line
        assert [model.place(line) for line in model.lines] == list(range(len(model.lines)))
        assert shown(model) == expected(model)


def expected(model: JobTableModel) -> list[str]:
    """What a model shows that is given these jobs at once."""
    fresh = JobTableModel(lambda key: None)
    order = model.order
    fresh.sort(order.column, Qt.SortOrder.DescendingOrder if order.descending else Qt.SortOrder.AscendingOrder)
    fresh.set_folded(order.folded)
    fresh.set_filter(order.filter)
    rows = model.jobs.all
    gone = {row.job.key: None for row in rows if row.is_gone}
    fresh.apply("scripted", Change(tuple(row.job for row in rows)))
    fresh.apply("scripted", Change(removals=gone))
    for row in rows:
        fresh.row(row.job.key).ended_at = row.ended_at
    fresh.settle()
    fresh.sort(order.column, Qt.SortOrder.DescendingOrder if order.descending else Qt.SortOrder.AscendingOrder)
    assert fresh.jobs.tally == +model.jobs.tally
    return shown(fresh)


def test_every_column_has_a_name_of_its_own() -> None:
    assert len(AT) == len(COLUMNS)
