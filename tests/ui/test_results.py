"""What is told of a command that not every job took."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.job import Origin
from domonitor.jobs.state import Command, JobState
from domonitor.ui.results import result
from tests.ui.conftest import Run
from tests.ui.opened import job, opened, part, until

S = JobState


def test_where_all_went_well_there_is_nothing_to_tell() -> None:
    assert result(Command.SUSPEND, 9, []).short == ""


def test_one_job_is_told_in_one_line() -> None:
    told = result(Command.SUSPEND, 1, [(job(1), "Only Anna may do that.")])
    assert (told.short, told.full) == ("job 1: Only Anna may do that.", "")


def test_many_are_told_by_their_reason_and_in_full_on_request() -> None:
    refused = [(job(number), "It is over.") for number in range(5)] + [(job(7), "Only Anna may do that.")]
    told = result(Command.CANCEL, 20, refused)
    assert told.short.splitlines() == [
        "Cancel: done for 14 of 20 downloads, not for these:",
        "job 0, job 1, job 2 and 2 more: It is over.",
        "job 7: Only Anna may do that.",
    ]
    assert told.full.splitlines() == [
        "It is over.", *(f"    job {number}" for number in range(5)), "", "Only Anna may do that.", "    job 7",
    ]  # fmt: skip


def test_very_many_reasons_are_counted() -> None:
    told = result(Command.CANCEL, 9, [(job(number), f"Reason {number}.") for number in range(9)])
    assert told.short.splitlines()[-1] == "… and 5 more."
    assert "Reason 8." in told.full


def test_what_the_command_is_not_offered_on_is_told_as_well(run: Run) -> None:
    async def test() -> None:
        jobs = [job(1, S.TRANSFERRING), job(2, S.SUSPENDED), job(3, S.ACKNOWLEDGED, origin=Origin.SYSTEM)]
        service = ScriptedBackend(jobs)
        async with opened(service) as window:
            await until(lambda: len(window.model.rows) == 3)
            window.table.selectAll()
            window.give(Command.SUSPEND)
            await until(lambda: window.notices.message)
            assert [one.job_ids for one in service.requests] == [("1",)]
            assert window.notices.message.splitlines() == [
                "Suspend: done for 1 of 3 downloads, not for these:",
                "job 2: Suspend does nothing here: Suspended.",
                "job 3: Suspend does nothing here: Finished.",
            ]
            assert not part(window, QPushButton, "noticeMore").isVisible(), "that was all"

    run(test())
