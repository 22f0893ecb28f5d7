"""The tabs below the list: files, what happened, and every field of the chosen job."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QTableView, QTabWidget

from domonitor.backends.engine import EngineBackend
from domonitor.backends.scripted import ScriptedBackend
from domonitor.history import History, Records
from domonitor.jobs.change import Change
from domonitor.jobs.error import CopyError, ErrorContext, ErrorFile
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.job import FileProgress, JobFile, JobKey, Origin
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState
from domonitor.ui import file_opening
from domonitor.ui.main_window import MainWindow
from tests.backends.engine.conftest import QUICK
from tests.server import Answer, Pattern, Resource
from tests.server import Origin as Server
from tests.ui.conftest import Run
from tests.ui.opened import ACCESSIBLE, NOW, answer, job, label, opened, part, until

S = JobState
KEY = JobKey("scripted", "1")
FILES, TIMELINE, SPEED, GENERAL = range(4)


def file(path: Path | str, done: int, total: int | None, *, whole: bool = False, completed: bool = False) -> JobFile:
    name = Path(path).name
    return JobFile(f"https://h.example/{name}", str(path), FileProgress(total, done, completed), (), whole or completed)


def show(window: MainWindow, tab: int) -> None:
    part(window, QTabWidget, "detailsTabs").setCurrentIndex(tab)


def table_texts(window: MainWindow, name: str, column: int) -> list[str]:
    model = part(window, QTableView, name).model()
    return [model.index(at, column).data() for at in range(model.rowCount())]


class Opened(QObject):
    """Takes what the system would open."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []

    @Slot(QUrl)
    def take(self, url: QUrl) -> None:
        self.urls.append(str(Path(url.toLocalFile())))

    def startDetached(self, program: str, arguments: list[str]) -> None:
        """Windows has a program that shows a file in its folder."""
        assert (program, arguments[0]) == ("explorer.exe", "/select,")
        self.urls.append(str(Path(arguments[1]).parent))


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch):
    """In place of the programs that open files."""
    opened_files = Opened()
    monkeypatch.setattr(file_opening, "QProcess", opened_files)
    QDesktopServices.setUrlHandler("file", opened_files, "take")
    yield opened_files
    QDesktopServices.unsetUrlHandler("file")


async def with_files(window: MainWindow, count: int) -> None:
    await until(lambda: window.model.row(KEY) is not None)
    window.choose(KEY)
    await until(lambda: len(window.details.files.files) == count)


def test_each_file_has_its_own_progress_size_and_error(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.ERROR, error_code=0x80190194, progress=(150, None, 1, 3))])
        service.files_by_job["1"] = (
            file("/d/a.bin", 100, 100, whole=True),
            file("/d/b.bin", 50, 200),
            file("/d/c.bin", 0, None),
        )
        service.errors["1"] = CopyError(
            ErrorContext.REMOTE_FILE, 0x80190194, file=ErrorFile("https://h.example/b.bin", "/d/b.bin")
        )
        async with opened(service) as window:
            await with_files(window, 3)
            await until(lambda: "The file is not on the server" in table_texts(window, "fileTable", 1))
            assert table_texts(window, "fileTable", 1) == ["Arrived", "The file is not on the server", "Not begun"]
            assert table_texts(window, "fileTable", 2) == ["100 %", "25 %", ""]
            assert table_texts(window, "fileTable", 4) == ["100 B", "200 B", "\N{EN DASH}"]
            spoken = window.details.files.index(1, 0).data(ACCESSIBLE)
            assert spoken == "b.bin, The file is not on the server, 25 %"

    run(test())


def test_a_finished_file_is_opened_and_shown_in_its_folder(run: Run, system: Opened, tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"x")

    async def test() -> None:
        service = ScriptedBackend([job(1, S.ACKNOWLEDGED, progress=(1, 1, 1, 1))])
        service.files_by_job["1"] = (file(target, 1, 1, completed=True),)
        async with opened(service) as window:
            await with_files(window, 1)
            part(window, QPushButton, "openFileButton").click()
            await until(lambda: system.urls == [str(target)])
            part(window, QPushButton, "showFolderButton").click()
            await until(lambda: system.urls == [str(target), str(tmp_path)])
            window.details.table.setCurrentIndex(window.details.files.index(0, 0))
            QTest.keyClick(window.details.table, Qt.Key.Key_Return)
            await until(lambda: len(system.urls) == 3)

    run(test())


def test_a_deleted_file_is_said_and_is_not_opened(run: Run, system: Opened, tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"x")

    async def test() -> None:
        service = ScriptedBackend([job(1, S.ACKNOWLEDGED, progress=(1, 1, 1, 1))])
        service.files_by_job["1"] = (file(target, 1, 1, completed=True),)
        async with opened(service) as window:
            await with_files(window, 1)
            assert table_texts(window, "fileTable", 1) == ["Complete"]
            target.unlink()
            part(window, QPushButton, "openFileButton").click()
            await until(lambda: table_texts(window, "fileTable", 1) == ["Deleted or moved"])
            assert "deleted, moved or renamed" in window.notices.message
            assert not part(window, QPushButton, "openFileButton").isEnabled()
            assert "deleted, moved or renamed" in label(window, "fileHint")
            assert system.urls == []
            target.write_bytes(b"x")
            window.details.looked_at.emit()
            await until(lambda: table_texts(window, "fileTable", 1) == ["Complete"])

    run(test())


