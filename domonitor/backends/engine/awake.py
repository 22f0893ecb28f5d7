"""Keeps the computer from going to sleep while somebody waits for a download."""

from __future__ import annotations

import ctypes
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import partial

LEASE_S = 5.0
"""Sleep is held off so long after the last word that it is wanted: a short gap between two files is none."""

END_S = 1.0
"""So long the system's own program may take to end."""

WHY = "Downloads are running"

_ES_CONTINUOUS = 0x80000000
_ES_SYSTEM_REQUIRED = 0x00000001
"""Source: winbase.h, SetThreadExecutionState."""

_log = logging.getLogger(__name__)


class Awake:
    """Holds off sleep as long as it is told again and again that it is wanted, on a thread of its own.

    The thread begins with the first need and stays until close: Windows ties the wish to the thread that made it.
    is_on: whether anything is done at all; whoever calls keep may change it.
    """

    def __init__(self, *, is_on: bool = True) -> None:
        self.is_on = is_on
        self._changed = threading.Condition()
        self._until_s = 0.0
        self._is_closing = False
        self._thread: threading.Thread | None = None

    def keep(self, *, is_wanted: bool) -> None:
        """Sleep is held off for another LEASE_S, if that is wanted. Never blocks. One thread calls it."""
        if not (is_wanted and self.is_on):
            return
        with self._changed:
            now_s = time.monotonic()
            if self._until_s <= now_s:
                self._changed.notify()
            self._until_s = now_s + LEASE_S
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="domonitor-awake", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """The computer may sleep. Called once, when keep is called no more."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while self._is_wanted():
            let_go = hold_off()
            with self._changed:
                while not self._is_closing and (left_s := self._until_s - time.monotonic()) > 0:
                    self._changed.wait(left_s)
            let_go()

    def _is_wanted(self) -> bool:
        """Waits until it is wanted, or closes: then False."""
        with self._changed:
            while not self._is_closing and self._until_s <= time.monotonic():
                self._changed.wait()
            return not self._is_closing


def hold_off() -> Callable[[], None]:
    """Keeps the computer awake until the call that it returns, which comes from the same thread.

    Where the system has no way to it, nothing happens.
    """
    if sys.platform == "win32":
        _set_state(_ES_CONTINUOUS | _ES_SYSTEM_REQUIRED)
        return partial(_set_state, _ES_CONTINUOUS)
    try:
        # The child ends with its input: also when this process is killed, however that comes about.
        child = subprocess.Popen(
            command(sys.platform),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        _log.debug("sleep can't be held off: %s", error.strerror)
        return lambda: None
    return partial(_end, child)


def command(platform: str) -> list[str]:
    """The system's own program that holds off sleep for as long as it runs."""
    if platform == "darwin":
        return ["caffeinate", "-i", "-w", str(os.getpid())]
    said = ["--what=sleep:idle", "--who=domonitor", f"--why={WHY}", "--mode=block"]
    return ["systemd-inhibit", *said, "cat"]


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.stdin is not None:
        child.stdin.close()
    if sys.platform == "darwin":
        child.terminate()  # it reads no input
    try:
        child.wait(END_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _set_state(state: int) -> None:
    windll = getattr(ctypes, "windll", None)
    if windll is not None:
        windll.kernel32.SetThreadExecutionState(state)
