"""The tour by keyboard goes on below the list: the tabs, and every button of the error panel."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QTabWidget

from domonitor.jobs.state import Command, JobState
from tests.ui.conftest import Run
from tests.ui.opened import label, part, until
from tests.ui.touring import tour

S = JobState
pytestmark = pytest.mark.usefixtures("spoken")


def test_all_four_tabs_are_read(run: Run) -> None:
    async def test() -> None:
        async with tour() as on:
            tabs, details = part(on.window, QTabWidget, "detailsTabs"), on.window.details
            await on.failed()
            await on.go_to("fileTable")
            await on.press("Down", "Alt+T")
            await until(lambda: details.timeline.model.rows)
            assert (tabs.currentIndex(), on.fingers.at) == (1, "timelineTable")
            await on.press("Down", "Alt+S")
            await until(lambda: details.speed._graph)
            assert (tabs.currentIndex(), on.fingers.at) == (2, "speedMinuteButton")
            await on.press("Right", "Space")
            assert label(on.window, "speedText").startswith("Over the last hour")
            await on.go_to("filterEdit")
            await on.press("Alt+G")
            await on.go_to("generalTable", "Shift+Tab")
            await on.press("Down", "Ctrl+Home", "Ctrl+C")
            assert QApplication.clipboard().text() == "setup.iso"
            await on.go_to("copyAllButton")
            await on.press("Space")
            assert QApplication.clipboard().text().startswith("Name: setup.iso\n")
            await on.go_to("tabs", "Shift+Tab")
            await on.press("Left")
            assert tabs.currentIndex() == 2
            await on.press("Alt+F")
            assert tabs.currentIndex() == 0

    run(test())


def test_enter_goes_to_what_explains_the_download(run: Run) -> None:
    async def test() -> None:
        async with tour() as on:
            await on.failed()
            await on.press("Return")
            assert on.fingers.at == "errorResumeButton"
            await on.choose("data.zip")
            await on.press("Return")
            assert on.fingers.at == "tabs"

    run(test())


def test_every_button_of_the_error_panel_is_pressed(run: Run) -> None:
    async def test() -> None:
        async with tour() as on:
            await on.failed()
            await on.go_to("errorCopyButton")
            await on.press("Space")
            copied = QApplication.clipboard().text()
            assert "The server can't be found" in copied
            await on.go_to("errorFactsButton")
            await on.press("Space")
            assert label(on.window, "errorCode") == "0x80072EE7  WININET_E_NAME_NOT_RESOLVED"
            await on.press("Tab")
            assert on.fingers.at == "errorCopyMarkdownButton"
            await on.press("Space")
            assert QApplication.clipboard().text() != copied
            await on.press("Tab", "Space")
            await on.dialog("explainDialog")
            await on.press("Esc")
            await on.gone("explainDialog")
            await on.go_to("errorFactsButton", "Shift+Tab")
            await on.press("Space")
            await on.go_to("changeAddressButton", "Shift+Tab")
            await on.press("Space")
            await on.dialog("changeAddressDialog")
            assert on.fingers.at == "addressEdit"
            await on.type("https://other.example.com/readme.txt")
            await on.go_to("addressGoButton")
            await on.press("Space")
            await on.gone("changeAddressDialog")
            await until(lambda: on.given == [(Command.SET_ADDRESS, 1), (Command.RESUME, 1)])
            await until(lambda: not on.window.details.error_panel.isVisible())
            await on.choose("b.bin")
            await until(on.window.details.error_panel.isVisible)
            await on.go_to("retryNowButton")
            await on.press("Space")
            await until(lambda: on.state("b.bin") is S.QUEUED)

    run(test())


@pytest.mark.parametrize(
    ("button", "answer", "command"),
    [
        ("errorResumeButton", [], Command.RESUME),
        ("errorCompleteButton", ["Tab", "Space"], Command.COMPLETE),
        ("errorCancelButton", ["Tab", "Space"], Command.CANCEL),
    ],
)
def test_the_error_panel_gives_a_command(run: Run, button: str, answer: list[str], command: Command) -> None:
    async def test() -> None:
        async with tour() as on:
            await on.failed()
            await on.go_to(button)
            await on.press("Space")
            if answer:
                await on.dialog("questionBox")
                await on.press(*answer)
            await until(lambda: on.given == [(command, 1)])
            await until(lambda: not on.window.details.error_panel.isVisible())
            await on.fingers.target()
            assert on.fingers.at == "tabs", "the focus does not go with the panel"

    run(test())
