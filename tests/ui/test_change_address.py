"""Change address: the file comes from another server, and what has arrived of it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QComboBox, QDialog, QFrame, QLineEdit, QPushButton

from domonitor.backends.engine import EngineBackend
from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs import hresult
from domonitor.jobs.error import CopyError, ErrorContext, ErrorFile
from domonitor.jobs.job import JobFile, JobKey
from domonitor.jobs.request import NewFile, NewJob, Outcome
from domonitor.jobs.state import Command, JobState
from domonitor.ui.main_window import MainWindow
from tests.backends.engine.conftest import QUICK
from tests.server import Answer, Cut, Origin, Pattern, Resource
from tests.ui.conftest import Run
from tests.ui.opened import job, label, opened, panel_button, part, until

S = JobState
KEY = JobKey("scripted", "1")
CONTENT = Pattern(1_000_000, seed=7)
ARRIVED = 400_000


async def dialog_of(window: MainWindow) -> QDialog:
    """The dialog, opened by the button of the panel."""
    await until(part(window, QFrame, "errorPanel").isVisible)
    button = panel_button(window, "changeAddressButton")
    assert button.isEnabled(), button.toolTip()
    button.click()
    await until(lambda: window.findChild(QDialog, "changeAddressDialog") is not None)
    return part(window, QDialog, "changeAddressDialog")


def of_two_files() -> ScriptedBackend:
    service = ScriptedBackend([job(1, S.ERROR, error_code=0x80190194, progress=(1, 9, 1, 2))])
    service.files_by_job["1"] = (
        JobFile("http://h.example/a?token=1", "/d/a", transferred=True),
        JobFile("http://h.example/b?token=1", "/d/b"),
    )
    # A record keeps no query: the file is known by its place on the disk.
    error_file = ErrorFile("http://h.example/b?…", "/d/b")
    service.errors["1"] = CopyError(ErrorContext.REMOTE_FILE, 0x80190194, "Gone.", file=error_file)
    return service


async def chosen(window: MainWindow) -> None:
    await until(lambda: window.model.row(KEY) is not None)
    window.choose(KEY)


def test_another_address_keeps_what_has_arrived_and_ends_the_download(run: Run, tmp_path: Path, origin: Origin) -> None:
    dead = origin.add("/dead.bin", Resource(CONTENT, faults=[Cut(ARRIVED, times=1), Answer(404, skip=1)]))
    alive = origin.add("/alive.bin", Resource(CONTENT))
    target = tmp_path / "a.bin"

    async def test() -> None:
        async with opened(EngineBackend(tmp_path / "engine", QUICK)) as window:
            (outcome,) = await window.monitor.add("engine", [NewJob("A download", (NewFile(dead, str(target)),))])
            key = JobKey("engine", str(outcome.job_id))
            await until(lambda: key in window.monitor.jobs and window.monitor.jobs[key].state is S.ERROR)
            assert window.monitor.jobs[key].progress.bytes_transferred == ARRIVED
            window.choose(key)
            dialog = await dialog_of(window)
            part(dialog, QLineEdit, "addressEdit").setText(alive)
            part(dialog, QPushButton, "addressGoButton").click()
            await until(lambda: key not in window.monitor.jobs)
            assert not part(window, QFrame, "errorPanel").isVisible()

    run(test())
    assert target.read_bytes() == CONTENT.bytes()
    asked = [record.range for record in origin.requests_to("/alive.bin") if record.method == "GET"]
    assert asked == [f"bytes={ARRIVED}-"], "only what was missing"


def test_the_file_that_failed_is_the_one_that_is_asked_about(run: Run) -> None:
    async def test() -> None:
        service = of_two_files()
        async with opened(service) as window:
            await chosen(window)
            dialog = await dialog_of(window)
            choice, edit = part(dialog, QComboBox, "addressFile"), part(dialog, QLineEdit, "addressEdit")
            assert choice.currentText() == "b"
            assert edit.text() == "http://h.example/b?token=1"
            choice.setCurrentIndex(0)
            assert edit.text() == "http://h.example/a?token=1"
            choice.setCurrentIndex(1)
            edit.setText("  https://other.example/b ")
            part(dialog, QPushButton, "addressGoButton").click()
            await until(lambda: len(service.requests) == 2)
            asked, resumed = service.requests
            assert (asked.command, dict(asked.arguments)) == (
                Command.SET_ADDRESS,
                {"address": "https://other.example/b", "file": 1},
            )
            assert resumed.command is Command.RESUME

    run(test())


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "There is no address."),
        ("ftp://h.example/b", "Addresses that begin with ftp:// can't be downloaded"),
        ("http://h.example/a b", "An address can't contain a space."),
        ("http://h.example/b?token=1", ""),  # the one that it has
    ],
)
def test_an_address_that_can_t_be_used_can_t_be_given(run: Run, typed: str, problem: str) -> None:
    async def test() -> None:
        service = of_two_files()
        async with opened(service) as window:
            await chosen(window)
            dialog = await dialog_of(window)
            part(dialog, QLineEdit, "addressEdit").setText(typed)
            assert label(dialog, "addressProblem").startswith(problem)
            assert not part(dialog, QPushButton, "addressGoButton").isEnabled()
            dialog.reject()
            await until(lambda: window.findChild(QDialog, "changeAddressDialog") is None)
            assert service.requests == []

    run(test())


def test_what_the_service_refuses_is_told_and_nothing_is_resumed(run: Run) -> None:
    async def test() -> None:
        service = of_two_files()
        refusal = Outcome("1", hresult.DO_E_INVALID_STATE, "DO_E_INVALID_STATE", "The file is complete already.")
        service.answer = lambda request: (refusal,)
        async with opened(service) as window:
            await chosen(window)
            dialog = await dialog_of(window)
            part(dialog, QLineEdit, "addressEdit").setText("https://other.example/b")
            part(dialog, QPushButton, "addressGoButton").click()
            await until(lambda: "The file is complete already." in window.notices.message)
            assert [request.command for request in service.requests] == [Command.SET_ADDRESS]

    run(test())


def test_without_a_file_there_is_nothing_to_change(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1, S.ERROR, error_code=0x80190194)])) as window:
            await chosen(window)
            await until(part(window, QFrame, "errorPanel").isVisible)
            panel_button(window, "changeAddressButton").click()
            await until(lambda: "lists no files" in window.notices.message)
            assert window.findChild(QDialog, "changeAddressDialog") is None

    run(test())