def test_a_program_is_not_run_without_a_question(run: Run, system: Opened, tmp_path: Path) -> None:
    target = tmp_path / "setup.EXE"
    target.write_bytes(b"x")

    async def test() -> None:
        service = ScriptedBackend([job(1, S.ACKNOWLEDGED, progress=(1, 1, 1, 1))])
        service.files_by_job["1"] = (file(target, 1, 1, completed=True),)
        async with opened(service) as window:
            await with_files(window, 1)
            part(window, QPushButton, "openFileButton").click()
            asked = await answer(window, "Don't run")
            assert "came from h.example" in asked
            part(window, QPushButton, "showFolderButton").click()
            await until(lambda: system.urls == [str(tmp_path)])
            part(window, QPushButton, "openFileButton").click()
            await answer(window, "Run")
            await until(lambda: system.urls == [str(tmp_path), str(target)])

    run(test())


@pytest.mark.parametrize(
    ("origin", "files", "reason"),
    [
        (Origin.MY_ACCOUNT, [file("/d/a", 1, 1, completed=True)], "Another program fetches this file"),
        (Origin.OURS, [file("/d/a", 1, 2)], "The file is not complete yet."),
        (Origin.OURS, [file("/d/a", 2, 2, whole=True)], "gets its name when the download is completed."),
        (Origin.OURS, [file("/d/a", 1, 2), file("/d/b", 1, 2)], "Choose a file first."),
    ],
)
def test_what_can_t_be_opened_is_refused_with_the_reason(
    run: Run, system: Opened, origin: Origin, files: list[JobFile], reason: str
) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.TRANSFERRING, origin=origin)])
        service.files_by_job["1"] = tuple(files)
        async with opened(service) as window:
            await with_files(window, len(files))
            await until(lambda: reason in label(window, "fileHint"))
            for name in ("openFileButton", "showFolderButton"):
                button = part(window, QPushButton, name)
                assert not button.isEnabled()
                assert reason in button.toolTip()
                assert reason in button.accessibleDescription()

    run(test())


def test_the_timeline_says_in_plain_words_what_happened(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.SUSPENDED)])
        service.events = {
            "1": (
                Event(NOW, EventKind.COMMAND, detail="resume", origin="command line"),
                Event(NOW, EventKind.STATE, S.TRANSFERRING),
                Event(NOW, EventKind.ERROR, code=0x80072EE7, error=CopyError(ErrorContext.UNKNOWN, 0x80072EE7, "Why.")),
                Event(NOW, EventKind.RETRY, detail="attempt 2"),
                Event(NOW, EventKind.COMMAND, detail="set address", origin="window"),
                Event(NOW, EventKind.NAMED, detail="It is called b."),
            )
        }
        async with opened(service) as window:
            await until(lambda: window.model.row(KEY) is not None)
            window.choose(KEY)
            show(window, TIMELINE)
            await until(lambda: part(window, QTableView, "timelineTable").model().rowCount() == 6)
            assert table_texts(window, "timelineTable", 1) == [
                "It is called b.",
                "Change address, asked for by the window",
                "Tried again: attempt 2",
                "The server can't be found. Why.",
                "Downloading",
                "Resume, asked for by the command line",
            ]

    run(test())


def test_what_a_service_keeps_of_a_job_and_what_was_recorded_of_it_is_one_timeline(run: Run, tmp_path: Path) -> None:
    """As of a job of BITS: Windows' event log tells who made it and its end, the history what the window saw."""
    began = datetime.now(UTC) - timedelta(days=1)
    recorded = (
        Event(began + timedelta(seconds=2), EventKind.STATE, S.TRANSFERRING),
        Event(began + timedelta(seconds=9), EventKind.STATE, S.CANCELLED),
    )
    path = tmp_path / "history.sqlite"
    with closing(History(path)) as history:
        history.record(Records(events=tuple((KEY, event) for event in recorded)))

    async def test() -> None:
        service = ScriptedBackend([job(1, S.CANCELLED)])
        service.events = {
            "1": (
                Event(began, EventKind.STATE, detail="Created by setup.exe"),
                Event(began + timedelta(seconds=8), EventKind.STATE, S.CANCELLED),
            )
        }
        async with opened(service, history=path) as window:
            await until(lambda: window.model.row(KEY) is not None)
            window.choose(KEY)
            show(window, TIMELINE)
            await until(lambda: part(window, QTableView, "timelineTable").model().rowCount() == 3)
            shown = table_texts(window, "timelineTable", 1)
            assert shown == ["Cancelled", "Downloading", "Created by setup.exe"]

    run(test())


