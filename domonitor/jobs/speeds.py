"""How fast each job was over the last minute, hour and day, in a bounded room.

A job costs 528 numbers whatever it does. At most 300 are watched: who rested longest makes room.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from domonitor.jobs.job import JobKey

MOST_JOBS = 300
RESTED_S = 30.0
"""Who has not been heard of for so long makes room for another one."""
SPREAD_S = 15.0
"""A count that comes after a longer silence is taken as having come within this time."""
OFTEN_S = 0.25
"""What comes more often is not looked at: a list of many jobs has news every 50 ms."""
LEAST_S = 2.0
"""A shorter part of a step says nothing yet."""


class Span(Enum):
    """What a graph shows: over how many seconds, and in how many steps."""

    MINUTE = (60, 60)
    HOUR = (3_600, 180)
    DAY = (86_400, 288)

    @property
    def length_s(self) -> int:
        """The whole."""
        return self.value[0]

    @property
    def step_s(self) -> float:
        """One step."""
        return self.value[0] / self.value[1]

    @property
    def steps(self) -> int:
        """How many of them."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Curve:
    """The speeds of one span. bytes_per_s: the oldest step first; None where nothing was known yet."""

    span: Span
    bytes_per_s: Sequence[float | None]

    @property
    def known(self) -> list[float]:
        """The steps of which something is known."""
        return [speed for speed in self.bytes_per_s if speed is not None]

    @property
    def highest(self) -> float:
        """The highest speed, 0 where nothing is known."""
        return max(self.known, default=0.0)

    @property
    def mean(self) -> float:
        """The mean over the steps in which anything came; 0 where nothing did."""
        moving = [speed for speed in self.known if speed > 0]
        return sum(moving) / len(moving) if moving else 0.0

    @property
    def still_s(self) -> float:
        """For how long nothing came within what is known."""
        return sum(self.span.step_s for speed in self.known if speed == 0)


class SpeedHistory:
    """Watches the byte counts of jobs. Times are seconds of any monotonic clock."""

    def __init__(self, most_jobs: int = MOST_JOBS) -> None:
        self._most_jobs = most_jobs
        self._tracks: OrderedDict[JobKey, _Track] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tracks)

    def add(self, key: JobKey, now_s: float, done_bytes: int, *, is_moving: bool) -> None:
        """Takes a sample. is_moving: whether the job transfers; what it got otherwise is no speed."""
        track = self._tracks.get(key)
        if track is None:
            if not is_moving or not self._has_room(now_s):
                return
            track = self._tracks[key] = _Track(now_s, done_bytes)
        elif is_moving:
            self._tracks.move_to_end(key)
        track.add(now_s, done_bytes, is_moving=is_moving)

    def _has_room(self, now_s: float) -> bool:
        """Whether one more can be watched. Jobs that still run keep their place, or none would have a history."""
        if len(self._tracks) < self._most_jobs:
            return True
        longest = next(iter(self._tracks))
        if now_s - self._tracks[longest].last_s < RESTED_S:
            return False
        del self._tracks[longest]
        return True

    def forget(self, key: JobKey) -> None:
        """The job is gone from the list."""
        self._tracks.pop(key, None)

    def curve(self, key: JobKey, span: Span, now_s: float) -> Curve:
        """The job's speeds up to now."""
        track = self._tracks.get(key)
        if track is None:
            return Curve(span, (None,) * span.steps)
        return Curve(span, track.rings[span].speeds(now_s))


class _Track:
    """One job."""

    __slots__ = ("_bytes", "_is_moving", "last_s", "rings")

    def __init__(self, now_s: float, done_bytes: int) -> None:
        self.last_s = now_s
        self._bytes = done_bytes
        self._is_moving = True
        self.rings = {span: _Ring(span, now_s) for span in Span}

    def add(self, now_s: float, done_bytes: int, *, is_moving: bool) -> None:
        if is_moving and self._is_moving and 0 <= now_s - self.last_s < OFTEN_S:
            return  # it comes with the next one
        came = done_bytes - self._bytes
        since_s = max(self.last_s, now_s - SPREAD_S)
        if came > 0 and self._is_moving:
            for ring in self.rings.values():
                ring.add(since_s, now_s, came)
        self.last_s, self._bytes, self._is_moving = now_s, done_bytes, is_moving


class _Ring:
    """The bytes of each step; the place of a step is its number, modulo how many there are."""

    __slots__ = ("_began_s", "_bytes", "_last", "_span")

    def __init__(self, span: Span, now_s: float) -> None:
        self._span = span
        self._bytes = array("d", bytes(8 * span.steps))
        self._began_s = now_s
        self._last = int(now_s // span.step_s)

    def add(self, since_s: float, now_s: float, came: int) -> None:
        """Spreads what came evenly over the time in which it did."""
        step_s = self._span.step_s
        first, last = int(since_s // step_s), int(now_s // step_s)
        self._go_on(last)
        if first >= last:
            self._bytes[last % self._span.steps] += came
            return
        per_s = came / (now_s - since_s)
        for number in range(first, last + 1):
            begins, ends = max(since_s, number * step_s), min(now_s, (number + 1) * step_s)
            self._bytes[number % self._span.steps] += per_s * (ends - begins)

    def speeds(self, now_s: float) -> list[float | None]:
        """The oldest step first; the last one is the one that runs."""
        self._go_on(int(now_s // self._span.step_s))
        return [self._speed(number, now_s) for number in range(self._last - self._span.steps + 1, self._last + 1)]

    def _speed(self, number: int, now_s: float) -> float | None:
        """None before the first sample, and of a step that has hardly begun."""
        step_s = self._span.step_s
        seconds = min(now_s, (number + 1) * step_s) - max(self._began_s, number * step_s)
        if seconds < min(step_s, LEAST_S):
            return None
        return self._bytes[number % self._span.steps] / seconds

    def _go_on(self, number: int) -> None:
        """Steps in which nothing came hold nothing."""
        for skipped in range(max(self._last + 1, number - self._span.steps + 1), number + 1):
            self._bytes[skipped % self._span.steps] = 0.0
        self._last = max(self._last, number)
