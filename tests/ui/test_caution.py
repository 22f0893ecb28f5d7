"""A download that runs a program at its end says so wherever it is looked at."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QTableView, QTabWidget

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.job import JobKey
from domonitor.jobs.state import JobState
from domonitor.words.caution import caution
from domonitor.words.fields import fields
from tests.ui.conftest import Run
from tests.ui.opened import job, label, opened, part, until

S = JobState
RUNS = {"NotifyCommandLine": r"C:\Temp\again.exe /token=s3cret", "Warning": "Malware does so.", "RetryInterval": "600"}
GENERAL = 3


def test_it_stands_in_the_row_above_the_tabs_and_first_of_all_fields(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.SUSPENDED, reported=RUNS), job(2, S.SUSPENDED)])
        async with opened(service) as window:
            await until(lambda: window.model.rowCount() == 2)
            row = window.model.row(JobKey("scripted", "1"))
            assert row is not None
            assert row.second_line() == "Runs a program at its end"
            assert "Runs a program at its end" in row.sentence()
            window.choose(JobKey("scripted", "1"))
            await until(part(window, QFrame, "detailsCaution").isVisible)
            assert label(window, "cautionCommand").startswith(
                r"This download runs a program at its end: C:\Temp\again.exe"
            )
            assert "s3cret" not in label(window, "cautionCommand")
            assert label(window, "cautionAdvice") == "Malware does so."
            part(window, QTabWidget, "detailsTabs").setCurrentIndex(GENERAL)
            model = part(window, QTableView, "generalTable").model()
            assert [model.index(at, 2).data() for at in range(3)] == ["Warning", "NotifyCommandLine", "DisplayName"]
            window.choose(JobKey("scripted", "2"))
            await until(lambda: not part(window, QFrame, "detailsCaution").isVisible())

    run(test())


def test_it_is_said_beside_an_error_too(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1, S.ERROR, reported=RUNS, error_code=0x80190194)])) as window:
            await until(lambda: window.model.rowCount() == 1)
            window.choose(JobKey("scripted", "1"))
            await until(part(window, QFrame, "errorPanel").isVisible)
            assert part(window, QFrame, "detailsCaution").isVisible()
            row = window.model.row(JobKey("scripted", "1"))
            assert row is not None
            assert row.second_line() == "Runs a program at its end"

    run(test())


def test_the_row_of_a_download_that_is_over_does_not_say_it_any_more(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1, S.CANCELLED, reported=RUNS)])) as window:
            await until(lambda: window.model.rowCount() == 1)
            row = window.model.row(JobKey("scripted", "1"))
            assert row is not None
            assert row.caution() == ""

    run(test())


def test_a_command_of_many_lines_is_told_in_one(run: Run) -> None:
    assert caution(job(1, reported={"NotifyCommandLine": "a.exe\n\n  b"}))[0].endswith(": a.exe b")
    assert caution(job(1)) == ("", "")
    assert next(field.documented for field in fields(job(1)) if field.value is not None) == "DisplayName"
