"""The real window on the real engine, with a real server that fails and is mended."""

from __future__ import annotations

import asyncio
import hashlib
import time
from pathlib import Path

from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QPlainTextEdit, QPushButton

from domonitor.backends.engine import EngineBackend
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import Command, JobState
from domonitor.settings import Settings
from domonitor.ui.main_window import MainWindow
from tests.backends.engine.conftest import QUICK
from tests.server import Answer, Hold, Origin, Pattern, Resource, Stall
from tests.ui.conftest import Run
from tests.ui.opened import answer, label, opened, panel_button, part, until
from tests.windows.conftest import names

CONTENT = Pattern(400_000, seed=5)


def backend(folder: Path) -> EngineBackend:
    (folder / "downloads").mkdir(exist_ok=True)
    return EngineBackend(folder / "engine", QUICK)


def on_disk(folder: Path) -> list[str]:
    return sorted(names(folder / "downloads"))


async def add(window: MainWindow, folder: Path, *urls: str, auto_complete: bool = True) -> None:
    files = tuple(NewFile(url, str(folder / "downloads" / url.rpartition("/")[2])) for url in urls)
    (outcome,) = await window.monitor.add("engine", [NewJob("A download", files, auto_complete=auto_complete)])
    assert not outcome.is_refused, outcome.message
    await until(lambda: window.model.rowCount() == 1)
    assert window.choose(window.model.rows[0].job.key)


def state(window: MainWindow) -> JobState | None:
    return window.model.rows[0].job.state if window.model.rowCount() else None


def test_the_panel_says_what_failed_and_resume_clears_it_once_the_server_is_mended(
    run: Run, tmp_path: Path, origin: Origin
) -> None:
    url = origin.add("/a.bin", Resource(CONTENT, faults=[Answer(404)]))

    async def test() -> None:
        async with opened(backend(tmp_path)) as window:
            await add(window, tmp_path, url)
            panel = part(window, QFrame, "errorPanel")
            await until(panel.isVisible)
            assert label(window, "errorHeadline") == "The file is not on the server"
            assert "HTTP 404" in label(window, "errorMeaning")
            assert label(window, "errorRemedy").startswith("1.  Check the address for typing errors.")
            assert label(window, "errorContext") == "The error occurred while the file on the server was being read."
            assert label(window, "errorFile").splitlines() == [url, str(tmp_path / "downloads" / "a.bin")]
            assert label(window, "errorCode") == "0x80190194  BG_E_HTTP_ERROR_404"
            assert label(window, "errorDescription") == "The server answered 404 Not Found."
            assert label(window, "errorRetry") == "It does not try again by itself: you decide."
            await until(lambda: label(window, "summaryLabel") == "1 needs you")
            assert not window.table.hasFocus() or window.focusWidget() is window.table
            origin.mend("/a.bin")
            panel_button(window, "errorResumeButton").click()
            await until(lambda: state(window) is JobState.ACKNOWLEDGED)
            assert not panel.isVisible()

    run(test())
    assert on_disk(tmp_path) == ["a.bin"]
    found = hashlib.sha256((tmp_path / "downloads" / "a.bin").read_bytes()).hexdigest()
    assert found == CONTENT.sha256()


def test_the_panel_is_gone_the_moment_the_job_transfers_again(run: Run, tmp_path: Path, origin: Origin) -> None:
    stall = Stall(after_bytes=1_000)
    url = origin.add("/a.bin", Resource(CONTENT, faults=[Answer(403, times=1), stall]))

    async def test() -> None:
        async with opened(backend(tmp_path)) as window:
            await add(window, tmp_path, url)
            panel = part(window, QFrame, "errorPanel")
            await until(panel.isVisible)
            window.give(Command.RESUME)
            await until(lambda: state(window) is JobState.TRANSFERRING)
            assert not panel.isVisible()
            stall.release()

    run(test())


def test_complete_keeps_exactly_the_finished_files_after_saying_so(run: Run, tmp_path: Path, origin: Origin) -> None:
    held = Hold()
    urls = [origin.add(f"/{at}.bin", Resource(Pattern(9_000, seed=at))) for at in range(3)]
    urls.append(origin.add("/missing.bin", Resource(faults=[held, Answer(404)])))

    async def test() -> None:
        async with opened(backend(tmp_path)) as window:
            await add(window, tmp_path, *urls)
            await until(lambda: window.model.rows[0].job.progress.files_transferred == 3)
            held.release()
            await until(part(window, QFrame, "errorPanel").isVisible)
            button = panel_button(window, "errorCompleteButton")
            await until(button.isEnabled)
            assert button.text() == "Complete: keeps 3 of 4…"
            button.click()
            asked = await answer(window, "Complete")
            assert "Complete keeps 3 of 4 files." in asked
            await until(lambda: state(window) is JobState.ACKNOWLEDGED)
            assert window.model.index(0, 1).data() == "Finished in part"

    run(test())
    assert on_disk(tmp_path) == ["0.bin", "1.bin", "2.bin"]


