"""A tour of the window by keyboard alone, with what reads the screen aloud switched on as well.

Nothing is clicked and nothing called: whatever happens in the window comes from keys pressed where the focus is.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication

from domonitor.backends.scripted import ScriptedBackend
from domonitor.history import GoneJob, History, Records
from domonitor.jobs.state import Command, JobState
from domonitor.ui import theme
from domonitor.ui.announcer import PAUSE_S
from domonitor.ui.columns import AT, COLUMNS, NAME, STATE
from tests.ui.conftest import Run
from tests.ui.fingers import Fingers, entry, popup
from tests.ui.opened import job, label, opened, part, until
from tests.ui.touring import Tour, tour

S = JobState
PANEL = ["errorResumeButton", "changeAddressButton", "errorCompleteButton", "errorCancelButton", "errorCopyButton"]
pytestmark = pytest.mark.usefixtures("spoken")


def test_f6_and_tab_come_to_everything(run: Run) -> None:
    async def test() -> None:
        async with tour() as on:
            await on.failed()
            stops = []
            for _ in range(3):
                await on.press("F6")
                stops.append(on.fingers.at)
            assert stops == ["errorResumeButton", "filterEdit", "jobTable"]
            await on.press("Shift+F6", "Shift+F6")
            assert on.fingers.at == "errorResumeButton"
            stops = [on.fingers.at]
            while on.fingers.at != "jobTable":
                await on.press("Tab")
                stops.append(on.fingers.at)
            assert stops == [*PANEL, "errorFactsButton", "tabs", "fileTable", "filterEdit", "jobTable"]
            await on.press("Ctrl+Shift+F", "Ctrl+F", "F6")
            assert on.fingers.at == "stateList"
            await on.press("Shift+Tab")
            assert on.fingers.at == "filterEdit"
            await on.press("Tab")
            assert on.fingers.at == "stateList"
            for name in ("serviceList", "staleBox", "staleDays", "jobTable"):
                await on.press("Tab")
                assert on.fingers.at == name

    run(test())


def test_the_list_is_walked_folded_and_chosen_from(run: Run) -> None:
    async def test() -> None:
        async with tour() as on:
            everything = on.names
            await on.press("Home")
            assert on.chosen == [], "a heading is no download"
            for folds, unfolds in (("Left", "Right"), ("Space", "Space"), ("Return", "Return")):
                await on.press(folds)
                assert on.names == everything[4:]
                await on.press(unfolds)
                assert on.names == everything
            await on.press("Down")
            assert on.chosen == everything[:1]
            await on.press("Shift+Down", "Shift+Down")
            assert on.chosen == everything[:3]
            await on.press("Down")
            assert on.chosen == everything[3:4]
            await on.press("Ctrl+Up", "Ctrl+Up", "Ctrl+Space")
            assert on.chosen == [everything[1], everything[3]]
            await on.press("Ctrl+A")
            assert on.chosen == everything
            await on.press("End")
            assert on.chosen == everything[-1:]

    run(test())


def test_commands_are_given_and_their_questions_answered(run: Run) -> None:
    async def test() -> None:
        async with tour() as on:
            await on.choose("data.zip")
            await on.press("Ctrl+P")
            await until(lambda: on.state("data.zip") is S.SUSPENDED)
            await until(part(on.window, QAction, "resumeAction").isEnabled)
            await on.press("Ctrl+R")
            await until(lambda: on.state("data.zip") is S.QUEUED)
            await on.press("Del")
            await on.dialog("questionBox")
            await on.press("Return")
            await on.gone("questionBox")
            assert on.given == [(Command.SUSPEND, 1), (Command.RESUME, 1)], "Enter keeps what is there"
            await on.press("Shift+Down", "Del")
            await on.dialog("questionBox")
            await on.press("Tab", "Space")
            await until(lambda: on.given[2:] == [(Command.CANCEL, 2)])
            await on.gone("questionBox")
            await on.choose("letters.zip")
            await on.press("Ctrl+Return")
            await until(lambda: on.given[3:] == [(Command.COMPLETE, 1)])
            await on.press("Menu")
            assert [each.text() for each in popup().actions()][:4] == ["Resume", "Suspend", "Complete", "Cancel"]
            await on.press("Esc")

    run(test())


def test_why_a_command_is_not_offered_is_found_by_keyboard(run: Run) -> None:
    async def test() -> None:
        async with tour() as on:
            await on.choose("map.pdf")
            await on.fingers.open_menu("Downloads")
            await on.fingers.walk_to("Suspend")
            why = "Suspend does nothing here: Suspended."
            assert on.window.statusBar().currentMessage() == why
            assert on.fingers.heard[-1] == why
            await on.press("Return")
            assert on.given == []
            await on.press("Esc", "Esc")
            assert on.window.statusBar().currentMessage() == ""

    run(test())


def test_a_download_is_added(run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        service = ScriptedBackend()
        async with opened(service) as window:
            fingers = Fingers(window)
            await fingers.press("F6", "Tab")
            assert fingers.at == "emptyAddButton"
            await fingers.press("Space")
            on = Tour(fingers, service)
            await on.dialog("addDialog")
            await on.type("https://dl.example.com/a.zip")
            assert fingers.at == "addressEdit"
            await on.press("Alt+F")
            await on.type(str(tmp_path))
            await on.press("Alt+I", "Down")
            await on.go_to("addButton")
            await on.press("Space")
            await on.gone("addDialog")
            (added,) = service.added
            assert [(file.remote_name, file.local_name) for file in added.files] == [
                ("https://dl.example.com/a.zip", str(tmp_path / "a.zip"))
            ]
            await on.press("Ctrl+N")
            await on.dialog("addDialog")
            await on.press("Esc")
            await on.gone("addDialog")

    run(test())


def test_the_list_is_filtered_by_text_state_service_and_age(run: Run) -> None:
    async def test() -> None:
        async with tour() as on:
            everything = on.names
            await on.press("Ctrl+F")
            await on.type("radio")
            await on.press("Down")
            assert (on.fingers.at, on.names, on.chosen) == ("jobTable", ["radio.ogg"], ["radio.ogg"])
            await on.press("Ctrl+F", "Esc")
            assert on.names == everything
            await on.press("Ctrl+Shift+F")
            await on.go_to("stateList", "F6")
            await on.press("Down")
            assert on.names == ["setup.iso", "firmware.bin", "drivers.cab"]
            await on.press("Home", "Tab")
            assert on.fingers.at == "serviceList"
            await on.press("End")
            assert on.names == ["Edge Update", "WU Client Download"]
            await on.press("Home")
            await on.go_to("staleBox")
            await on.press("Space")
            assert on.names == []
            assert label(on.window, "nothingTitle") == "No download is like that"
            await on.go_to("showAllButton")
            await on.press("Space")
            assert on.names == everything

    run(test())


def test_the_history_is_looked_through(run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        path = tmp_path / "history.sqlite"
        history = History(path)
        lost = job(6, S.TRANSFERRING, display_name="lost.bin")
        history.record(Records(gone=(GoneJob(lost, datetime.now(UTC), has_vanished=True),)))
        history.close()
        async with tour(path) as on:
            await on.press("Ctrl+Shift+F")
            await on.go_to("historyBox", "Shift+Tab")
            await on.press("Space")
            await until(lambda: on.names == ["lost.bin"])
            await on.press("Space")
            await until(lambda: len(on.names) == 13)

    run(test())


def test_a_code_in_the_filter_is_explained(run: Run) -> None:
    async def test() -> None:
        async with tour() as on:
            await on.press("Ctrl+F")
            await on.type("0x80072EE7")
            await until(on.window.list.code_hint.isVisible)
            await on.press("F6")
            assert on.fingers.at == "codeHintButton"
            await on.press("Space")
            await on.dialog("explainDialog")
            await on.go_to("explainText")
            await on.go_to("explainJobs")
            await on.press("End", "Return")
            assert on.chosen == ["drivers.cab"]
            await on.go_to("explainCopyButton")
            await on.press("Space")
            assert QApplication.clipboard().text().startswith("The server can't be found")
            await on.press("Esc")
            await on.gone("explainDialog")

    run(test())


def test_columns_are_sorted_hidden_moved_widened_and_reset(run: Run) -> None:
    async def test() -> None:
        async with tour() as on:
            header = on.window.table.horizontalHeader()
            grouped = on.names
            await on.fingers.open_menu("View", "Sort by")
            await on.fingers.pick("Name")
            assert on.names == sorted(grouped, key=str.casefold)
            await on.fingers.open_menu("View", "Sort by")
            await on.fingers.pick("Backwards")
            assert on.names == sorted(grouped, key=str.casefold, reverse=True)
            await on.fingers.open_menu("View", "Columns")
            await on.fingers.pick("Speed")
            assert header.isSectionHidden(AT["speed"])
            await on.choose("data.zip")
            await on.press("Right", "Right")
            assert on.window.table.currentIndex().column() == STATE
            width = header.sectionSize(STATE)
            await on.press("Alt+Left", "Alt+Shift+Right")
            assert (header.visualIndex(STATE), header.sectionSize(STATE)) == (1, width + 20)
            await on.press("Alt+Right", "Alt+Right", "Alt+Shift+Left")
            assert (header.visualIndex(STATE), header.sectionSize(STATE)) == (4, width), "past the one that is hidden"
            await on.fingers.open_menu("View", "Columns")
            await on.fingers.pick('Move "State" to the left')
            assert header.visualIndex(STATE) == 3
            await on.fingers.open_menu("View", "Columns")
            await on.fingers.pick("Columns for support (all)")
            assert header.hiddenSectionCount() == 0
            await on.press("End", "Home")
            await on.fingers.open_menu("View", "Columns")
            await on.fingers.pick("Reset columns and order")
            assert (on.names, header.visualIndex(NAME)) == (grouped, 0)
            assert header.hiddenSectionCount() == len(COLUMNS) - 8

    run(test())


def test_the_menu_bar_leads_to_theme_keys_and_codes(run: Run) -> None:
    async def test() -> None:
        async with tour() as on:
            await on.press("Alt", "Down")
            assert (popup().title(), entry(popup())) == ("&Downloads", "Add")
            await on.press("Esc", "Esc")
            assert on.fingers.at == "jobTable"
            await on.fingers.open_menu("View", "Theme")
            await on.fingers.pick("Dark")
            assert theme.is_dark(on.window.palette())
            await on.fingers.open_menu("Help")
            await on.fingers.pick("Explain a code…")
            await on.dialog("explainDialog")
            await on.type("404")
            await on.press("Esc")
            await on.gone("explainDialog")
            await on.press("F1")
            await on.dialog("keysDialog")
            await on.press("End")
            assert on.fingers.at == "keysTable"
            await on.press("Esc")
            await on.gone("keysDialog")
            await on.fingers.open_menu("Downloads")
            await on.fingers.pick("Quit")
            assert on.window.closed.is_set()

    run(test())


def test_news_come_grouped(run: Run) -> None:
    async def test() -> None:
        async with tour() as on:
            began_s = time.monotonic()
            await on.choose("data.zip")
            await on.press("Shift+Down", "Shift+Down", "Ctrl+P")
            await until(lambda: on.fingers.heard)
            assert on.fingers.heard == ["3 downloads are suspended."]
            await until(part(on.window, QAction, "resumeAction").isEnabled)
            await on.press("Ctrl+R")
            await until(lambda: on.state("data.zip") is S.QUEUED)
            passed_s = time.monotonic() - began_s
            assert len(on.fingers.heard) <= 1 + passed_s / PAUSE_S

    run(test())
