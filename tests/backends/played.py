"""Small services for tests of the monitor: they fail, hang or note what was asked of them, when they are told to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change

HANG_AT_MOST_S = 30


class Gate:
    """A place where a service waits while the gate is shut."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()
        self._open.set()

    def shut(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    def pass_through(self) -> None:
        self.reached.set()
        self._open.wait(HANG_AT_MOST_S)


class PlayedBackend(ScriptedBackend):
    """Notes each call in calls. failures: what the next calls of a method raise. gates: where it waits."""

    def __init__(self, *args: Any, **fields: Any) -> None:
        super().__init__(*args, **fields)
        self.calls: list[str] = []
        self.failures: dict[str, list[Exception]] = {"open": [], "poll": [], "close": []}
        self.gates = {name: Gate() for name in ("open", "poll", "close")}
        self.wake: Callable[[], None] = lambda: None

    def open(self, wake: Callable[[], None]) -> None:
        self._enter("open")
        self.wake = wake
        super().open(wake)

    def poll(self) -> Change:
        self._enter("poll")
        return super().poll()

    def execute(self, request: Any) -> Any:
        self.calls.append("execute")
        return super().execute(request)

    def close(self) -> None:
        self._enter("close")

    def _enter(self, name: str) -> None:
        self.calls.append(name)
        self.gates[name].pass_through()
        if self.failures[name]:
            raise self.failures[name].pop(0)
