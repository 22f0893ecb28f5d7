"""Help > Explain a code: any form of a code, all its meanings, and the downloads here that have it."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QListWidget, QPushButton, QTextBrowser

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs import codes
from domonitor.jobs.job import JobKey
from domonitor.jobs.state import JobState
from domonitor.ui.explain_dialog import ExplainDialog
from domonitor.words.explanation import told
from tests.ui.conftest import Run
from tests.ui.opened import job, label, opened, part, until

S = JobState
NOT_FOUND = 0x80072EE7


def said(dialog: ExplainDialog) -> str:
    return part(dialog, QTextBrowser, "explainText").toPlainText()


@pytest.mark.parametrize(
    "typed",
    ["0x80072EE7", "80072ee7", "-2147012889", "2147954407", "WININET_E_NAME_NOT_RESOLVED", " 0X80072EE7 "],
)
def test_any_form_of_a_code_is_understood(run: Run, typed: str) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            dialog = window.help.explain(typed)
            assert said(dialog).splitlines()[0] == "The server can't be found"
            assert "0x80072EE7" in said(dialog)
            assert "-2147012889" in said(dialog)
            assert "1. Check the address for typing errors." in " ".join(
                told(codes.explain(typed)).as_text().split("\n")
            )

    run(test())


def test_it_says_for_each_service_whether_it_passes_by_itself(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            dialog = window.help.explain("0x80D03805")
            lines = said(dialog)
            assert "Does it pass by itself?" in lines
            for service in ("domonitor", "BITS", "Delivery Optimization", "DO agent"):
                assert service in lines
            answers = dict(told(codes.explain("0x80D03805")).passes)
            assert answers["Delivery Optimization"] == "yes, it is tried again"

    run(test())


def test_every_meaning_of_a_code_is_told() -> None:
    several = [code for code, meanings in codes._by_code().items() if len(meanings) > 1]
    assert several
    for code in several:
        text = told(codes.explain(code)).as_text()
        for meaning in codes.explain(code).meanings:
            assert meaning.meaning in text
            assert meaning.names[0] in text


def test_the_downloads_that_have_it_are_listed_and_one_is_chosen(run: Run) -> None:
    async def test() -> None:
        failed = [job(number, S.ERROR, error_code=NOT_FOUND) for number in (1, 2)]
        service = ScriptedBackend([*failed, job(3, S.ERROR, error_code=0x80190194), job(4)])
        async with opened(service) as window:
            await until(lambda: window.model.rowCount() == 4)
            dialog = window.help.explain(hex(NOT_FOUND))
            listed = part(dialog, QListWidget, "explainJobs")
            assert label(dialog, "explainCount") == "2 downloads here have it:"
            assert [listed.item(at).text().split("  ")[0] for at in range(listed.count())] == ["job 1", "job 2"]
            listed.itemActivated.emit(listed.item(1))
            assert window.selected.key == JobKey("scripted", "2")
            dialog.explain("404")
            assert [listed.item(at).text().split("  ")[0] for at in range(listed.count())] == ["job 3"]
            dialog.explain("0x80070070")
            assert label(dialog, "explainCount") == "No download here has it."
            assert not listed.isVisible()

    run(test())


def test_what_is_no_code_gets_a_hint_and_an_unknown_code_what_can_be_read_from_it(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            dialog = window.help.explain("DO_E_JOB_EMTPY")
            assert "Did you mean DO_E_JOB_EMPTY?" in said(dialog)
            assert not part(dialog, QPushButton, "explainCopyButton").isEnabled()
            dialog.explain("<b>x</b>")
            assert "<b>x</b>" in said(dialog)
            dialog.explain("0x8ABC0001")
            assert "This very code is not documented." in said(dialog)
            dialog.explain("")
            assert said(dialog).startswith("Type an error code in any form")

    run(test())


def test_it_is_opened_from_the_menu_and_copied(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            action = part(window, QAction, "explainAction")
            assert action.shortcut().toString() == "Ctrl+E"
            action.trigger()
            dialog = part(window, ExplainDialog, "explainDialog")
            dialog.explain("404")
            part(dialog, QPushButton, "explainCopyButton").click()
            assert QGuiApplication.clipboard().text().startswith("The file is not on the server\n0x00000194")

    run(test())


def test_typing_explains_after_a_moment(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            dialog = window.help.explain()
            for sign in "0x80070070":
                QTest.keyClicks(part(dialog, QLineEdit, "explainEdit"), sign)
            await until(lambda: said(dialog).startswith("The disk is full"))

    run(test())
