"""Which commands are offered, what is asked before them, and what is told after them."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QMessageBox, QPlainTextEdit, QPushButton

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change
from domonitor.jobs.job import FileProgress, JobFile, JobKey, Origin
from domonitor.jobs.request import CommandRequest, Outcome
from domonitor.jobs.state import SETTING, Command, JobState
from domonitor.ui.actions import COMMANDS
from domonitor.ui.main_window import MainWindow
from domonitor.words.question import is_offered, question, why_not
from tests.ui.conftest import Run
from tests.ui.opened import answer, job, opened, part, texts, until

S = JobState
ALL = frozenset(Command)


@pytest.mark.parametrize("origin", Origin)
@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("command", Command)
def test_a_command_is_offered_or_refused_with_a_reason(command: Command, state: S, origin: Origin) -> None:
    asked = job(1, state, origin=origin, progress=(1, 2, 1, 2))
    is_makers_alone = command in {Command.COMPLETE, *SETTING} and origin is not Origin.OURS
    assert is_offered(asked, command, ALL) == (asked.allows(command) and not is_makers_alone)
    assert not is_offered(asked, command, ALL - {command})
    if not is_offered(asked, command, ALL):
        assert why_not([asked], command).endswith(".")
    assert why_not([], command) == "Choose a download first."


@pytest.mark.parametrize("origin", Origin)
def test_what_takes_something_away_or_is_not_ours_is_asked_about(origin: Origin) -> None:
    running = job(1, S.TRANSFERRING, origin=origin, owner="ANNA")
    is_ours = origin is Origin.OURS
    assert question(Command.RESUME, [running]) is None
    assert (question(Command.SUSPEND, [running]) is None) == is_ours
    cancel = question(Command.CANCEL, [running])
    assert cancel is not None
    assert cancel.title == 'Cancel "job 1"?'
    assert (cancel.go, cancel.keep) == ("Cancel download", "Keep downloading")
    assert ("belongs to" in cancel.consequence) != is_ours


def test_complete_asks_only_where_it_drops_files() -> None:
    assert question(Command.COMPLETE, [job(1, progress=(1, 1, 2, 2))]) is None
    asked = question(Command.COMPLETE, [job(1, progress=(1, 1, 2, 5))])
    assert asked is not None
    assert asked.consequence.startswith("Complete keeps 2 of 5 files.")


def test_a_question_on_many_jobs_counts_them_all() -> None:
    jobs = [job(number, S.TRANSFERRING, origin=Origin.SYSTEM) for number in (1, 2, 3)]
    suspend, cancel = question(Command.SUSPEND, jobs), question(Command.CANCEL, jobs)
    assert suspend is not None
    assert cancel is not None
    assert suspend.title == "Suspend 3 downloads?"
    assert (cancel.title, cancel.go) == ("Cancel 3 downloads?", "Cancel 3 downloads")
    assert cancel.consequence.startswith("3 of them belong to the system.")


def enabled(window: MainWindow) -> set[str]:
    names = [entry.object_name for entry in COMMANDS]
    return {name for name in names if part(window, QAction, name).isEnabled()}


def test_the_toolbar_offers_what_at_least_one_chosen_job_can_take(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.SUSPENDED), job(2, S.TRANSFERRING), job(3, S.TRANSFERRED)])
        async with opened(service) as window:
            await until(lambda: window.model.rowCount() == 3)
            assert enabled(window) == set()
            assert part(window, QAction, "resumeAction").toolTip() == "Choose a download first."
            window.choose(JobKey("scripted", "1"))
            assert enabled(window) == {"resumeAction", "cancelAction"}
            assert "Suspended" in part(window, QAction, "suspendAction").toolTip()
            assert "No file has arrived whole" in part(window, QAction, "completeAction").toolTip()
            window.table.selectAll()
            assert enabled(window) == {"resumeAction", "suspendAction", "cancelAction"}
            part(window, QAction, "suspendAction").trigger()
            await until(lambda: service.requests)
            assert [(one.command, one.job_ids) for one in service.requests] == [(Command.SUSPEND, ("2",))]

    run(test())


def test_the_actions_follow_the_state_of_the_chosen_job(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.SUSPENDED)])
        async with opened(service) as window:
            await until(lambda: window.model.rowCount() == 1)
            window.choose(JobKey("scripted", "1"))
            service.publish(Change((job(1, S.TRANSFERRING),)))
            await until(lambda: enabled(window) == {"suspendAction", "cancelAction"})
            service.publish(Change(removals={JobKey("scripted", "1"): None}))
            await until(lambda: enabled(window) == set())

    run(test())


def test_what_the_service_refuses_is_listed_with_its_reason(run: Run) -> None:
    def refuse(request: CommandRequest) -> tuple[Outcome, ...]:
        return tuple(
            Outcome(job_id)
            if job_id == "2"
            else Outcome(job_id, 0x80070005, "E_ACCESSDENIED", "Only ANNA may do that.")
            for job_id in request.job_ids
        )

    async def test() -> None:
        service = ScriptedBackend([job(number, S.TRANSFERRING) for number in range(9)])
        service.answer = refuse
        async with opened(service) as window:
            await until(lambda: window.model.rowCount() == 9)
            window.table.selectAll()
            window.give(Command.SUSPEND)
            await until(lambda: window.notices.message)
            lines = window.notices.message.splitlines()
            assert lines == [
                "Suspend: done for 1 of 9 downloads, not for these:",
                "job 0, job 1, job 3 and 5 more: Only ANNA may do that.",
            ]
            part(window, QPushButton, "noticeMore").click()
            full = part(window, QPlainTextEdit, "resultList").toPlainText().splitlines()
            assert full == ["Only ANNA may do that.", *(f"    job {number}" for number in (0, 1, 3, 4, 5, 6, 7, 8))]
            part(window, QDialog, "resultDialog").reject()
            pending = {row.job.key.id: row.pending for row in window.model.rows if row.pending}
            assert pending == {"2": Command.SUSPEND}, "taken, and not yet seen to be so"

    run(test())


def test_cancel_says_exactly_what_it_deletes_and_keeping_is_the_default(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.ERROR, error_code=0x80190194, progress=(59, None, 1, 2))])
        service.files_by_job["1"] = (
            JobFile("https://a.de/1", "/tmp/1", FileProgress(18, 18), transferred=True),
            JobFile("https://a.de/2", "/tmp/2", FileProgress(None, 41_000_000)),
        )
        async with opened(service) as window:
            await until(lambda: window.model.rowCount() == 1)
            window.choose(JobKey("scripted", "1"))
            window.give(Command.CANCEL)
            await until(lambda: window.findChild(QMessageBox) is not None)
            box = window.findChild(QMessageBox)
            assert box.defaultButton().text() == "Keep downloading"
            assert box.escapeButton() is box.defaultButton()
            asked = await answer(window, "Keep downloading")
            assert "Cancel deletes 1 finished file and 41.0 MB of an unfinished one." in asked
            assert service.requests == []
            window.give(Command.CANCEL)
            await answer(window, "Cancel download")
            await until(lambda: service.requests)
            assert service.requests[0].command is Command.CANCEL

    run(test())


def test_a_name_with_markup_is_shown_as_it_is(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.SUSPENDED, display_name="<i>a & b</i>")])
        async with opened(service) as window:
            await until(lambda: texts(window))
            window.choose(JobKey("scripted", "1"))
            window.give(Command.CANCEL)
            asked = await answer(window, "Keep downloading")
            assert "&lt;i&gt;a &amp; b&lt;/i&gt;" in asked

    run(test())
