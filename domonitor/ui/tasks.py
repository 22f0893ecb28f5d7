"""Every task of the window has an owner that hears of its failure and ends it with the window."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from domonitor.backends.thread import BackendThread
from domonitor.jobs.error import DomonitorError
from domonitor.ui import text

T = TypeVar("T")

_log = logging.getLogger(__name__)


class TaskOwner:
    """Starts coroutines on the running loop and keeps them until they end.

    tell: takes a sentence for the user when a task fails.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False

    def start(self, work: Coroutine[Any, Any, object], *, what: str) -> None:
        """Runs the work. what: what it is, for the log. Once closed, nothing is begun any more."""
        if self._is_closed:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(self._run(work, what), name=what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # where the task was ended before its first step

    async def close(self) -> None:
        """Ends all tasks and waits until they have."""
        self._is_closed = True
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, work: Coroutine[Any, Any, object], what: str) -> None:
        try:
            await work
        except DomonitorError as expected:
            self._tell(str(expected))
        except Exception:
            _log.exception("a bug in: %s", what)
            self._tell(text.tr("Something went wrong inside domonitor. The log has the details."))


async def on_a_thread(call: Callable[[], T], name: str) -> T:
    """What the call returns, which may block: it has a thread of its own, left behind where the task is ended."""
    thread = BackendThread(name)
    try:
        return await asyncio.wrap_future(thread.submit(call))
    finally:
        thread.close(lambda: None)
