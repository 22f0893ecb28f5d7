"""A window that only watches: nothing can be added, changed or opened in it, nor below it; and the way to it."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDesktopServices, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog, QPushButton, QTableView

from domonitor import app, services
from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs import hresult
from domonitor.jobs.change import Change, Health
from domonitor.jobs.job import FileProgress, JobFile, JobKey, Origin
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import Command, JobState
from domonitor.monitor import ONLY_WATCHES
from domonitor.settings import Settings
from domonitor.ui.all_jobs import Elevation
from domonitor.ui.row_links import links_of
from tests.ui.conftest import Run
from tests.ui.opened import job, label, opened, part, until

S = JobState
ROOT = Path(__file__).parents[2]
KEY = JobKey("scripted", "1")
FAILED = job(1, S.ERROR, error_code=0x80072EE7, progress=(5, 10, 1, 2))


def watched(*jobs: object) -> ScriptedBackend:
    service = ScriptedBackend(jobs or [FAILED])
    done = JobFile("http://a.de/1", "/tmp/there", FileProgress(5, 5, completed=True), transferred=True)
    service.files_by_job["1"] = (done, replace(done, local_name="/tmp/other"))
    return service


# The window.


def test_its_title_says_what_it_is(run: Run) -> None:
    async def test() -> None:
        async with opened(watched(), only_watches=True) as window:
            assert window.windowTitle() == "domonitor: all jobs (view only)"
            await until(lambda: window.model.rowCount())
            await until(lambda: label(window, "summaryLabel") == "View only · 1 job · 1 in error")

    run(test())


def test_nothing_is_added_by_key_menu_drop_or_clipboard(run: Run) -> None:
    async def test() -> None:
        async with opened(watched(), only_watches=True) as window:
            await until(lambda: window.model.rowCount())
            QGuiApplication.clipboard().setText("http://a.de/1")
            for name in ("addAction", "pasteAction", "autoCompleteAction"):
                action = part(window, QAction, name)
                assert not action.isEnabled()
                assert action.toolTip() == action.statusTip() == ONLY_WATCHES
                action.trigger()
            data = QMimeData()
            data.setUrls([QUrl("http://a.de/1")])
            at, actions = QPointF(5, 5), Qt.DropAction.CopyAction
            buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
            enter = QDragEnterEvent(at.toPoint(), actions, data, buttons, keys)
            enter.ignore()
            QApplication.sendEvent(window, enter)
            assert not enter.isAccepted()
            QApplication.sendEvent(window, QDropEvent(at, actions, data, buttons, keys, QEvent.Type.Drop))
            assert window.findChildren(QDialog) == []

    run(test())


def test_no_command_is_offered_anywhere_and_it_says_why(run: Run) -> None:
    async def test() -> None:
        service = watched()
        async with opened(service, only_watches=True) as window:
            await until(lambda: window.model.rowCount())
            window.choose(KEY)
            await until(window.details.error_panel.isVisible)
            for name in ("resumeAction", "suspendAction", "completeAction", "cancelAction"):
                action = part(window, QAction, name)
                assert not action.isEnabled()
                assert action.toolTip() == ONLY_WATCHES
            for name in ("errorResumeButton", "changeAddressButton", "errorCompleteButton", "errorCancelButton"):
                button = part(window, QPushButton, name)
                assert not button.isEnabled()
                assert button.toolTip() == ONLY_WATCHES
            row = window.model.row(KEY)
            assert row is not None
            assert [link.command for link in links_of(row)] == [None], "only Why?"
            for command in Command:
                window.give(command)
                window.give_to(command, [row.job])
            await asyncio.sleep(0)
            assert service.requests == []

    run(test())


def test_no_file_and_no_folder_is_opened_or_even_looked_at(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    opened_urls: list[object] = []
    looked_at: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: bool(opened_urls.append(url)))
    monkeypatch.setattr("domonitor.ui.file_opening._is_missing", lambda name: bool(looked_at.append(name)))

    async def test() -> None:
        async with opened(watched(), only_watches=True) as window:
            await until(lambda: window.model.rowCount())
            window.choose(KEY)
            tab = window.details.files_tab
            await until(lambda: len(tab.model.files) == 2)
            part(window, QTableView, "fileTable").selectRow(0)
            for button in (tab.open_button, tab.folder_button):
                assert not button.isEnabled()
                assert button.toolTip() == "This window only watches: it opens no file and no folder."
                button.click()
            tab.table.activated.emit(tab.model.index(0, 0))
            for in_folder in (False, True):  # below the buttons as well
                assert not await window.selected._opener.open(tab.model.files[0], in_folder=in_folder)
            assert (opened_urls, looked_at) == ([], [])

    run(test())


def test_without_services_it_says_so_in_plain_words(run: Run) -> None:
    async def test() -> None:
        async with opened(only_watches=True) as window:
            assert "has none" in label(window, "emptyHint")
            assert not part(window, QPushButton, "emptyAddButton").isVisible()
            assert label(window, "freeSpace") == ""
        async with opened(ScriptedBackend(), only_watches=True) as window:
            assert "only watches" in label(window, "emptyHint")

    run(test())


# Below the window.


def test_its_monitor_refuses_every_command_and_every_new_job(run: Run) -> None:
    async def test() -> None:
        service = watched()
        async with opened(service, only_watches=True) as window:
            monitor = window.monitor
            await until(lambda: monitor.jobs)
            assert monitor.commands("scripted") == frozenset()
            for command in Command:
                outcome = (await monitor.execute(command, [KEY], address="http://a.de"))[KEY]
                assert (outcome.job_id, outcome.code, outcome.message) == ("1", hresult.E_ACCESSDENIED, ONLY_WATCHES)
                assert outcome.is_refused
                assert monitor.jobs[KEY].refusals[command] == ONLY_WATCHES
            (outcome,) = await monitor.add("scripted", [NewJob("a", (NewFile("http://a.de", "/tmp/a"),))])
            assert outcome.is_refused
            assert (service.requests, service.added) == ([], [])
            service.publish(Change(removals={KEY: replace(FAILED, state=S.CANCELLED)}))
            await until(lambda: not monitor.jobs)
            row = window.model.row(KEY)
            assert row is not None
            assert row.job.refusals.keys() == set(Command)

    run(test())


@pytest.mark.skipif(sys.platform == "win32", reason="there is BITS")
def test_no_engine_is_among_its_services() -> None:
    assert services.to_watch() == []


# The program.


FOLDERS = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")


async def program(profile: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "domonitor", *arguments),
        cwd=ROOT,
        env={**os.environ, **dict.fromkeys(FOLDERS, str(profile)), "QT_QPA_PLATFORM": "offscreen"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize("more", [["https://a.de/1"], ["--in-process"], ["--hidden"], ["--monitor-only"]])
@pytest.mark.parametrize("is_first", [True, False])
def test_it_takes_nothing_beside(capsys: pytest.CaptureFixture[str], more: list[str], is_first: bool) -> None:
    given = ["--monitor-only", *more] if is_first else [*more, "--monitor-only"]
    assert app.main(given) == 2
    said = capsys.readouterr().err
    assert said.startswith("--monitor-only stands alone")
    assert len(said.splitlines()) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="it is ended by a signal here")
def test_it_starts_no_engine_is_no_first_window_and_writes_nothing(run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        alone = await program(tmp_path, "--monitor-only")
        try:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(alone.wait(), 2.0)  # it goes on
            alone.terminate()
            said, complained = await asyncio.wait_for(alone.communicate(), 30)
        finally:
            if alone.returncode is None:
                alone.kill()
        assert (alone.returncode, said, complained) == (0, b"", b"")

    run(test())
    assert list(tmp_path.iterdir()) == []


# The way to it.


PARTIAL = Health(reason="Only your own jobs are shown.", is_partial=True)


class Way:
    """How the second window is started. starts: with which handles. problem: what it says."""

    def __init__(self, *, is_there: bool = True, problem: str = "") -> None:
        self.starts: list[int] = []
        self.asked_on: list[str] = []
        self.may_answer = threading.Event()
        self._is_there = is_there
        self._problem = problem

    def elevation(self) -> Elevation:
        return Elevation(self._is_offered, self._start)

    def _is_offered(self) -> bool:
        self.asked_on.append(threading.current_thread().name)
        return self._is_there

    def _start(self, handle: int) -> str:
        self.asked_on.append(threading.current_thread().name)
        self.starts.append(handle)
        self.may_answer.wait(10)
        return self._problem


def partial() -> ScriptedBackend:
    service = ScriptedBackend([job(1, origin=Origin.MY_ACCOUNT)])
    service.publish(Change(health=PARTIAL))
    return service


def test_the_button_stands_where_not_all_jobs_are_shown_and_starts_the_window_once(run: Run) -> None:
    async def test() -> None:
        way = Way()
        async with opened(partial(), way_to_all=way.elevation()) as window:
            button = part(window, QPushButton, "elevateButton")
            await until(button.isVisible)
            assert button.text() == "Show all jobs…"
            assert button.toolTip().startswith("Only your own jobs are shown.")
            button.click()
            await until(lambda: way.starts)
            button.click()
            assert not button.isEnabled()
            way.may_answer.set()
            await until(button.isEnabled)
            assert way.starts == [int(window.winId())]
            assert window.notices.message == ""
            assert set(way.asked_on) == {"domonitor-elevation"}

    run(test())


def test_what_keeps_windows_from_starting_it_is_said(run: Run) -> None:
    async def test() -> None:
        way = Way(problem="Windows did not start the second window (error 5).")
        way.may_answer.set()
        async with opened(partial(), way_to_all=way.elevation()) as window:
            button = part(window, QPushButton, "elevateButton")
            await until(button.isVisible)
            button.click()
            await until(lambda: window.notices.message == "Windows did not start the second window (error 5).")

    run(test())


def test_it_is_not_offered_where_it_can_t_be_and_nobody_is_asked_where_all_is_shown(run: Run) -> None:
    async def test() -> None:
        not_there, unasked = Way(is_there=False), Way()
        async with opened(partial(), way_to_all=not_there.elevation()) as window:
            await until(lambda: not_there.asked_on)
            await until(lambda: window.monitor.health("scripted") == PARTIAL)
            assert not part(window, QPushButton, "elevateButton").isVisible()
        async with opened(ScriptedBackend([job(1)]), way_to_all=unasked.elevation()) as window:
            await until(lambda: window.model.rowCount())
            assert unasked.asked_on == []
        async with opened(partial()) as window:
            await until(lambda: window.model.rowCount())
            assert not part(window, QPushButton, "elevateButton").isVisible()

    run(test())


def test_it_goes_once_all_is_shown(run: Run) -> None:
    async def test() -> None:
        service = partial()
        async with opened(service, way_to_all=Way().elevation()) as window:
            button = part(window, QPushButton, "elevateButton")
            await until(button.isVisible)
            service.publish(Change(health=Health()))
            await until(lambda: not button.isVisible())
            service.publish(Change(health=PARTIAL))
            await until(button.isVisible)

    run(test())


def test_the_button_is_reached_by_keyboard(run: Run) -> None:
    async def test() -> None:
        async with opened(partial(), way_to_all=Way().elevation()) as window:
            button = part(window, QPushButton, "elevateButton")
            await until(button.isVisible)
            window.table.setFocus()
            window.panes.go(-1)
            stops = [QApplication.focusWidget()]
            for _ in range(3):
                window.panes.go(1)
                stops.append(QApplication.focusWidget())
            assert button in stops

    run(test())


@pytest.mark.skipif(sys.platform == "win32", reason="tests/windows asks Windows")
def test_elsewhere_than_on_windows_it_is_never_offered() -> None:
    from domonitor import elevation

    assert not elevation.is_offered()


def test_only_the_look_is_taken_from_the_settings(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Settings] = []
    real = app.open_window

    def noted(backends: object, settings: Settings, **options: object) -> object:
        taken.append(settings)
        window = real([], settings, **options)  # type: ignore[arg-type]
        window.closed.set()
        return window

    monkeypatch.setattr(app, "open_window", noted)
    monkeypatch.setattr(
        "domonitor.settings.load", lambda _: Settings("/srv", theme="dark", window="AAAA BBBB", columns="{}", tray=True)
    )

    async def test() -> None:
        assert await app._watch() == 0

    run(test())
    assert taken == [Settings(theme="dark", folded="none")]
