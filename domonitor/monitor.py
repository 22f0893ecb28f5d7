"""The monitor: watches every backend and is the one feed of what changes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from domonitor.backends.interface import Backend, Hideable
from domonitor.backends.thread import BackendThread
from domonitor.jobs import hresult
from domonitor.jobs.change import Change, Health, HealthState
from domonitor.jobs.error import CallFailed, CopyError, DomonitorError
from domonitor.jobs.event import Event
from domonitor.jobs.job import Job, JobFile, JobKey
from domonitor.jobs.rate import RateMeter
from domonitor.jobs.request import CommandRequest, NewJob, Outcome
from domonitor.jobs.state import Command, JobState

T = TypeVar("T")

PUBLISH_PAUSE_S = 0.05
"""At most 20 publications a second from each backend, the first one at once."""

FIRST_RETRY_S = 1.0
LAST_RETRY_S = 60.0
"""The pauses before a backend that failed is asked again double from the first to the last."""

CLOSE_WITHIN_S = 1.5

_log = logging.getLogger(__name__)

ONLY_WATCHES = "This window only watches: it adds no download and changes none."

_ALL_REFUSED: Mapping[Command, str] = MappingProxyType(dict.fromkeys(Command, ONLY_WATCHES))

Listener = Callable[[str, Change], None]
"""Called on the loop with the service's name and what changed there."""


class Monitor:
    """Knows the jobs of every backend while it runs, and hands commands down to them.

    Lives in a running loop; every method and every listener is called there. A backend that fails becomes health;
    its jobs stay known.
    only_watches: every command and every new job is refused before a backend hears of it, and each job says so.
    """

    def __init__(
        self,
        backends: Iterable[Backend],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        *,
        only_watches: bool = False,
    ) -> None:
        self.only_watches = only_watches
        self._clock = clock
        self._sleep = sleep
        self._watches = {backend.name: _Watch(backend) for backend in backends}
        self._jobs: dict[JobKey, Job] = {}
        self._meters: dict[JobKey, RateMeter] = {}
        self._listeners: list[Listener] = []
        self.jobs: Mapping[JobKey, Job] = MappingProxyType(self._jobs)

    @property
    def services(self) -> tuple[str, ...]:
        """The backends' names, in the order in which they were given."""
        return tuple(self._watches)

    def health(self, service: str) -> Health:
        """How the service was last reached."""
        return self._watches[service].health

    def commands(self, service: str) -> frozenset[Command]:
        """What the service can do at all."""
        return frozenset() if self.only_watches else self._watches[service].backend.commands

    def bytes_per_s(self, key: JobKey) -> float | None:
        """The job's speed over the last seconds; None while it does not transfer."""
        meter = self._meters.get(key)
        return None if meter is None else meter.bytes_per_s(self._clock())

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls the listener with every change from now on. Returns what ends it."""
        self._listeners.append(listener)
        return partial(self._listeners.remove, listener)

    def start(self) -> None:
        """Begins to watch. Call it once, in the running loop."""
        loop = asyncio.get_running_loop()
        for watch in self._watches.values():
            watch.start(loop, self._pump(watch))

    def set_hidden(self, is_hidden: bool) -> None:
        """Whether nobody sees what is published: services that are polled are then asked less often."""
        for watch in self._watches.values():
            if isinstance(watch.backend, Hideable):
                watch.backend.is_hidden = is_hidden

    async def execute(
        self, command: Command, keys: Iterable[JobKey], origin: str = "window", **arguments: object
    ) -> dict[JobKey, Outcome]:
        """Gives the command to each job, all services at once; where one can't be asked, its jobs are refused."""
        by_service: dict[str, list[JobKey]] = {}
        for key in keys:
            by_service.setdefault(key.service, []).append(key)
        answers = await asyncio.gather(
            *(
                self._execute(service, CommandRequest(command, tuple(key.id for key in job_keys), arguments, origin))
                for service, job_keys in by_service.items()
            )
        )
        outcomes: dict[JobKey, Outcome] = {}
        for job_keys, answer in zip(by_service.values(), answers, strict=True):
            outcomes.update(zip(job_keys, answer, strict=True))
        return outcomes

    async def add(self, service: str, jobs: Sequence[NewJob]) -> tuple[Outcome, ...]:
        """Creates jobs at a service; one outcome a job."""
        if self.only_watches:
            return tuple(_not_here(None) for _ in jobs)
        return await self.ask(service, lambda backend: backend.add(jobs))

    async def get_error(self, key: JobKey) -> CopyError:
        """The job's error object. Raises CallFailed where there is none."""
        return await self.ask(key.service, lambda backend: backend.get_error(key.id))

    async def files(self, key: JobKey) -> tuple[JobFile, ...]:
        """The job's files."""
        return await self.ask(key.service, lambda backend: backend.files(key.id))

    async def timeline(self, key: JobKey) -> tuple[Event, ...]:
        """What happened to the job, oldest first."""
        return await self.ask(key.service, lambda backend: backend.timeline(key.id))

    async def close(self) -> None:
        """Stops watching and closes every backend, within 1.5 s for all together; who takes longer is left behind."""
        closing = {future: watch.backend.name for watch in self._watches.values() for future in watch.close()}
        if not closing:
            return
        done, late = await asyncio.wait(closing, timeout=CLOSE_WITHIN_S)
        for future in late:
            _log.warning("%s did not close in time and was left behind", closing[future])
        for future in done:
            if not future.cancelled() and (error := future.exception()):
                _log.error("%s did not close cleanly", closing[future], exc_info=error)

    async def _execute(self, service: str, request: CommandRequest) -> tuple[Outcome, ...]:
        if self.only_watches:
            return tuple(_not_here(job_id) for job_id in request.job_ids)
        try:
            return await self.ask(service, lambda backend: backend.execute(request))
        except CallFailed as failure:
            return tuple(Outcome(job_id, failure.code, failure.name, str(failure)) for job_id in request.job_ids)

    async def ask(self, service: str, call: Callable[[Backend], T]) -> T:
        """What the call returns at the service, on its own thread. Raises CallFailed, and what the call raises."""
        watch = self._watches[service]
        await watch.asked_once.wait()
        return await asyncio.wrap_future(watch.thread.submit(partial(call, watch.backend), is_urgent=True))

    async def _pump(self, watch: _Watch) -> None:
        """From a wake (or the next poll's time) to a publication, for as long as the monitor runs."""
        retry_s = FIRST_RETRY_S
        while True:
            try:
                if not watch.is_open:
                    await watch.run(partial(watch.backend.open, watch.wake))
                    watch.is_open = True
                    watch.asked_once.set()
                    await asyncio.sleep(0)  # the commands that waited for this go before the first poll
                watch.is_woken = False
                watch.woken.clear()
                change = await watch.run(watch.backend.poll)
            except Exception as error:
                watch.asked_once.set()
                if not isinstance(error, DomonitorError):
                    _log.exception("%s failed", watch.backend.name)
                self._publish(watch, Change(health=Health(HealthState.UNAVAILABLE, _reason(error))))
                await self._sleep(retry_s)
                retry_s = min(retry_s * 2, LAST_RETRY_S)
                continue
            retry_s = FIRST_RETRY_S
            if change.health is None and watch.health.state in (HealthState.CONNECTING, HealthState.UNAVAILABLE):
                change = replace(change, health=Health())
            if not change.is_empty:
                self._publish(watch, change)
                await self._sleep(PUBLISH_PAUSE_S)
            await watch.wait()

    def _publish(self, watch: _Watch, change: Change) -> None:
        if change.health is not None:
            watch.health = change.health
        if self.only_watches:
            change = _all_refused(change)
        now_s = self._clock()
        for job in change.upserts:
            self._jobs[job.key] = job
            if job.state is JobState.TRANSFERRING:
                self._meters.setdefault(job.key, RateMeter()).add(now_s, job.progress.bytes_transferred)
            else:
                self._meters.pop(job.key, None)
        for key in change.removals:
            self._jobs.pop(key, None)
            self._meters.pop(key, None)
        for listener in tuple(self._listeners):
            try:
                listener(watch.backend.name, change)
            except Exception:
                _log.exception("a listener failed on a change of %s", watch.backend.name)


