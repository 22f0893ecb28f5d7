"""The error panel: there while the chosen job has an error, with the right words, and gone at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change
from domonitor.jobs.error import CopyError, ErrorContext, ErrorFile
from domonitor.jobs.job import JobKey
from domonitor.jobs.state import JobState
from tests.ui.conftest import Run
from tests.ui.opened import job, label, opened, panel_button, part, until

S = JobState
KEY = JobKey("scripted", "1")
URL = "https://anna:secret@dl.example.com/some/file.iso?token=secret"


def failing(retry_s: float | None = 42, state: JobState = S.TRANSIENT_ERROR) -> ScriptedBackend:
    now = datetime.now(UTC)
    retry_at = None if retry_s is None else now + timedelta(seconds=retry_s)
    service = ScriptedBackend([job(1, state, error_code=0x80072EE7, retry_at=retry_at, progress=(9, 10, 2, 5)), job(2)])
    service.errors["1"] = CopyError(
        ErrorContext.GENERAL_TRANSPORT,
        0x80072EE7,
        '"dl.example.com" has no address.',
        file=ErrorFile(URL, "/home/anna/file.iso"),
        occurred_at=now,
        retry_at=retry_at,
        attempts=3,
    )
    return service


def test_the_panel_says_all_that_is_known(run: Run) -> None:
    async def test() -> None:
        async with opened(failing()) as window:
            await until(lambda: window.model.rowCount() == 2)
            panel = part(window, QFrame, "errorPanel")
            assert not panel.isVisible()
            window.choose(KEY)
            await until(panel.isVisible)
            assert label(window, "errorHeadline") == "The server can't be found"
            assert label(window, "errorRemedy").startswith("1.  ")
            assert label(window, "errorContext") == "The error occurred on the way to the server."
            assert label(window, "errorFile") == "https://dl.example.com/some/file.iso?…\n/home/anna/file.iso"
            assert label(window, "errorCode") == "0x80072EE7  WININET_E_NAME_NOT_RESOLVED"
            assert label(window, "errorDescription") == '"dl.example.com" has no address.'
            assert label(window, "errorTime").endswith("3 failures in a row")
            assert panel_button(window, "errorCompleteButton").text() == "Complete: keeps 2 of 5…"
            assert panel_button(window, "errorResumeButton").isEnabled()

    run(test())


def test_it_counts_down_and_never_takes_the_focus(run: Run) -> None:
    async def test() -> None:
        async with opened(failing()) as window:
            await until(lambda: window.model.rowCount() == 2)
            window.table.setFocus()
            window.choose(KEY)
            await until(part(window, QFrame, "errorPanel").isVisible)
            first = label(window, "errorRetry")
            assert first.startswith("Tries again by itself in 0:4")
            await until(lambda: label(window, "errorRetry") != first)
            assert window.focusWidget() is window.table

    run(test())


def test_a_pause_that_is_over_or_not_known_is_said(run: Run) -> None:
    async def test() -> None:
        for retry_s, words in (
            (0, "Tries again now."),
            (None, "Tries again by itself; the service does not say when."),
        ):
            async with opened(failing(retry_s)) as window:
                await until(lambda: window.model.rowCount() == 2)
                window.choose(KEY)
                await until(part(window, QFrame, "errorPanel").isVisible)
                assert label(window, "errorRetry") == words

    run(test())


def test_an_error_that_stays_says_so(run: Run) -> None:
    async def test() -> None:
        async with opened(failing(None, S.ERROR)) as window:
            await until(lambda: window.model.rowCount() == 2)
            window.choose(KEY)
            await until(part(window, QFrame, "errorPanel").isVisible)
            assert label(window, "errorRetry") == "It does not try again by itself: you decide."

    run(test())


def test_it_is_gone_with_its_reason(run: Run) -> None:
    """Transferring again, another job chosen, or the job lost by its service."""

    async def test() -> None:
        service = failing()
        async with opened(service) as window:
            await until(lambda: window.model.rowCount() == 2)
            panel = part(window, QFrame, "errorPanel")
            for end in (Change((job(1, S.TRANSFERRING),)), None, Change(removals={KEY: None})):
                service.publish(Change((job(1, S.TRANSIENT_ERROR, error_code=0x80072EE7),)))
                await until(lambda: window.model.row(KEY).job.state is S.TRANSIENT_ERROR)
                window.choose(KEY)
                await until(panel.isVisible)
                if end is None:
                    window.choose(JobKey("scripted", "2"))
                    assert not panel.isVisible()
                else:
                    service.publish(end)
                    await until(lambda: not panel.isVisible())

    run(test())


def test_a_service_that_tells_nothing_more_is_quoted_so(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1, S.ERROR, error_code=0x80070070)])) as window:
            await until(lambda: window.model.rowCount() == 1)
            window.choose(KEY)
            await until(part(window, QFrame, "errorPanel").isVisible)
            assert label(window, "errorHeadline") == "The disk is full"
            assert label(window, "errorDescription") == "The service gives no more information on this error."

    run(test())


def test_a_failure_without_a_code_is_not_called_a_success(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1, S.ERROR)])) as window:
            await until(lambda: window.model.rowCount() == 1)
            window.choose(KEY)
            await until(part(window, QFrame, "errorPanel").isVisible)
            assert label(window, "errorHeadline") == "The service does not say what failed"
            assert label(window, "errorRemedy") == "1.  Choose Resume to try again."
            assert label(window, "errorCode") == "none"

    run(test())


def test_copy_gives_all_of_it_without_secrets(run: Run) -> None:
    async def test() -> None:
        async with opened(failing()) as window:
            await until(lambda: window.model.rowCount() == 2)
            window.choose(KEY)
            await until(part(window, QFrame, "errorPanel").isVisible)
            panel_button(window, "errorCopyButton").click()
            copied = QGuiApplication.clipboard().text()
            assert copied.startswith("job 1: The server can't be found")
            assert "0x80072EE7" in copied
            assert "secret" not in copied

    run(test())
