"""The error panel: there while the chosen job has an error, with the right words, and gone at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFrame, QLabel, QTextBrowser, QToolButton

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change
from domonitor.jobs.error import CopyError, ErrorContext, ErrorFile
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.job import FileProgress, JobFile, JobKey, Origin
from domonitor.jobs.state import Command, JobState
from domonitor.ui import fellows, text, theme
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
            assert label(window, "errorSentence") == '"dl.example.com" has no address.'
            assert label(window, "errorJobName") == "job 1"
            assert label(window, "errorTime").startswith("tried 3x, last ")
            assert label(window, "errorTried") == label(window, "errorTime")
            assert label(window, "errorFactsLine").startswith("way to the server  ·  0x80072EE7  ·  https://dl.example")
            assert panel_button(window, "errorCompleteButton").text() == "Complete: keeps 2 of 5…"
            assert panel_button(window, "retryNowButton").isEnabled()

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
            said = "scripted gives no error information; it says only that the download has stopped."
            assert label(window, "errorSentence") == said
            assert not panel_button(window, "errorExplainButton").isVisibleTo(window.details.error_panel)

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
            assert "anna" not in copied
            panel_button(window, "errorCopyMarkdownButton").click()
            copied = QGuiApplication.clipboard().text()
            assert copied.startswith("### job 1: The server can't be found\n")
            assert "0x80072EE7" in copied
            assert "secret" not in copied
            assert "anna" not in copied

    run(test())


def test_what_passes_by_itself_is_calmer_and_offers_to_try_at_once(run: Run) -> None:
    async def test() -> None:
        service = failing()
        async with opened(service) as window:
            await until(lambda: window.model.rowCount() == 2)
            window.choose(KEY)
            panel = window.details.error_panel
            await until(panel.isVisible)
            colors = theme.colors(panel.palette())
            assert colors.warning_back in panel.styleSheet()
            assert colors.danger_back not in panel.styleSheet()
            assert panel_button(window, "retryNowButton").isVisible()
            assert not panel_button(window, "errorResumeButton").isVisible()
            panel_button(window, "retryNowButton").click()
            await until(lambda: [request.command for request in service.requests] == [Command.RESUME])
            service.publish(Change((job(1, S.ERROR, error_code=0x80072EE7),)))
            await until(panel_button(window, "errorResumeButton").isVisible)
            assert not panel_button(window, "retryNowButton").isVisible()
            assert colors.danger_back in panel.styleSheet()

    run(test())


def test_the_facts_are_folded_until_somebody_wants_them_and_then_stay(run: Run) -> None:
    async def test() -> None:
        service = failing()
        service.publish(Change((job(2, S.ERROR, error_code=0x80190194),)))
        async with opened(service) as window:
            await until(lambda: window.model.rowCount() == 2)
            window.choose(KEY)
            await until(window.details.error_panel.isVisible)
            code = part(window, QLabel, "errorCode")
            assert not code.isVisible()
            part(window, QToolButton, "errorFactsButton").click()
            await until(code.isVisible)
            window.choose(JobKey("scripted", "2"))
            await until(lambda: code.text().startswith("0x80190194"))
            assert code.isVisible()

    run(test())


def test_it_says_how_many_fail_at_the_same_server(run: Run) -> None:
    async def test() -> None:
        jobs = [job(number, S.ERROR, error_code=0x80072EE7) for number in (1, 2, 3)]
        service = ScriptedBackend([*jobs, job(4, S.TRANSFERRING), job(5, S.CANCELLED)])
        for number in range(1, 6):
            address = f"https://{'other' if number == 4 else 'dl'}.example.com/{number}"
            service.files_by_job[str(number)] = (JobFile(address, f"/d/{number}"),)
        async with opened(service) as window:
            await until(lambda: window.model.rowCount() == 5)
            window.choose(KEY)
            words = "All 3 downloads from dl.example.com fail."
            await until(lambda: label(window, "errorSentence").endswith(words))
            assert words in window.details.error_panel.as_text()

    run(test())


def test_many_jobs_are_not_all_asked_for_their_files(run: Run) -> None:
    async def test() -> None:
        asked: list[str] = []

        class Counting(ScriptedBackend):
            def files(self, job_id: str) -> tuple[JobFile, ...]:
                asked.append(job_id)
                return (JobFile("https://dl.example.com/x", "/d/x"),)

        failed = [job(number, S.ERROR, error_code=0x80072EE7) for number in range(1, 251)]
        async with opened(Counting([*failed, *(job(number) for number in range(251, 900))])) as window:
            await until(lambda: len(window.monitor.jobs) == 899)
            window.choose(KEY)
            await until(lambda: "downloads from dl.example.com fail." in label(window, "errorSentence"))
            assert len(set(asked)) <= fellows.MOST_ASKED + 1
            assert label(window, "errorSentence").endswith("200 downloads from dl.example.com fail.")

    run(test())


def test_how_often_comes_from_the_timeline_with_first_and_last(run: Run) -> None:
    async def test() -> None:
        service = failing(None, S.ERROR)
        ago = [datetime.now(UTC) - timedelta(minutes=minutes) for minutes in (29, 20, 10, 0)]
        service.events = {"1": tuple(Event(at, EventKind.ERROR, code=0x80072EE7) for at in ago)}
        async with opened(service) as window:
            await until(lambda: window.model.rowCount() == 2)
            window.choose(KEY)
            await until(lambda: label(window, "errorTried").startswith("tried 4x, "))
            assert text.moment(ago[0]) in label(window, "errorTried")

    run(test())


def test_before_a_command_its_tooltip_says_exactly_what_it_does(run: Run) -> None:
    async def test() -> None:
        service = failing()
        done = [
            FileProgress(100, 100),
            FileProgress(100, 100),
            FileProgress(100, 40),
            FileProgress(100),
            FileProgress(),
        ]
        service.files_by_job["1"] = tuple(
            JobFile("https://dl.example.com/x", f"/d/{at}", progress, (), at < 2) for at, progress in enumerate(done)
        )
        async with opened(service) as window:
            await until(lambda: window.model.rowCount() == 2)
            window.choose(KEY)
            cancel = panel_button(window, "errorCancelButton")
            await until(lambda: cancel.toolTip() == "Cancel deletes 2 finished files and 40 B of an unfinished one.")
            complete = panel_button(window, "errorCompleteButton").toolTip()
            assert complete.startswith("Complete keeps 2 of 5 files. The others are dropped")

    run(test())


def test_what_can_t_be_done_is_refused_with_the_reason_as_tooltip(run: Run) -> None:
    async def test() -> None:
        foreign = job(1, S.ERROR, error_code=0x80072EE7, origin=Origin.MY_ACCOUNT, progress=(1, 2, 1, 2))
        async with opened(ScriptedBackend([foreign])) as window:
            await until(lambda: window.model.rowCount() == 1)
            window.choose(KEY)
            await until(window.details.error_panel.isVisible)
            for name, reason in (
                ("errorCompleteButton", "Only the program that created this download can complete it."),
                ("changeAddressButton", "Only the program that created this download can change it."),
            ):
                assert not panel_button(window, name).isEnabled()
                assert panel_button(window, name).toolTip() == reason
            assert panel_button(window, "errorResumeButton").isEnabled()

    run(test())


def test_the_code_is_explained_from_the_panel(run: Run) -> None:
    async def test() -> None:
        async with opened(failing()) as window:
            await until(lambda: window.model.rowCount() == 2)
            window.choose(KEY)
            await until(window.details.error_panel.isVisible)
            panel_button(window, "errorExplainButton").click()
            dialog = part(window, QDialog, "explainDialog")
            assert "The server can't be found" in part(dialog, QTextBrowser, "explainText").toPlainText()

    run(test())


@pytest.mark.parametrize("size", [(760, 520), (1180, 860)])
def test_the_buttons_are_seen_in_a_small_window_too(run: Run, size: tuple[int, int]) -> None:
    async def test() -> None:
        async with opened(failing(None, S.ERROR)) as window:
            window.resize(*size)
            await until(lambda: window.model.rowCount() == 2)
            window.choose(KEY)
            await until(window.details.error_panel.isVisible)
            area = window.details.error_area
            for name in ("errorResumeButton", "changeAddressButton", "errorCancelButton", "errorCopyButton"):
                button = panel_button(window, name)
                await until(lambda button=button: button.visibleRegion().boundingRect() == button.rect())
                assert button.width() >= button.sizeHint().width()
            assert area.horizontalScrollBar().maximum() == 0

    run(test())
