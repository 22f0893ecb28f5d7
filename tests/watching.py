"""Watching a monitor in tests: what it publishes can be awaited, and its pauses can be noted instead of slept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change, Health
from domonitor.jobs.job import JobKey
from domonitor.jobs.state import JobState
from domonitor.monitor import Monitor


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(*args: Any, **fixtures: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **fixtures), 20))  # seconds

    return run


class Feed:
    """What a monitor publishes, to be awaited."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.changes: list[tuple[str, Change]] = []
        self.times_s: list[float] = []
        self._news = asyncio.Event()
        self.unsubscribe = monitor.subscribe(self._take)

    def _take(self, service: str, change: Change) -> None:
        self.changes.append((service, change))
        self.times_s.append(time.monotonic())
        self._news.set()

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            self._news.clear()
            await self._news.wait()

    async def until_state(self, job_id: str, state: JobState, service: str = "scripted") -> None:
        def is_there() -> bool:
            job = self.monitor.jobs.get(JobKey(service, job_id))
            return job is not None and job.state is state

        await self.until(is_there)

    @property
    def healths(self) -> list[Health]:
        return [change.health for _, change in self.changes if change.health is not None]


async def until(condition: Callable[[], object]) -> None:
    """Lets the loop run until something is so that nobody announces."""
    while not condition():
        await asyncio.sleep(0)


class NotedPauses:
    """Sleeps not at all and remembers how long it should have."""

    def __init__(self) -> None:
        self.pauses_s: list[float] = []

    async def __call__(self, pause_s: float) -> None:
        self.pauses_s.append(pause_s)
        await asyncio.sleep(0)


@asynccontextmanager
async def watching(*backends: ScriptedBackend, **options: Any) -> AsyncIterator[tuple[Monitor, Feed]]:
    monitor = Monitor(backends, **options)
    feed = Feed(monitor)
    monitor.start()
    try:
        yield monitor, feed
    finally:
        for backend in backends:
            for gate in getattr(backend, "gates", {}).values():
                gate.open()
        await monitor.close()
