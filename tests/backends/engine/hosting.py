"""Engine hosts for tests: the real program in a process of its own, on a folder of its own, ended for sure."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from domonitor.backends.engine import EngineManager, EngineSettings, RemoteManager
from domonitor.backends.engine.host import Host
from domonitor.backends.engine.meeting import meeting_of
from domonitor.backends.engine.starting import SETTINGS_VARIABLE, HostUnavailable
from domonitor.backends.engine.wire import codec
from tests.backends.engine.conftest import QUICK

ROOT = Path(__file__).parents[3]
PATIENCE_S = 30.0


class HostProcess:
    """`domonitor engine` on a folder. downloads: an empty folder beside the engine's own."""

    def __init__(
        self, folder: Path, settings: EngineSettings = QUICK, idle_minutes: float = 10.0, before: str = ""
    ) -> None:
        """before: Python that is run first, in the host's process."""
        self.folder = folder / "engine"
        self.downloads = folder / "downloads"
        self.downloads.mkdir(exist_ok=True)
        self._settings = settings
        self._idle_minutes = idle_minutes
        self._before = before
        self.start()

    def start(self) -> None:
        """Starts the program; whoever connects waits for it."""
        program = ["-m", "domonitor"]
        if self._before:
            program = ["-c", f"import sys\n{self._before}\nfrom domonitor.__main__ import main\nsys.exit(main())"]
        self.process = subprocess.Popen(
            [
                *(sys.executable, *program, "engine", "--folder", str(self.folder)),
                *("--idle-minutes", str(self._idle_minutes)),
            ],
            cwd=ROOT,
            env={**os.environ, SETTINGS_VARIABLE: json.dumps(codec(EngineSettings).encode(self._settings))},
            stderr=subprocess.PIPE,
            text=True,
        )

    def connect(self) -> RemoteManager:
        """A client of the host, once it listens. It starts none of its own."""
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                return RemoteManager(self.folder, start=False)
            except HostUnavailable as refusal:
                if refusal.is_final or time.monotonic() > deadline_s or self.process.poll() is not None:
                    raise
            time.sleep(0.01)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Sends the signal and waits; the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Returns once the process has ended; its exit code."""
        self.errors = self.process.communicate(timeout=PATIENCE_S)[1]
        return self.process.returncode

    def log(self) -> str:
        """What the host has logged; there is something as soon as it has started."""
        return (self.folder / "engine.log").read_text(encoding="utf-8")

    def close(self) -> None:
        """No process is left."""
        if self.process.poll() is None:
            if os.name != "nt":
                self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.communicate()


class HostHere:
    """A host on threads of this process, with a door of its own all the same. As HostProcess."""

    def __init__(self, folder: Path, settings: EngineSettings = QUICK) -> None:
        self.folder = folder / "engine"
        self.downloads = folder / "downloads"
        self.downloads.mkdir(exist_ok=True)
        self._settings = settings
        self.start()

    def start(self) -> None:
        self._host = Host(EngineManager(self.folder, self._settings), meeting_of(self.folder))

    def connect(self) -> RemoteManager:
        return RemoteManager(self.folder, start=False)

    def end(self) -> None:
        self._host.close()

    close = end


@contextmanager
def host_on(
    folder: Path, settings: EngineSettings = QUICK, idle_minutes: float = 10.0, before: str = ""
) -> Iterator[HostProcess]:
    """See HostProcess; no process is left at the end."""
    host = HostProcess(folder, settings, idle_minutes, before)
    try:
        yield host
    finally:
        host.close()


class Waiter:
    """Waits for what a manager's jobs come to."""

    def __init__(self, manager: RemoteManager) -> None:
        self._changed = threading.Event()
        manager.add_reader(self._changed.set)

    def until(self, condition: Callable[[], bool], timeout_s: float = PATIENCE_S) -> None:
        """Returns once the condition holds, which is asked after each change."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            self._changed.clear()
            if condition():
                return
            if not self._changed.wait(deadline_s - time.monotonic()):
                raise TimeoutError("it did not come to that")
