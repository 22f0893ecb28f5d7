"""How a client comes to its host: it knocks, and where nobody is there it starts one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import domonitor
from domonitor.backends.engine import greeting
from domonitor.backends.engine.connection import cut_after, prove
from domonitor.backends.engine.entrance import knock
from domonitor.backends.engine.greeting import Welcome
from domonitor.backends.engine.meeting import Meeting
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.wire import WireError, codec
from domonitor.jobs import codes, hresult
from domonitor.jobs.error import CallFailed

ANSWERS_WITHIN_S = 5.0
STARTS_WITHIN_S = 20.0
PAUSE_S = 0.01

SETTINGS_VARIABLE = "DOMONITOR_ENGINE_SETTINGS"
"""The engine's settings as JSON, for a host that is started by a client; else they are its own."""

SILENT = "The download engine does not answer. Wait, or end its process."

_started: list[subprocess.Popen[bytes]] = []
"""The hosts that this process has started and that have not ended yet, as far as it knows."""


class HostUnavailable(CallFailed):
    """The host can't be asked; why, and what to do, as a sentence. is_final: trying again is of no use."""

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        code = hresult.RPC_S_SERVER_UNAVAILABLE
        super().__init__(code, codes.explain(code).name, message)
        self.is_final = is_final


@dataclass(frozen=True, slots=True)
class Starting:
    """How a host is started. settings: the engine's, None for its own. idle_minutes: as the host takes it."""

    settings: EngineSettings | None = None
    idle_minutes: float | None = None

    def arguments(self, folder: Path, report: Path) -> list[str]:
        """What the host's process gets. report: where it says why it could not start."""
        given = [*_program(), "engine", "--folder", str(folder), "--report", str(report)]
        if self.idle_minutes is not None:
            given += ["--idle-minutes", str(self.idle_minutes)]
        return given

    def environment(self) -> dict[str, str]:
        """What the host's process gets beside: a command line is everybody's to read, and a proxy's login is not."""
        if self.settings is None:
            return {}
        return {SETTINGS_VARIABLE: json.dumps(codec(EngineSettings).encode(self.settings))}


def _program() -> list[str]:
    """What runs this very program. In the Windows folder the window's own one can't: it has no console."""
    if getattr(sys, "frozen", False):
        return [str(Path(sys.executable).with_name("domonitor.exe"))]
    return [sys.executable, "-m", "domonitor"]


def connect(meeting: Meeting, starting: Starting | None, closed: threading.Event) -> tuple[Connection, Welcome]:
    """A connection to the host, which is started if need be; None: it is not. Raises HostUnavailable.

    closed: nobody wants it any more.
    """
    deadline_s = time.monotonic() + STARTS_WITHIN_S
    report = meeting.key_file.with_suffix(f".{os.getpid()}.report")
    process: subprocess.Popen[bytes] | None = None
    try:
        while True:
            # Looked at beforehand: a process that finds another one at work ends only once that one can be met.
            has_ended = process is not None and process.poll() is not None
            if (met := _meet(meeting)) is not None:
                return met
            if starting is None:
                raise HostUnavailable("The download engine is not running.")
            if process is None:
                process = _start(starting.arguments(meeting.folder, report), starting.environment())
            elif has_ended and (refusal := _read(report)):
                raise HostUnavailable(refusal)
            if time.monotonic() > deadline_s:
                raise HostUnavailable("The download engine did not start in time. Try again.")
            if closed.wait(PAUSE_S):
                raise HostUnavailable("The connection to the download engine is closed.", is_final=True)
    finally:
        with suppress(OSError):
            report.unlink(missing_ok=True)


def _meet(meeting: Meeting) -> tuple[Connection, Welcome] | None:
    """A connection to the host that is there, None where none is, or one that is about to end.

    Raises HostUnavailable where it does not answer, or does not want us.
    """
    try:
        connection = knock(meeting.address, ANSWERS_WITHIN_S)
    except TimeoutError as error:
        raise HostUnavailable(SILENT) from error
    except (OSError, EOFError):
        return None
    try:
        with cut_after(connection, ANSWERS_WITHIN_S):
            began_s = time.monotonic()
            prove(connection, meeting.read_key(), is_host=False)
            return connection, greeting.introduce(connection)
    except greeting.Refused as refused:
        connection.close()
        raise HostUnavailable(str(refused), is_final=True) from refused
    except (greeting.HandingOver, WireError, OSError, EOFError) as error:
        connection.close()
        if time.monotonic() - began_s >= ANSWERS_WITHIN_S:
            raise HostUnavailable(SILENT) from error
        return None


def _start(arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Starts a process that outlives this one, and holds nothing of it open."""
    _started[:] = [process for process in _started if process.poll() is None]
    flags = 0
    if sys.platform == "win32":
        # A console that nobody sees: without one the host would not be told of the user's log-off.
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    try:
        process = subprocess.Popen(
            arguments,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            close_fds=True,
            # The same program as ours, also out of a checkout, and nothing that lies where the user happens to be.
            cwd=Path(domonitor.__file__).parent.parent,
            start_new_session=True,
            creationflags=flags,
        )
    except OSError as error:
        said = error.strerror or type(error).__name__
        raise HostUnavailable(f"The download engine can't be started: {said}.") from error
    _started.append(process)
    return process


def _read(report: Path) -> str:
    try:
        return report.read_text(encoding="utf-8")
    except OSError:
        return ""
