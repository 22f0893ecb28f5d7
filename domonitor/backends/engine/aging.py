"""What is old goes: jobs that nothing has happened to for long, and what is remembered of those that have ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from domonitor.backends.engine.clock import Clock, Timer
from domonitor.backends.engine.loop import Loop
from domonitor.backends.engine.records import JobRecord
from domonitor.backends.engine.roster import Roster
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.store import Store

LOOK_EVERY_S = 86_400.0

_log = logging.getLogger(__name__)


class Aging:
    """Looks once a day, and when it is started. Lives on the engine's thread.

    end: ends a job that has become too old.
    """

    def __init__(
        self,
        loop: Loop,
        roster: Roster,
        store: Store,
        settings: EngineSettings,
        clock: Clock,
        end: Callable[[JobRecord], None],
    ) -> None:
        self._loop = loop
        self._roster = roster
        self._store = store
        self._settings = settings
        self._clock = clock
        self._end = end
        self._timer: Timer | None = None

    def start(self) -> None:
        """Looks for the first time as soon as the loop runs."""
        self._loop.post(self._look)

    def stop(self) -> None:
        """Looks no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        next_s = self._clock.monotonic() + LOOK_EVERY_S
        self._timer = self._clock.call_at(next_s, lambda: self._loop.post(self._look))
        now = self._clock.utc_now()
        too_old = now - timedelta(seconds=self._settings.job_age_s)
        for number in self._store.idle_since(too_old):
            job = self._roster.get(number)
            if job is not None and job.modified < too_old and not job.is_ending:
                _log.info("a job was removed: nothing had happened to it for too long")
                self._end(job)
        forgotten = now - timedelta(seconds=self._settings.history_age_s)
        self._loop.batch.do(partial(self._store.prune, forgotten), _tell)


def _tell(result: object) -> None:
    if isinstance(result, Exception):
        _log.warning("old jobs could not be forgotten: %s", result)
