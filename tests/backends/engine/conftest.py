"""An engine on a folder of its own, with pauses short enough for tests."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from domonitor.backends.engine import Clock, EngineManager, EngineSettings
from domonitor.backends.engine.job import EngineJob
from domonitor.backends.engine.store import Rows
from domonitor.jobs.state import JobState
from tests.backends.engine.mounting import Mount, mounting

QUICK = EngineSettings(retry_delay_s=0.02, retry_delay_max_s=0.05, connect_timeout_s=5, modification_interval_s=0.02)


class Engine:
    """An EngineManager that can be stopped and started again, and waited for."""

    def __init__(self, folder: Path, settings: EngineSettings = QUICK, clock: Clock | None = None) -> None:
        self.folder = folder
        self.clock = clock
        self.downloads = folder / "downloads"
        self.downloads.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.start()

    def start(self) -> None:
        self.manager = EngineManager(self.folder / "engine", self.settings, self.clock)
        self._changed = threading.Event()
        self.manager.add_reader(self._changed.set)

    def stop(self) -> None:
        self.manager.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def job(self, *files: tuple[str, str], name: str = "a job", resumed: bool = True) -> EngineJob:
        """A job of (address, file name) pairs."""
        job = self.manager.create_job(name)
        for url, file_name in files:
            job.add_file(url, str(self.downloads / file_name))
        if resumed:
            job.resume()
        return job

    def until(self, condition: Callable[[], bool], timeout_s: float = 20.0) -> None:
        """Returns once the condition holds, which is asked after each change."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            self._changed.clear()
            if condition():
                return
            if not self._changed.wait(deadline_s - time.monotonic()):
                raise TimeoutError("it did not come to that")

    def until_state(self, job: EngineJob, *states: JobState) -> JobState:
        self.until(lambda: job.get_state() in states)
        return job.get_state()

    @contextmanager
    def full_disk(self, at_write: int = 0, writes: int | None = None) -> Iterator[None]:
        """The store can't be written: from the at_write'th commit on, so many times, or (None) until the end."""
        store = self.manager._store
        write, count = store.write, iter(range(1_000_000))

        def fail(rows: Rows) -> None:
            at = next(count) - at_write
            if at >= 0 and (writes is None or at < writes):
                raise OSError(errno.ENOSPC, "the list of downloads can't be written: database or disk is full")
            write(rows)

        store.write = fail  # type: ignore[method-assign]
        try:
            yield
        finally:
            store.write = write  # type: ignore[method-assign]

    @property
    def on_disk(self) -> set[str]:
        """The names in the download folder; temporary files as "*.part"."""
        return {"*.part" if path.name.startswith(".domonitor-") else path.name for path in self.downloads.iterdir()}


StartEngine = Callable[..., Engine]


@pytest.fixture
def start_engine(tmp_path: Path) -> Iterator[StartEngine]:
    """Starts engines, each on a folder of its own choice, and stops them at the end."""
    started: list[Engine] = []

    def start(settings: EngineSettings = QUICK, clock: Clock | None = None, folder: Path = tmp_path) -> Engine:
        started.append(Engine(folder, settings, clock))
        return started[-1]

    yield start
    for engine in started:
        engine.stop()


@pytest.fixture
def engine(start_engine: StartEngine) -> Engine:
    return start_engine()


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Makes small disks, see mounting.py."""
    with mounting(tmp_path) as make:
        yield make
