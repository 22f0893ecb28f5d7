"""Tests of the window are coroutines that run on Qt's loop."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop

Run = Callable[[Coroutine[Any, Any, None]], None]


@pytest.fixture
def run(qapp: QApplication) -> Run:
    """Runs a coroutine on Qt's loop to its end.

    Garbage is collected on this thread alone: each loop leaves Qt objects in cycles, and one whose timer is destroyed
    on another thread, where a collection may run at any time, takes the process down.
    """

    qapp.setQuitOnLastWindowClosed(False)  # as app.run does: the loop ends with its coroutine, not with a window

    def run_to_the_end(test: Coroutine[Any, Any, None]) -> None:
        gc.disable()
        try:
            with asyncio.Runner(loop_factory=lambda: QEventLoop(qapp)) as runner:
                runner.run(test)
        finally:
            gc.unfreeze()  # what a window has set aside
            gc.collect()
            gc.enable()

    return run_to_the_end


@pytest.fixture(params=[False, True], ids=["silent", "spoken"])
def spoken(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[bool]:
    """The test runs twice: without anything that reads the screen aloud, and with it."""
    QAccessible.setActive(request.param)
    yield request.param
    QAccessible.setActive(False)