def test_cancel_asks_and_leaves_no_temporary_file(run: Run, tmp_path: Path, origin: Origin) -> None:
    stall = Stall(after_bytes=100_000)
    url = origin.add("/a.bin", Resource(CONTENT, faults=[stall]))

    async def test() -> None:
        async with opened(backend(tmp_path)) as window:
            await add(window, tmp_path, url)
            await until(lambda: window.model.rows[0].job.progress.bytes_transferred == 100_000)
            window.give(Command.CANCEL)
            asked = await answer(window, "Keep downloading")
            assert 'Cancel "A download"?' in asked
            assert "Cancel deletes 100 kB of an unfinished file." in asked
            assert state(window) is JobState.TRANSFERRING
            window.give(Command.CANCEL)
            await answer(window, "Cancel download")
            await until(lambda: state(window) is JobState.CANCELLED)
            assert on_disk(tmp_path) == []
            assert window.model.index(0, 1).data() == "Cancelled"
            assert window.clear_action.isEnabled() or await until(window.clear_action.isEnabled) is None
            window.clear_action.trigger()
            assert window.model.rowCount() == 0

    run(test())


def test_an_added_address_becomes_a_file_in_the_folder(run: Run, tmp_path: Path, origin: Origin) -> None:
    url = origin.add("/a.bin", Resource(CONTENT))
    folder = tmp_path / "downloads"

    async def test() -> None:
        settings = Settings(str(folder), theme="light")
        async with opened(backend(tmp_path), settings=settings) as window:
            dialog = window.add_downloads(f"  {url}\n")
            assert part(dialog, QLineEdit, "folderEdit").text() == str(folder)
            part(dialog, QPushButton, "addButton").click()
            await until(lambda: window.model.rowCount() == 1)
            await until(lambda: state(window) is JobState.ACKNOWLEDGED)

    run(test())
    assert on_disk(tmp_path) == ["a.bin"]


def test_a_finished_download_still_shows_its_files(run: Run, tmp_path: Path, origin: Origin) -> None:
    url = origin.add("/a.bin", Resource(CONTENT))

    async def test() -> None:
        async with opened(backend(tmp_path)) as window:
            new_file = NewFile(url, str(tmp_path / "downloads" / "a.bin"))
            await window.monitor.add("engine", [NewJob("A download", (new_file,))])
            await until(lambda: state(window) is JobState.ACKNOWLEDGED)
            assert window.choose(window.model.rows[0].job.key)
            files = window.details.files
            await until(files.rowCount)
            assert [files.index(0, at).data() for at in range(3)] == ["a.bin", "Complete", "100 %"]

    run(test())


def test_the_window_shows_the_name_that_the_server_gives_and_how_it_came_about(
    run: Run, tmp_path: Path, origin: Origin
) -> None:
    headers = {"Content-Disposition": 'attachment; filename="a/b:c.bin"'}
    stall = Stall(after_bytes=100_000)
    named = origin.add("/get.php?token=secret", Resource(CONTENT, headers=headers, faults=[stall]))
    plain = origin.add("/plain.bin", Resource(CONTENT))

    async def test() -> None:
        async with opened(backend(tmp_path), settings=Settings(str(tmp_path / "downloads"))) as window:
            window.add_downloads(f"{named}\n{plain}").add_button.click()
            await until(lambda: {row.job.display_name for row in window.model.rows} == {"b_c.bin", "plain.bin"})
            keys = {row.job.display_name: row.job.key for row in window.model.rows}
            assert window.choose(keys["b_c.bin"])
            files = window.details.files
            await until(lambda: files.rowCount() and files.index(0, 0).data() == "b_c.bin")
            await until(lambda: window.details.note == 'The server calls it "b:c.bin"; it is saved as "b_c.bin".')
            assert label(window, "detailsTitle").splitlines()[1] == window.details.note
            assert window.choose(keys["plain.bin"])
            await until(lambda: files.rowCount() and files.index(0, 0).data() == "plain.bin")
            assert window.details.note == ""
            stall.release()
            await until(lambda: all(row.job.state is JobState.ACKNOWLEDGED for row in window.model.rows))

    run(test())
    assert on_disk(tmp_path) == ["b_c.bin", "plain.bin"]