class _Watch:
    """One backend with its thread and the task that pumps it."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.thread = BackendThread(backend.name)
        self.health = Health(HealthState.CONNECTING)
        self.is_open = False
        self.is_woken = False
        self.woken = asyncio.Event()
        self.asked_once = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self, loop: asyncio.AbstractEventLoop, pump: Coroutine[Any, Any, None]) -> None:
        self._loop = loop
        self._task = loop.create_task(pump, name=f"watch {self.backend.name}")

    def wake(self) -> None:
        """Any thread, as often as it likes: only the first call since the last poll reaches the loop."""
        if self.is_woken or self._loop is None:
            return
        self.is_woken = True
        with suppress(RuntimeError):  # The loop has closed: nobody is left to be woken.
            self._loop.call_soon_threadsafe(self.woken.set)

    async def run(self, call: Callable[[], T]) -> T:
        return await asyncio.wrap_future(self.thread.submit(call))

    async def wait(self) -> None:
        """Until the backend wakes us, or its next poll is due."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.backend.poll_interval_s):
                await self.woken.wait()

    def close(self) -> tuple[asyncio.Future[None], ...]:
        """What is to be awaited: the pump's end, and the backend's."""
        closed = asyncio.wrap_future(self.thread.close(self.backend.close))
        if self._task is None:
            return (closed,)
        self._task.cancel()
        return self._task, closed


def _not_here(job_id: str | None) -> Outcome:
    return Outcome(job_id, hresult.E_ACCESSDENIED, "E_ACCESSDENIED", ONLY_WATCHES)


def _all_refused(change: Change) -> Change:
    """The change with jobs of which each refuses every command."""
    upserts = tuple(replace(job, refusals=_ALL_REFUSED) for job in change.upserts)
    final = {key: job and replace(job, refusals=_ALL_REFUSED) for key, job in change.removals.items()}
    return replace(change, upserts=upserts, removals=MappingProxyType(final))


def _reason(error: Exception) -> str:
    if isinstance(error, DomonitorError):
        return str(error)
    return "The service failed unexpectedly. It is asked again by itself; the log has the details."