def test_without_a_line_the_timeline_says_so(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1)])) as window:
            await until(lambda: window.model.row(KEY) is not None)
            window.choose(KEY)
            show(window, TIMELINE)
            await until(lambda: window.details.timeline.isVisible())
            assert not part(window, QTableView, "timelineTable").isVisible()
            assert label(window, "timelineHint") == "Nothing is on record of this download yet."

    run(test())


def test_the_timeline_survives_a_restart(run: Run, tmp_path: Path, origin: Server) -> None:
    """Of the engine's jobs its store keeps it."""
    url = origin.add("/a.bin", Resource(Pattern(1_000, seed=1), faults=[Answer(404)]))

    async def timeline_of(window: MainWindow) -> list[str]:
        await until(lambda: window.monitor.jobs and next(iter(window.monitor.jobs.values())).state is S.ERROR)
        window.choose(next(iter(window.monitor.jobs)))
        show(window, TIMELINE)
        await until(lambda: any("not on the server" in line for line in table_texts(window, "timelineTable", 1)))
        return table_texts(window, "timelineTable", 1)

    seen: list[list[str]] = []

    async def first() -> None:
        async with opened(EngineBackend(tmp_path / "engine", QUICK)) as window:
            await window.monitor.add("engine", [NewJob("A download", (NewFile(url, str(tmp_path / "a.bin")),))])
            seen.append(await timeline_of(window))

    async def second() -> None:
        async with opened(EngineBackend(tmp_path / "engine", QUICK)) as window:
            seen.append(await timeline_of(window))

    run(first())
    run(second())
    assert seen[0] == seen[1]
    assert len(seen[0]) >= 3


def test_of_a_service_that_keeps_nothing_the_history_tells(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"

    async def first() -> None:
        service = ScriptedBackend([job(1, S.TRANSFERRING)])
        async with opened(service, history=path) as window:
            await until(lambda: window.model.row(KEY) is not None)
            service.publish(Change((job(1, S.SUSPENDED),)))
            assert window.past is not None
            while len(await window.past.events(KEY)) < 2:
                await asyncio.sleep(0.01)

    async def second() -> None:
        async with opened(ScriptedBackend([job(1, S.SUSPENDED)]), history=path) as window:
            await until(lambda: window.model.row(KEY) is not None)
            window.choose(KEY)
            show(window, TIMELINE)
            await until(lambda: "Downloading" in table_texts(window, "timelineTable", 1))
            assert table_texts(window, "timelineTable", 1)[0] == "Suspended"

    run(first())
    run(second())


def test_every_field_is_shown_and_copied(run: Run) -> None:
    async def test() -> None:
        shown = job(1, S.SUSPENDED, owner=None, reported={"RetryInterval": "600"})
        async with opened(ScriptedBackend([shown])) as window:
            await until(lambda: window.model.row(KEY) is not None)
            window.choose(KEY)
            show(window, GENERAL)
            values = dict(
                zip(table_texts(window, "generalTable", 0), table_texts(window, "generalTable", 1), strict=True)
            )
            assert values["Name"] == "job 1"
            assert values["Retry interval"] == "600"
            assert values["Owner"] == values["Num peers"] == "unavailable"
            table = part(window, QTableView, "generalTable")
            names = table_texts(window, "generalTable", 0)
            assert not part(window, QPushButton, "copyValueButton").isEnabled()
            table.setCurrentIndex(table.model().index(names.index("Job id"), 0))
            part(window, QPushButton, "copyValueButton").click()
            assert QGuiApplication.clipboard().text() == "1"
            part(window, QPushButton, "copyAllButton").click()
            lines = QGuiApplication.clipboard().text().splitlines()
            assert lines[0] == "Name: job 1"
            assert len(lines) == len(names)

    run(test())


def test_the_fields_follow_the_job_and_the_chosen_one_stays(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.TRANSFERRING, progress=(1, 10, 0, 1))])
        async with opened(service) as window:
            await until(lambda: window.model.row(KEY) is not None)
            window.choose(KEY)
            show(window, GENERAL)
            table = part(window, QTableView, "generalTable")
            at = table_texts(window, "generalTable", 0).index("Arrived")
            table.setCurrentIndex(table.model().index(at, 0))
            service.publish(Change((job(1, S.TRANSFERRING, progress=(7, 10, 0, 1)),)))
            await until(lambda: table_texts(window, "generalTable", 1)[at] == "7 B")
            assert table.currentIndex().row() == at

    run(test())


def test_a_moment_of_another_day_has_its_date(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1)])
        service.events = {"1": (Event(NOW - timedelta(days=400), EventKind.STATE, S.QUEUED),)}
        async with opened(service) as window:
            await until(lambda: window.model.row(KEY) is not None)
            window.choose(KEY)
            show(window, TIMELINE)
            await until(lambda: table_texts(window, "timelineTable", 0))
            assert table_texts(window, "timelineTable", 0)[0].startswith("2025-09-2")

    run(test())
