"""Who may transfer, and how fast: what was chosen, put into force as the week, the slots and the limits have it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo

from domonitor.backends.engine import waiting
from domonitor.backends.engine.clock import Clock, Timer
from domonitor.backends.engine.limits import Limiter
from domonitor.backends.engine.loop import Loop
from domonitor.backends.engine.records import FileRecord, JobRecord
from domonitor.backends.engine.scheduler import GivenUp, Scheduler
from domonitor.backends.engine.settings import EngineSettings
from domonitor.backends.engine.waiting import Waiting
from domonitor.jobs.job import Priority
from domonitor.jobs.limit import Limits, until

LOOK_EVERY_S = 60.0
"""The schedule is looked at so often at least: the computer may have slept, its clock been set, an hour come twice."""


class Turns:
    """The scheduler and the limiter, and what changes them over time. Lives on the engine's thread.

    limits: what was chosen last; any thread may read it. give_up: stops a job and queues it again.
    """

    def __init__(
        self,
        loop: Loop,
        settings: EngineSettings,
        clock: Clock,
        find: Callable[[int], JobRecord | None],
        missing: Callable[[JobRecord], Iterable[FileRecord]],
        give_up: Callable[[GivenUp], None],
    ) -> None:
        """find, missing: see Scheduler."""
        self.limits = Limits()
        self.limiter = Limiter(loop.http)
        self.scheduler = Scheduler(settings, find, missing, self.limiter.may_start, clock.monotonic)
        self._loop = loop
        self._settings = settings
        self._clock = clock
        self._give_up = give_up
        self._slice_timer: tuple[float, Timer] | None = None
        self._schedule_timer: Timer | None = None
        self._bytes_per_second: int | None = None
        self._most = settings.bytes_per_second
        self._shown = Waiting()

    def set_limits(self, limits: Limits) -> None:
        """These hold from now on."""
        self.limits = limits
        self._look_at_schedule()

    def set_most(self, bytes_per_second: int | None) -> None:
        """Whatever the limits say, it is no faster from now on."""
        if bytes_per_second != self._most:
            self._most = bytes_per_second
            self._look_at_schedule()

    def job_changed(self, job: JobRecord) -> None:
        """The job's own limit is another one from now on: it may leave room for more files."""
        self.limiter.job_changed(job)
        self.scheduler.look_again()

    def stop(self) -> None:
        """Nothing changes by itself any more."""
        for timer in (self._schedule_timer, self._slice_timer[1] if self._slice_timer else None):
            if timer is not None:
                timer.cancel()

    def before_start(self) -> None:
        """Stops what must not run any longer. Called before files are started."""
        for given_up in self.scheduler.given_up():
            self._give_up(given_up)

    def after_start(self, *, is_busy: bool) -> None:
        """Lets limited files go on, and sees to it that it is called again. is_busy: whether tell will be called."""
        if self.limiter.step():
            self.scheduler.look_again()
        self._loop.wake_at_s = self.limiter.next_s
        self._watch_slices()
        if not is_busy and (self._shown.by_priority or self._shown.by_number):
            self.tell()

    def tell(self) -> None:
        """Shows why jobs wait, where that is another reason than before."""
        shown, now = self._shown, self.scheduler.waiting()
        if now == shown:
            return
        self._shown = now
        changed = [each for each in Priority if now.by_priority.get(each) != shown.by_priority.get(each)]
        own = {number for number, _ in now.by_number.items() ^ shown.by_number.items()}
        self._loop.show_waiting(now, own.union(self.scheduler.waiting_with(changed)))

    def _watch_slices(self) -> None:
        ends_s = self.scheduler.slice_ends_s
        if ends_s is None or (self._slice_timer is not None and self._slice_timer[0] <= ends_s):
            return  # a timer that comes too early only looks again
        if self._slice_timer is not None:
            self._slice_timer[1].cancel()
        self._slice_timer = (ends_s, self._clock.call_at(ends_s, lambda: self._loop.post(self._slice_ended)))

    def _slice_ended(self) -> None:
        self._slice_timer = None  # files are started after each call, and then the scheduler is asked

    def _look_at_schedule(self) -> None:
        if self._schedule_timer is not None:
            self._schedule_timer.cancel()
            self._schedule_timer = None
        now = self._clock.utc_now()
        local = now.astimezone(self._settings.time_zone)
        schedule = self.limits.schedule
        rule, change = schedule.rule_at(local), schedule.next_change(local)
        speed = self.limits.bytes_per_second if rule is None else rule.bytes_per_second
        if speed != 0 and self._most is not None:
            speed = self._most if speed is None else min(speed, self._most)
        pause = waiting.paused(until(local, change) if change else "") if speed == 0 else ""
        self.scheduler.choose(self.limits.slots or self._settings.slots, pause)
        if (bytes_per_second := speed or None) != self._bytes_per_second:
            self._bytes_per_second = bytes_per_second
            self.limiter.limit_all(bytes_per_second)
        if schedule.rules:
            delay_s = LOOK_EVERY_S
            if change is not None:
                left = _utc(change, self._settings.time_zone) - now
                delay_s = min(delay_s, max(0.0, left.total_seconds()))
            at_s = self._clock.monotonic() + delay_s
            self._schedule_timer = self._clock.call_at(at_s, lambda: self._loop.post(self._look_at_schedule))
        self.before_start()
        self.tell()


def _utc(local: datetime, zone: tzinfo | None) -> datetime:
    """The moment of a time on the wall; its offset from UTC need not be that of today."""
    wall = local.replace(tzinfo=None)
    return wall.astimezone(UTC) if zone is None else wall.replace(tzinfo=zone).astimezone(UTC)
