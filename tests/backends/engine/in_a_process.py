"""The same engine in two places: in this process, or in one of its own that can be killed.

A process of its own is forked from a small server that has imported everything and has no thread (multiprocessing's
forkserver), so that a start costs milliseconds. It executes what comes over a pipe; RemoteManager, RemoteJob and
RemoteFile mirror the object model by passing each method call on.
"""

from __future__ import annotations

import faulthandler
import logging
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from uuid import UUID

from domonitor.backends.engine import EngineManager, segments
from domonitor.backends.engine.job import EngineJob, EngineJobs
from domonitor.jobs import codes
from domonitor.jobs.error import CallFailed
from tests.backends.engine.conftest import QUICK

PATIENCE_S = 40.0
"""An answer that takes longer does not come any more."""

LITTLE_ROOM = replace(QUICK, slots=2, files_at_once=2)
"""So that jobs and files have to wait for their turn."""

SMALL_PIECES = 50_000
"""So that a file of 300,000 bytes comes in several segments."""

codes.explain(0)  # the table of codes is read once, before anybody forks


class Logged(logging.Handler):
    """What the engine complained about: it logs its bugs and goes on."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


class EngineHere:
    """An engine in this process. logged: what it complained about."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = Logged()
        self.start()

    @property
    def logged(self) -> list[str]:
        return self._log.lines

    def start(self) -> None:
        logging.getLogger().addHandler(self._log)
        self.manager = EngineManager(self._folder, LITTLE_ROOM)
        self._changed = threading.Event()
        self.manager.add_reader(self._changed.set)

    def stop(self) -> None:
        self.manager.close()
        logging.getLogger().removeHandler(self._log)

    def wait_for_change(self, seconds: float) -> bool:
        """Whether something changed since it was last waited for, or does within so many seconds."""
        has_changed = self._changed.wait(seconds)
        self._changed.clear()
        return has_changed

    def run(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Runs the function where the engine is."""
        return call(*arguments)


class EngineInAProcess:
    """An engine in a process of its own. kill ends it without a word."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.logged: list[str] = []
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([__name__, "tests.backends.engine.machine"])
        self.start()

    def start(self) -> None:
        self._pipe, theirs = self._context.Pipe()
        self._process = self._context.Process(target=_serve, args=(theirs, self._folder), daemon=True)
        self._process.start()
        theirs.close()
        self.manager = RemoteManager(self)
        self._answer()

    def stop(self) -> None:
        self._pipe.send(None)
        self._process.join(PATIENCE_S)
        if self._process.exitcode != 0:
            self.kill()
            raise AssertionError("the process did not end well")
        self._pipe.close()

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def wait_for_change(self, seconds: float) -> bool:
        """See EngineHere."""
        return bool(self._ask("wait", seconds))

    def run(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """See EngineHere. The function and what it gets must be known over there too."""
        return self._ask("run", call, *arguments)

    def call(self, target: tuple[Any, ...], method: str, *arguments: Any, **named: Any) -> Any:
        """Calls a method of the manager (), a job (id) or its file (id, place)."""
        return self._ask("call", target, method, arguments, named)

    def begin(self, job: RemoteJob, method: str) -> None:
        """Calls a method and does not wait for its answer: what comes next is kill."""
        self._pipe.send(("call", job.target, method, (), {}))

    def _ask(self, *request: Any) -> Any:
        self._pipe.send(request)
        return self._answer()

    def _answer(self) -> Any:
        if not self._pipe.poll(PATIENCE_S):
            os.kill(self._process.pid or 0, signal.SIGABRT)  # faulthandler prints where every thread stands
            self._process.join()
            raise AssertionError("no answer")
        verdict, value, logged = self._pipe.recv()
        self.logged += logged
        if verdict == "refused":
            raise value
        assert verdict == "done", value
        return self._at_home(value)

    def _at_home(self, value: Any) -> Any:
        if isinstance(value, (tuple, list)) and type(value) in (tuple, list):
            return type(value)(self._at_home(one) for one in value)
        if isinstance(value, (RemoteJob, RemoteFile)):
            value.engine = self
        return value


class _Remote:
    """Passes every method call on."""

    def __init__(self, *target: Any) -> None:
        self.target = target
        self.engine: EngineInAProcess | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"target": self.target, "engine": None}

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method.startswith("__"):
            raise AttributeError(method)
        assert self.engine is not None
        return lambda *arguments, **named: self.engine.call(self.target, method, *arguments, **named)


class RemoteManager(_Remote):
    """The EngineManager over there."""

    def __init__(self, engine: EngineInAProcess) -> None:
        super().__init__()
        self.engine = engine


class RemoteJob(_Remote):
    """A job over there, known by its id."""

    def get_id(self) -> UUID:
        """See CopyJob."""
        job_id: UUID = self.target[0]
        return job_id


class RemoteFile(_Remote):
    """A file over there, known by its job and its place."""


def _serve(pipe: Connection, folder: Path) -> None:
    """The life of the process over there."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log = Logged()
    logging.getLogger().addHandler(log)
    segments.SMALLEST_BYTES = SMALL_PIECES
    manager = EngineManager(folder, LITTLE_ROOM)
    changed = threading.Event()
    manager.add_reader(changed.set)
    server = _Server(manager, changed)
    pipe.send(("done", None, []))
    try:
        while (request := pipe.recv()) is not None:
            verdict, value = server.answer(*request)
            lines, log.lines = log.lines, []
            pipe.send((verdict, value, lines))
    except EOFError:
        pass  # who asked is gone
    manager.close()
    if log.lines:
        raise SystemExit("\n".join(log.lines))


class _Server:
    def __init__(self, manager: EngineManager, changed: threading.Event) -> None:
        self._manager = manager
        self._changed = changed
        self._held: dict[UUID, EngineJob] = {}

    def answer(self, verb: str, *request: Any) -> tuple[str, Any]:
        try:
            return "done", self._abroad(getattr(self, f"_{verb}")(*request))
        except CallFailed as refusal:
            return "refused", self._abroad(refusal)
        except Exception:
            return "broken", traceback.format_exc()

    def _wait(self, seconds: float) -> bool:
        has_changed = self._changed.wait(seconds)
        self._changed.clear()
        return has_changed

    def _run(self, call: Callable[..., Any], *arguments: Any) -> Any:
        return call(*(self._meant(one.target) if isinstance(one, _Remote) else one for one in arguments))

    def _call(self, target: tuple[Any, ...], method: str, arguments: Any, named: Any) -> Any:
        value = getattr(self._meant(target), method)(*arguments, **named)
        if method == "enum_files":
            return tuple(RemoteFile(*target, at) for at in range(len(value)))
        return value

    def _meant(self, target: tuple[Any, ...]) -> Any:
        if not target:
            return self._manager
        job = self._held[target[0]]
        return job if len(target) == 1 else job.enum_files()[target[1]]

    def _abroad(self, value: Any) -> Any:
        if isinstance(value, EngineJob):
            self._held[value.get_id()] = value
            return RemoteJob(value.get_id())
        if isinstance(value, CallFailed):
            return _Refusal(value.code, value.name, str(value))
        if isinstance(value, EngineJobs):
            return tuple(map(self._abroad, value))
        if type(value) in (tuple, list):
            return type(value)(map(self._abroad, value))
        return value


class _Refusal(CallFailed):
    """A refusal that can travel."""

    def __reduce__(self) -> tuple[Any, ...]:
        return CallFailed, (self.code, self.name, str(self))
