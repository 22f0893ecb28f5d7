"""An engine on a folder of its own, with pauses short enough for tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from domonitor.backends.engine import EngineManager, EngineSettings
from domonitor.backends.engine.job import EngineJob
from domonitor.jobs.state import JobState

QUICK = EngineSettings(retry_delay_s=0.02, retry_delay_max_s=0.05, connect_timeout_s=5, modification_interval_s=0.02)


class Engine:
    """An EngineManager that can be stopped and started again, and waited for."""

    def __init__(self, folder: Path, settings: EngineSettings = QUICK) -> None:
        self.folder = folder
        self.downloads = folder / "downloads"
        self.downloads.mkdir(parents=True, exist_ok=True)
        self.settings = settings
        self.start()

    def start(self) -> None:
        self.manager = EngineManager(self.folder / "engine", self.settings)
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

    @property
    def on_disk(self) -> set[str]:
        """The names in the download folder; temporary files as "*.part"."""
        return {"*.part" if path.name.startswith(".domonitor-") else path.name for path in self.downloads.iterdir()}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with_engine = Engine(tmp_path)
    yield with_engine
    with_engine.stop()
