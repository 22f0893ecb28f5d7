"""The dialog that adds downloads: every bad input has its sentence, and nothing that was typed is lost."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.error import CallFailed
from domonitor.jobs.request import Existing, NewJob, Outcome
from domonitor.settings import Settings
from domonitor.ui import theme
from domonitor.ui.add_jobs import AddDialog
from domonitor.ui.main_window import MainWindow
from tests.ui.conftest import Run
from tests.ui.opened import opened, part, until

GOOD = "https://a.de/1.bin"
BAD = {
    "example.com/a": "Put http:// or https:// before",
    "ftp://a.de/x": "ftp:// can't be downloaded",
    "https://a.de/a b": "can't contain a space",
    "https://a.de/" + "a" * 2_987: "3,000 characters",
    "https:///x": "names no server",
    "https://a.de:x/": "The port",
    f"{GOOD}\n{GOOD}": "given twice",
}


def dialogs(window: MainWindow) -> list[AddDialog]:
    return [dialog for dialog in window.findChildren(AddDialog) if dialog.isVisible()]


@pytest.mark.parametrize("typed", BAD)
def test_bad_input_is_said_while_it_is_typed_and_nothing_is_added(run: Run, typed: str) -> None:
    async def test() -> None:
        service = ScriptedBackend()
        async with opened(service) as window:
            dialog = window.add_downloads()
            assert (dialog.problem, dialog.add_button.isEnabled()) == ("", False)
            part(dialog, QPlainTextEdit, "addressEdit").setPlainText(typed)
            assert BAD[typed] in dialog.problem
            assert not dialog.add_button.isEnabled()
            part(dialog, QPlainTextEdit, "addressEdit").setPlainText(GOOD)
            assert (dialog.problem, dialog.add_button.isEnabled()) == ("", True)
            dialog.reject()
            assert service.added == []

    run(test())


def test_each_line_has_its_problem_and_a_long_list_is_cut(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            dialog = window.add_downloads("\n".join([GOOD, "ftp://a.de/x", "www.a.de"]))
            assert len(dialog.problem.splitlines()) == 2
            dialog.set_addresses("\n".join(f"www.a.de/{number}" for number in range(9)))
            assert dialog.problem.splitlines()[-1] == "… and 5 more."
            dialog.reject()

    run(test())


@pytest.mark.parametrize(
    ("folder", "problem"), [("", "Choose a folder for the files."), ("some/where", "Give the whole path")]
)
def test_the_folder_must_be_a_whole_path(run: Run, folder: str, problem: str) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            dialog = window.add_downloads(GOOD)
            part(dialog, QLineEdit, "folderEdit").setText(folder)
            assert problem in dialog.problem
            dialog.reject()

    run(test())


@pytest.mark.parametrize("auto_complete", [True, False])
def test_good_addresses_become_jobs_and_the_dialog_closes(run: Run, tmp_path: Path, auto_complete: bool) -> None:
    async def test() -> None:
        service = ScriptedBackend()
        async with opened(service, settings=Settings(str(tmp_path), auto_complete, "light")) as window:
            dialog = window.add_downloads(f"{GOOD}\n\n  https://a.de/2.bin  ")
            dialog.add_button.click()
            await until(lambda: not dialogs(window))
            assert [added.files[0].local_name for added in service.added] == [
                str(tmp_path / "1.bin"),
                str(tmp_path / "2.bin"),
            ]
            assert {added.auto_complete for added in service.added} == {auto_complete}

    run(test())


def test_names_that_have_to_be_changed_are_said_and_others_are_not(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            dialog = window.add_downloads(f"{GOOD}\nhttps://a.de/\nhttps://a.de/2%20of%203.bin")
            assert dialog.changed_names == ""
            dialog.set_addresses(f"{GOOD}\nhttps://b.de/1.bin\nhttps://b.de/con.txt")
            assert dialog.changed_names.splitlines() == [
                '"1.bin" becomes "1 (2).bin"',
                '"con.txt" becomes "_con.txt"',
            ]
            assert dialog.add_button.isEnabled()
            dialog.set_addresses("\n".join(f"https://{host}.de/x" for host in "abcdefgh"))
            assert len(dialog.changed_names.splitlines()) == 4
            assert dialog.changed_names.endswith("… and 4 more.")
            dialog.set_addresses(f"{GOOD}\nftp://b.de/1.bin")
            assert dialog.changed_names == ""
            dialog.reject()

    run(test())


def test_what_is_done_with_an_existing_file_is_chosen_and_kept(run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        service = ScriptedBackend()
        async with opened(service, settings=Settings(str(tmp_path))) as window:
            saved: list[Settings] = []
            window.settings_changed.connect(saved.append)
            dialog = window.add_downloads(GOOD)
            assert dialog.existing_box.currentData() == Existing.RENAME
            dialog.existing_box.setCurrentIndex(dialog.existing_box.findData(Existing.REPLACE))
            dialog.add_button.click()
            await until(lambda: not dialogs(window))
            assert [added.files[0].existing for added in service.added] == [Existing.REPLACE]
            assert all(added.files[0].is_named_by_server for added in service.added)
            assert [settings.existing for settings in saved] == ["replace"]
            dialog = window.add_downloads(GOOD)
            assert dialog.existing_box.currentData() == Existing.REPLACE
            dialog.reject()

    run(test())


class Picky(ScriptedBackend):
    """Refuses 1.bin, after it was allowed to answer."""

    def __init__(self) -> None:
        super().__init__()
        self.may_answer = threading.Event()
        self.failure: CallFailed | None = None

    def add(self, jobs: Sequence[NewJob]) -> tuple[Outcome, ...]:
        self.may_answer.wait(10)
        if self.failure:
            raise self.failure
        self.added.extend(jobs)
        return tuple(
            Outcome(None, 0x80070050, "ERROR_FILE_EXISTS", "A file of that name is already there.")
            if job.display_name == "1.bin"
            else Outcome(job.display_name)
            for job in jobs
        )


def test_what_is_refused_stays_with_its_reason_and_what_is_taken_leaves(run: Run) -> None:
    async def test() -> None:
        service = Picky()
        service.may_answer.set()
        async with opened(service) as window:
            dialog = window.add_downloads(f"{GOOD}\nhttps://a.de/2.bin")
            dialog.add_button.click()
            await until(lambda: dialog.problem)
            assert dialog.problem == "1.bin: A file of that name is already there."
            assert part(dialog, QPlainTextEdit, "addressEdit").toPlainText() == GOOD
            assert dialog.add_button.isEnabled()
            dialog.reject()

    run(test())


def test_a_service_that_can_not_be_asked_is_told_in_the_dialog(run: Run) -> None:
    async def test() -> None:
        service = Picky()
        service.failure = CallFailed(0x80D01001, "DO_E_NO_SERVICE", "The service does not run.")
        service.may_answer.set()
        async with opened(service) as window:
            dialog = window.add_downloads(GOOD)
            dialog.add_button.click()
            await until(lambda: dialog.problem)
            assert dialog.problem == "The service does not run."
            assert dialog.add_button.isEnabled()
            assert part(dialog, QPlainTextEdit, "addressEdit").toPlainText() == GOOD
            dialog.reject()

    run(test())


def test_a_dialog_that_is_closed_meanwhile_leaves_its_refusals_to_the_window(run: Run) -> None:
    async def test() -> None:
        service = Picky()
        async with opened(service) as window:
            dialog = window.add_downloads(GOOD)
            dialog.add_button.click()
            await until(part(dialog, QPlainTextEdit, "addressEdit").isReadOnly)
            dialog.reject()
            service.may_answer.set()
            await until(lambda: window.notices.message)
            assert window.notices.message == "1.bin: A file of that name is already there."

    run(test())


def test_addresses_that_are_dropped_on_the_window_open_the_dialog(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            data = QMimeData()
            data.setUrls([QUrl(GOOD), QUrl("https://a.de/2%20of%203.bin")])
            event = QDropEvent(
                QPointF(5, 5),
                Qt.DropAction.CopyAction,
                data,
                Qt.MouseButton.LeftButton,
                Qt.KeyboardModifier.NoModifier,
            )
            window._drops.eventFilter(window, event)
            (dialog,) = dialogs(window)
            lines = part(dialog, QPlainTextEdit, "addressEdit").toPlainText().splitlines()
            assert lines == [GOOD, "https://a.de/2%20of%203.bin"]
            assert dialog.problem == ""
            dialog.reject()

    run(test())


def test_an_open_dialog_follows_the_theme(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            dialog = window.add_downloads("ftp://a.de/x")
            theme.apply("dark")
            await until(lambda: theme.DARK.danger in part(dialog, QLabel, "addProblem").styleSheet())
            dialog.reject()

    run(test())
