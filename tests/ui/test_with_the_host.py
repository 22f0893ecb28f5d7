"""The real window on an engine host: what others do shows, and when the host dies all goes on by itself."""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import sys
from contextlib import closing
from pathlib import Path

from domonitor.backends.engine import HostBackend, starting
from domonitor.backends.engine.remote import RemoteManager
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState
from domonitor.ui.main_window import MainWindow
from tests.backends.engine.conftest import QUICK
from tests.backends.engine.hosting import host_on
from tests.server import Origin, Pattern, Resource, Stall
from tests.ui.conftest import Run
from tests.ui.opened import opened, until

CONTENT = Pattern(400_000, seed=5)
KILL = signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL  # there each signal kills without a word


def states(window: MainWindow) -> list[JobState]:
    return [row.job.state for row in window.model.rows]


def test_what_another_program_does_shows_in_the_window(run: Run, tmp_path: Path, origin: Origin) -> None:
    url = origin.add("/a", Resource(CONTENT, faults=[Stall(after_bytes=100_000)]))

    async def test() -> None:
        with host_on(tmp_path) as host, closing(host.connect()) as other:
            async with opened(HostBackend(host.folder, start=False)) as window:
                job = await asyncio.to_thread(other.create_job, "from elsewhere")
                await until(lambda: window.model.rowCount() == 1)
                await asyncio.to_thread(job.add_file, url, str(host.downloads / "a"))
                await asyncio.to_thread(job.resume)
                await until(lambda: states(window) == [JobState.TRANSFERRING])
                await asyncio.to_thread(job.suspend)
                await until(lambda: states(window) == [JobState.SUSPENDED])
                (row,) = window.model.rows
                assert row.job.display_name == "from elsewhere"
            assert await asyncio.to_thread(job.get_state) is JobState.SUSPENDED  # the host goes on without the window

    run(test())


def test_a_host_that_is_killed_is_started_again_and_the_download_goes_on(
    run: Run, tmp_path: Path, origin: Origin
) -> None:
    url = origin.add("/a", Resource(CONTENT, faults=[Stall(after_bytes=100_000)]))

    async def test() -> None:
        backend = HostBackend(tmp_path / "engine", settings=QUICK)
        async with opened(backend) as window:
            new_file = NewFile(url, str(tmp_path / "a"))
            (outcome,) = await window.monitor.add("engine", [NewJob("A download", (new_file,), auto_complete=True)])
            assert not outcome.is_refused, outcome.message
            await until(lambda: states(window) == [JobState.TRANSFERRING])
            first = process_of(backend)
            os.kill(first, KILL)
            origin.mend("/a")
            try:
                await until(lambda: states(window) == [JobState.ACKNOWLEDGED])
                assert not window.model.rows[0].is_gone
            finally:
                second = process_of(backend)
                os.kill(second, signal.SIGTERM)
                for process in starting._started:
                    process.wait(30)
            assert second != first
        assert hashlib.sha256((tmp_path / "a").read_bytes()).hexdigest() == CONTENT.sha256()

    run(test())


def process_of(backend: HostBackend) -> int:
    """The host's, as the window's connection knows it."""
    manager: RemoteManager = backend._open_manager
    assert manager.client.process_id is not None
    return manager.client.process_id