def test_a_number_that_a_file_gets_at_the_very_end_is_shown_too(run: Run, tmp_path: Path, origin: Origin) -> None:
    url = origin.add("/a.bin", Resource(CONTENT))

    async def test() -> None:
        chosen = Settings(str(tmp_path / "downloads"), auto_complete=False)
        async with opened(backend(tmp_path), settings=chosen) as window:
            window.add_downloads(url).add_button.click()
            await until(lambda: state(window) is JobState.TRANSFERRED)
            assert window.choose(window.model.rows[0].job.key)
            await until(window.details.files.rowCount)
            (tmp_path / "downloads" / "a.bin").write_text("mine")
            window.give(Command.COMPLETE)
            await until(lambda: state(window) is JobState.ACKNOWLEDGED)
            await until(lambda: window.details.files.index(0, 0).data() == "a (2).bin")
            await until(lambda: 'this one is saved as "a (2).bin"' in window.details.note)
            assert window.model.rows[0].job.display_name == "a (2).bin"

    run(test())
    assert on_disk(tmp_path) == ["a (2).bin", "a.bin"]


def test_what_the_engine_refuses_stays_in_the_dialog_with_its_reason(run: Run, tmp_path: Path, origin: Origin) -> None:
    good = origin.add("/good.bin", Resource(CONTENT))
    taken = origin.add("/taken.bin", Resource(CONTENT))

    async def test() -> None:
        service = backend(tmp_path)
        (tmp_path / "downloads" / "taken.bin").write_text("mine")
        chosen = Settings(str(tmp_path / "downloads"), existing="refuse")
        async with opened(service, settings=chosen) as window:
            dialog = window.add_downloads(f"{good}\n{taken}")
            part(dialog, QPushButton, "addButton").click()
            await until(lambda: dialog.problem)
            assert "taken.bin: A file of that name is already there" in dialog.problem
            assert part(dialog, QPlainTextEdit, "addressEdit").toPlainText() == taken
            part(dialog, QLineEdit, "folderEdit").setText(str(tmp_path / "nowhere"))
            part(dialog, QPushButton, "addButton").click()
            await until(lambda: "The folder is not there" in dialog.problem)
            assert part(dialog, QPlainTextEdit, "addressEdit").toPlainText() == taken
            dialog.reject()
            await until(lambda: state(window) is JobState.ACKNOWLEDGED)

    run(test())
    assert (tmp_path / "downloads" / "taken.bin").read_text() == "mine"
    assert on_disk(tmp_path) == ["good.bin", "taken.bin"]


def test_closing_in_mid_transfer_is_quick_and_loses_nothing(run: Run, tmp_path: Path, origin: Origin) -> None:
    stall = Stall(after_bytes=300_000, times=1)
    url = origin.add("/a.bin", Resource(CONTENT, faults=[stall]))

    async def first() -> None:
        async with opened(backend(tmp_path)) as window:
            await add(window, tmp_path, url)
            await until(lambda: window.model.rows[0].job.progress.bytes_transferred == 300_000)
            began_s = time.monotonic()
            window.close()
            await window.closed.wait()
            await window.shut_down()
            assert time.monotonic() - began_s < 2

    async def second() -> None:
        async with opened(backend(tmp_path)) as window:
            await until(lambda: window.model.rowCount() == 1)
            await until(lambda: state(window) is JobState.ACKNOWLEDGED)

    run(first())
    stall.release()
    run(second())
    assert origin.requests_to("/a.bin")[1].headers["range"] == "bytes=300000-"
    found = hashlib.sha256((tmp_path / "downloads" / "a.bin").read_bytes()).hexdigest()
    assert found == CONTENT.sha256()


def test_a_second_window_on_the_folder_says_who_holds_it(run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        async with opened(backend(tmp_path)) as first:
            await until(lambda: "running" in part(first, QLabel, "health-engine").accessibleName())
            async with opened(backend(tmp_path)) as second:
                await until(lambda: "not reachable" in label(second, "health-engine"))
                assert "in use by process" in second.monitor.health("engine").reason
                await asyncio.sleep(0)

    run(test())
