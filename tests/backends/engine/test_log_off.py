"""Windows: at a log-off the host ends cleanly. The real program is told as Windows would tell it."""

from __future__ import annotations

import ctypes
import os
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.backends.engine.hosting import PATIENCE_S, host_on

pytestmark = pytest.mark.skipif(os.name != "nt", reason="only Windows tells it so")
# Under Wine this needs a display, else there are no windows at all.

QUERY, END = 0x11, 0x16


def window_of(process_id: int) -> int:
    """The hidden window of that process, once it is there."""
    from domonitor.backends.engine.log_off import CLASS_NAME

    user = ctypes.windll.user32  # type: ignore[attr-defined]
    user.FindWindowExW.restype = ctypes.c_void_p
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        window = None
        while window := user.FindWindowExW(None, ctypes.c_void_p(window), CLASS_NAME, None):
            owner = ctypes.c_uint32()
            user.GetWindowThreadProcessId(ctypes.c_void_p(window), ctypes.byref(owner))
            if owner.value == process_id:
                return int(window)
        time.sleep(0.05)
    raise TimeoutError("there is no window")


def test_a_log_off_ends_the_host_cleanly(tmp_path: Path) -> None:
    with host_on(tmp_path) as host, closing(host.connect()) as manager:
        manager.create_job("a job")
        window = ctypes.c_void_p(window_of(host.process.pid))
        user = ctypes.windll.user32  # type: ignore[attr-defined]
        assert user.SendMessageW(window, QUERY, 0, 0) == 1
        assert user.SendMessageW(window, END, 0, 0) == 0  # another program did not want it to end
        assert len(manager.enum_jobs()) == 1
        user.SendMessageW(window, END, 1, 0)
        assert host.wait() == 0
