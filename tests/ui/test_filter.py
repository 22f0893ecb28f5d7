"""The filter: what it looks through, what it offers, and what the list says where nothing passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QFrame, QLabel, QLineEdit, QListWidget, QPushButton, QWidget

from domonitor.backends.scripted import ScriptedBackend
from domonitor.history import GoneJob, History, Records
from domonitor.jobs.change import Change
from domonitor.jobs.job import FileProgress, Job, JobFile, JobKey, Times
from domonitor.jobs.state import JobState
from domonitor.ui.filter_bar import explained
from domonitor.ui.filtering import Filter
from domonitor.ui.job_rows import JobRows
from domonitor.ui.main_window import MainWindow
from domonitor.ui.rows import GONE
from tests.ui.conftest import Run
from tests.ui.opened import NOW, job, label, opened, part, until

S = JobState
NAME_NOT_RESOLVED = 0x80072EE7


def passing(wanted: Filter, *jobs: Job, gone: tuple[Job, ...] = ()) -> list[str]:
    rows = JobRows(lambda key: None)
    rows.apply("scripted", Change(jobs + gone))
    rows.apply("scripted", Change(removals={each.key: None for each in gone}))
    return [row.job.display_name for row in wanted.narrow(rows.all)]


@pytest.mark.parametrize(
    "typed",
    [
        *("setup", "SETUP.iso", "  up.i ", "0x80072EE7", "80072ee7", "2147954407", "-2147012889", "name_not_resolved"),
        *("server  can't be found", "{11111111-2222-3333-4444-555555555555}", "11111111-2222", "of anna"),
    ],
)
def test_words_codes_names_and_ids_find_a_job(typed: str) -> None:
    id_ = JobKey("scripted", "11111111-2222-3333-4444-555555555555")
    wanted = job(1, S.ERROR, display_name="Setup.iso", error_code=NAME_NOT_RESOLVED, description="of Anna")
    wanted = Job(id_, *(getattr(wanted, name) for name in list(Job.__dataclass_fields__)[1:]))
    assert passing(Filter(typed), wanted, job(2, S.QUEUED, display_name="other.bin")) == ["Setup.iso"]


def test_states_services_and_age_are_narrowed_down_to() -> None:
    old = job(1, S.SUSPENDED)
    new = job(2, S.SUSPENDED, times=Times(NOW, datetime.now(UTC)))
    over = job(3, S.ACKNOWLEDGED)
    lost = job(4, S.QUEUED)
    assert passing(Filter(state=S.SUSPENDED), old, new, over, gone=(lost,)) == ["job 2", "job 1"]
    assert passing(Filter(state=GONE), old, new, over, gone=(lost,)) == ["job 4"]
    assert passing(Filter(state=S.QUEUED), old, gone=(lost,)) == [], "how it ended is not known"
    assert passing(Filter(service="scripted"), old) == ["job 1"]
    assert passing(Filter(service="bits"), old) == []
    since = datetime.now(UTC) - timedelta(days=1)
    assert passing(Filter(unchanged_since=since), old, new, over, gone=(lost,)) == ["job 1"]


@pytest.mark.parametrize(
    "typed", ["0x80072EE7", "80072ee7", "404", "DO_E_DOWNLOAD_NO_PROGRESS", "-2133843966", "0xDEAD"]
)
def test_a_code_is_known_as_one(typed: str) -> None:
    assert explained(typed) is not None


@pytest.mark.parametrize("typed", ["", "12", "setup", "2026", "iso 404", "99999999999999999999"])
def test_other_words_are_not_taken_for_codes(typed: str) -> None:
    assert explained(typed) is None


def shown(window: MainWindow) -> list[str]:
    return [row.job.display_name for row in window.model.rows]


async def type_into_the_filter(window: MainWindow, typed: str) -> None:
    edit = part(window, QLineEdit, "filterEdit")
    edit.clear()
    QTest.keyClicks(edit, typed)
    await until(lambda: window.model.order.filter.text == typed)


def test_typing_narrows_the_list_and_escape_widens_it(run: Run) -> None:
    async def test() -> None:
        jobs = [job(1, S.ERROR, error_code=NAME_NOT_RESOLVED), job(2), job(3)]
        async with opened(ScriptedBackend(jobs), is_grouped=True) as window:
            await until(lambda: len(shown(window)) == 3)
            window.choose(JobKey("scripted", "2"))
            await type_into_the_filter(window, "job 2")
            assert shown(window) == ["job 2"]
            assert [one.display_name for one in window.table.selected_jobs()] == ["job 2"], "it is still chosen"
            await type_into_the_filter(window, "job 3")
            assert window.table.selected_jobs() == []
            assert not part(window, QFrame, "errorPanel").isVisible()
            QTest.keyClick(part(window, QLineEdit, "filterEdit"), Qt.Key.Key_Escape)
            assert shown(window) == ["job 1", "job 2", "job 3"]

    run(test())


def test_addresses_and_files_are_asked_for_once_somebody_searches(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1), job(2)])
        service.files_by_job["2"] = (
            JobFile("https://dl.example.com/x/Y.bin?token=abc", "/tmp/local-name.bin", FileProgress(5, 1)),
        )
        async with opened(service) as window:
            await until(lambda: len(shown(window)) == 2)
            for typed in ("dl.example.com", "LOCAL-name"):
                await type_into_the_filter(window, typed)
                await until(lambda: window.model.row(JobKey("scripted", "2")).files is not None)
                window.model.settle()
                assert shown(window) == ["job 2"], typed
            await type_into_the_filter(window, "token")
            assert shown(window) == [], "what is secret in an address is not kept"

    run(test())


def test_a_code_that_is_typed_offers_its_explanation(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1, S.ERROR, error_code=NAME_NOT_RESOLVED), job(2)])) as window:
            await until(lambda: len(shown(window)) == 2)
            asked: list[str] = []
            await type_into_the_filter(window, "0x80072ee7")
            hint = part(window, QFrame, "codeHint")
            assert hint.isVisible()
            assert (
                label(window, "codeHintText") == "0x80072EE7, WININET_E_NAME_NOT_RESOLVED:  The server can't be found"
            )
            assert "VPN" in part(window, QLabel, "codeHintText").toolTip()
            assert shown(window) == ["job 1"]
            button = part(window, QPushButton, "codeHintButton")
            assert button.isVisible()
            button.click()
            assert label(window, "explainCount") == "1 download here has it:"
            window.list.code_hint.offer(asked.append)
            button.click()
            assert asked == ["0x80072ee7"]
            await type_into_the_filter(window, "setup")
            assert not hint.isVisible()

    run(test())


def entries(window: MainWindow, name: str) -> list[str]:
    listed = part(window, QListWidget, name)
    return [listed.item(at).text() for at in range(listed.count()) if not listed.item(at).isHidden()]


def test_states_and_services_are_listed_with_their_counts(run: Run) -> None:
    async def test() -> None:
        first = ScriptedBackend([job(1, S.QUEUED), job(2, S.QUEUED), job(3, S.ERROR, error_code=NAME_NOT_RESOLVED)])
        second = ScriptedBackend([Job(JobKey("bits", "9"), "nine", S.QUEUED, job(9).progress, job(9).times)], "bits")
        async with opened(first, second) as window:
            await until(lambda: len(shown(window)) == 4)
            assert not part(window, QWidget, "filterPanel").isVisible(), "at first there is just the list"
            window.list.show_filters(True)
            states, services = part(window, QListWidget, "stateList"), part(window, QListWidget, "serviceList")
            assert entries(window, "stateList") == ["All states (4)", "Needs you (1)", "Waiting for its turn (3)"]
            assert entries(window, "serviceList") == ["All services (4)", "scripted (3)", "BITS (1)"]
            states.setCurrentItem(states.findItems("Waiting", Qt.MatchFlag.MatchStartsWith)[0])
            assert shown(window) == ["job 1", "job 2", "nine"]
            services.setCurrentItem(services.findItems("BITS", Qt.MatchFlag.MatchStartsWith)[0])
            assert shown(window) == ["nine"]
            first.publish(Change(removals={JobKey("scripted", "1"): None}))
            await until(lambda: "Gone from its service (1)" in entries(window, "stateList"))
            window.list.show_filters(False)
            assert len(shown(window)) == 4, "filters that nobody sees filter nothing"

    run(test())


def test_where_nothing_passes_the_list_says_so_and_leads_out(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1), job(2)])) as window:
            await until(lambda: len(shown(window)) == 2)
            await type_into_the_filter(window, "no such thing")
            assert part(window, QWidget, "nothingPage").isVisible()
            assert label(window, "nothingTitle") == 'No download contains "no such thing"'
            assert not window.table.isVisible()
            part(window, QPushButton, "showAllButton").click()
            assert window.table.isVisible()
            assert shown(window) == ["job 1", "job 2"]
            window.list.show_filters(True)
            part(window, QCheckBox, "staleBox").setChecked(True)
            assert shown(window) == ["job 1", "job 2"], "both are weeks old"
            window.list.panel.days.setValue(999)
            assert label(window, "nothingTitle") == "No download is like that"

    run(test())


def test_the_history_shows_what_is_gone_and_says_where_nobody_knows_how(run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        path = tmp_path / "history.sqlite"
        history = History(path)
        done, lost = job(5, S.ACKNOWLEDGED, progress=(5, 5, 1, 1)), job(6, S.TRANSFERRING, display_name="lost.bin")
        moment = datetime.now(UTC)
        history.record(Records(gone=(GoneJob(done, moment), GoneJob(lost, moment, has_vanished=True))))
        history.close()
        async with opened(ScriptedBackend([job(1)]), history=path) as window:
            await until(lambda: shown(window) == ["job 1"])
            window.list.show_filters(True)
            box = part(window, QCheckBox, "historyBox")
            box.setChecked(True)
            await until(lambda: shown(window) == ["job 5", "lost.bin"])
            words: dict[str, Any] = {row.job.display_name: row.words() for row in window.model.rows}
            assert words == {"job 5": "Finished", "lost.bin": "Gone from its service"}
            window.choose(done.key)
            assert not any(action.isEnabled() for action in window._acts.commands.values())
            await type_into_the_filter(window, "lost")
            await until(lambda: shown(window) == ["lost.bin"])
            box.setChecked(False)
            await type_into_the_filter(window, "job")
            assert shown(window) == ["job 1"]

    run(test())


def test_choosing_a_job_that_is_hidden_shows_it(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1), job(2, S.ACKNOWLEDGED)]), is_grouped=True) as window:
            await until(lambda: len(shown(window)) == 2)
            for group in {row.group for row in window.model.rows}:
                window.table.fold(group, is_folded=True)
            assert shown(window) == []
            await type_into_the_filter(window, "job 1")
            assert window.choose(JobKey("scripted", "2"))
            assert [one.display_name for one in window.table.selected_jobs()] == ["job 2"]
            assert not window.choose(JobKey("scripted", "none"))

    run(test())
