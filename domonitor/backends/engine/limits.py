"""How fast files come in where that is limited: what may come is handed out in small portions, and counted.

    bucket   fills with the limit's bytes a second; one for all files together, one for each job with a limit of its own
    portion  what one file may take until its next turn: taken out of its buckets beforehand, the rest put back after

So no more can come than the limit allows, whatever the files do, and what a slow one leaves goes to the others.

In a crowd a file that shares its limit with no other one is left to libcurl, which hands out the same by itself once a
second. That is too coarse for few files, but takes a quarter less processor time (tests/benchmarks/throttled.py).
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from domonitor.backends.engine.fetch import Fetch
from domonitor.backends.engine.http import Http
from domonitor.backends.engine.records import JobRecord

STEP_S = 0.1
"""Portions are handed out so often: with few files each of them gets one."""

PORTIONS_AT_ONCE = 25
"""With more files they take turns, for each portion costs a little time."""

CROWD = 50
"""With more files than that, those that are alone with their limit are left to libcurl."""

LONGEST_TURN_S = 0.8
"""libcurl must not hand out by itself what it was told a second ago."""

FORGOTTEN_S = 0.9
"""A file that has had no portion for so long is stopped until its next one."""

LEAST_PORTION_BYTES = 1_024

LEAST_EACH = 4_096
"""Bytes a second. No more files are started than get that much each."""

FIRST_BYTES = 16 * 1024
"""So much may come at once with a file's head."""

BURST_S = 0.2
"""What was not used for so long may be used later."""

STARVED_S = 0.3
"""A file that waits so long for a portion comes before new files."""

NEARLY_ALL = 0.8
"""A file that takes so much of its portion could take more."""

GENEROUS = 1.1
"""Portions are larger by this than what the limit has to give: some file always waits, and nothing is left over."""


def fair_share(limit: float, wants: Iterable[float]) -> float:
    """What each may take at most so that all together take the limit: who wants less leaves the rest to the others."""
    left, rising = limit, sorted(wants)
    for at, want in enumerate(rising):
        share = left / (len(rising) - at)
        if want >= share:
            return share
        left -= want
    return math.inf


class _Bucket:
    """Bytes that may come, at so many a second.

    level: below 0 where more came than was to be expected. files: how many take from it. short_s: when last a file had
    waited for long.
    """

    def __init__(self, bytes_per_second: int, now_s: float) -> None:
        self.bytes_per_second = bytes_per_second
        self.level = 0.0
        self.files = 0
        self.short_s = -math.inf
        self._filled_s = now_s

    def fill(self, now_s: float, turn_s: float) -> float:
        """Adds what has become free since it was last filled, up to what is needed for a turn and a little; its level.

        turn_s: how long files wait from one portion to the next.
        """
        most = max(self.bytes_per_second * (BURST_S + turn_s), 2 * LEAST_PORTION_BYTES)
        self.level = min(self.level + self.bytes_per_second * (now_s - self._filled_s), most)
        self._filled_s = now_s
        return self.level

    def has_room(self, now_s: float) -> bool:
        """Whether one more file can begin."""
        is_short = now_s - self.short_s < 2 * STEP_S
        return self.level > 0 and not is_short and self.files < max(1, self.bytes_per_second // LEAST_EACH)

    def is_unused(self, now_s: float) -> bool:
        """Whether no file has wanted anything for so long that nothing of it need be remembered."""
        return not self.files and now_s - self._filled_s > FORGOTTEN_S


@dataclass(slots=True, eq=False)
class _Flow:
    """A file that comes in.

    portion, given_s: what it may take, and since when. counted_bytes: what it had taken before. turn_s: when it may
    have more. wants: bytes a second that it can take, infinite until it takes less than it may. share: what it gets.
    is_left: libcurl keeps it to its limit by itself.
    """

    fetch: Fetch
    job: JobRecord
    buckets: Sequence[_Bucket]
    portion: float = 0.0
    given_s: float = 0.0
    turn_s: float = 0.0
    counted_bytes: int = 0
    wants: float = math.inf
    share: float = math.inf
    is_left: bool = False


class Limiter:
    """Hands out the portions. Lives on the engine's thread; files without a limit cost it next to nothing.

    next_s: when step is wanted next, on the same clock as now; None where nothing is limited.
    """

    def __init__(self, http: Http, now: Callable[[], float] = time.monotonic) -> None:
        self.next_s: float | None = None
        self._http = http
        self._now = now
        self._all: _Bucket | None = None
        self._by_job: dict[int, _Bucket] = {}
        self._jobs: dict[Fetch, JobRecord] = {}
        self._flows: dict[Fetch, _Flow] = {}
        self._usual_bytes = float(FIRST_BYTES)
        """What a file is expected to take at its beginning: about what the last ones took in all, if that is less."""
        self._turn_s = STEP_S
        self._shared_out_s = -math.inf

    @property
    def is_limiting(self) -> bool:
        """Whether any limit holds."""
        return self._all is not None or bool(self._by_job)

    def limit_all(self, bytes_per_second: int | None) -> None:
        """All files together come no faster, from now on."""
        if bytes_per_second is None:
            self._all = None
        elif self._all is None:
            self._all = _Bucket(bytes_per_second, self._now())
        else:
            self._all.bytes_per_second = bytes_per_second
        self._look_anew(list(self._jobs))

    def job_changed(self, job: JobRecord) -> None:
        """The job's own limit is another one from now on."""
        self._look_anew([fetch for fetch, other in self._jobs.items() if other is job])

    def may_start(self, job: JobRecord) -> bool:
        """Whether the limits leave room for another file of the job."""
        if self._all is None and job.bytes_per_second is None:
            return True
        now_s = self._now()
        buckets = self._buckets(job, now_s)
        for bucket in buckets:
            bucket.fill(now_s, self._turn_s)
        if self.next_s is None:
            self.next_s = now_s + STEP_S
        return all(bucket.has_room(now_s) for bucket in buckets)

    def add(self, fetch: Fetch, job: JobRecord) -> None:
        """The fetch has begun."""
        self._jobs[fetch] = job
        if self._all is not None or job.bytes_per_second is not None:
            self._begin(fetch, job, self._usual_bytes)

    def ended(self, fetch: Fetch) -> None:
        """The fetch is over."""
        self._jobs.pop(fetch, None)
        if (flow := self._flows.pop(fetch, None)) is not None:
            self._usual_bytes += (min(fetch.received_bytes, FIRST_BYTES) - self._usual_bytes) / 8
            self._leave(flow, fetch.received_bytes)
            self._shared_out_s = -math.inf

    def step(self) -> bool:
        """Hands out what has become free, if it is time; whether a file that had no room may have some now."""
        held = self._http.held
        if self.next_s is None or (not held and self._now() < self.next_s):
            held.clear()
            return False
        now_s = self._now()
        for fetch in held:
            if (flow := self._flows.get(fetch)) is not None:
                flow.turn_s = min(flow.turn_s, now_s)
                self._count(flow, flow.counted_bytes)
        held.clear()
        if now_s >= self.next_s:
            self.next_s = now_s + STEP_S if self.is_limiting else None
        if now_s >= self._shared_out_s + self._turn_s:
            self._share_out(now_s)
        self._hand_out(now_s)
        return True

    def _hand_out(self, now_s: float) -> None:
        soon_s, turn_s = now_s + STEP_S / 2, self._turn_s
        due = [flow for flow in self._flows.values() if flow.turn_s <= soon_s]
        random.shuffle(due)  # who comes last may find less, and that must not always be the same one
        for flow in sorted(due, key=attrgetter("turn_s")):
            if flow.portion and self._http.received(flow.fetch) == flow.counted_bytes:
                flow.wants = LEAST_EACH  # it keeps its portion: that its server is silent is for libcurl to notice
                flow.turn_s = now_s + turn_s
                continue
            if self._is_alone(flow):
                self._give(flow, flow.buckets[0].bytes_per_second, now_s)
                flow.is_left, flow.turn_s = True, math.inf
                continue
            wanted = max(flow.share * turn_s * GENEROUS, LEAST_PORTION_BYTES)
            scarcest = min(flow.buckets, key=lambda bucket: bucket.fill(now_s, turn_s))
            portion = min(wanted, scarcest.level)
            if portion >= max(LEAST_PORTION_BYTES, wanted / 2):
                self._give(flow, int(portion), now_s)
                flow.turn_s = now_s + turn_s * portion / wanted  # who got less comes first the next time
                continue
            if now_s - flow.turn_s > STARVED_S:
                scarcest.short_s = now_s
            if flow.given_s and now_s - flow.given_s > FORGOTTEN_S:
                self._give(flow, 0, now_s)
                flow.given_s = 0.0

    def _give(self, flow: _Flow, portion: int, now_s: float) -> None:
        received_bytes = self._http.limit(flow.fetch, portion)
        taken, since_s = received_bytes - flow.counted_bytes, now_s - flow.given_s
        if taken >= NEARLY_ALL * flow.portion:
            flow.wants = math.inf
        elif flow.given_s and since_s >= STEP_S:
            flow.wants = 1.5 * taken / since_s + LEAST_EACH
        self._count(flow, received_bytes)
        for bucket in flow.buckets:
            bucket.level -= portion
        flow.portion, flow.given_s = portion, now_s

    def _is_alone(self, flow: _Flow) -> bool:
        return self._all is None and flow.buckets[0].files == 1 and len(self._flows) > CROWD

    def _take_back(self, flow: _Flow, now_s: float) -> None:
        """It gets portions again. Of what libcurl hands out once a second half has come too early, on average."""
        self._count(flow, self._http.limit(flow.fetch, 0))
        flow.is_left, flow.turn_s = False, now_s
        flow.buckets[0].level = -flow.buckets[0].bytes_per_second / 2

    def _count(self, flow: _Flow, received_bytes: int) -> None:
        """What it has not taken of its portion is there for the others; what it took beyond is missing."""
        left = 0.0 if flow.is_left else flow.portion - (received_bytes - flow.counted_bytes)
        for bucket in flow.buckets:
            bucket.level += left
        flow.portion, flow.counted_bytes = 0.0, received_bytes

    def _share_out(self, now_s: float) -> None:
        """Bytes a second for each file: fair among a job's own, then among all."""
        self._shared_out_s = now_s
        self._turn_s = min(math.ceil(len(self._flows) / PORTIONS_AT_ONCE) * STEP_S, LONGEST_TURN_S) or STEP_S
        for number in [number for number, bucket in self._by_job.items() if bucket.is_unused(now_s)]:
            del self._by_job[number]
        by_job: dict[int, list[_Flow]] = {}
        for flow in self._flows.values():
            if flow.is_left and not self._is_alone(flow):
                self._take_back(flow, now_s)
            if flow.is_left:
                continue
            flow.share = flow.wants
            if flow.job.number in self._by_job:
                by_job.setdefault(flow.job.number, []).append(flow)
        for number, flows in by_job.items():
            self._cap(flows, self._by_job[number])
        if self._all is not None:
            self._cap(self._flows.values(), self._all)

    def _cap(self, flows: Iterable[_Flow], bucket: _Bucket) -> None:
        share = fair_share(bucket.bytes_per_second, [flow.share for flow in flows])
        for flow in flows:
            flow.share = min(flow.share, share)

    def _begin(self, fetch: Fetch, job: JobRecord, expected_bytes: float) -> None:
        now_s = self._now()
        buckets = self._buckets(job, now_s)
        slowest = min(bucket.bytes_per_second for bucket in buckets)
        first_bytes = max(LEAST_PORTION_BYTES, min(FIRST_BYTES, int(slowest * STEP_S)))
        flow = self._flows[fetch] = _Flow(fetch, job, buckets, min(expected_bytes, first_bytes), turn_s=math.inf)
        for bucket in buckets:
            bucket.files += 1
            bucket.level -= flow.portion
        flow.counted_bytes = self._http.limit(fetch, first_bytes)
        self._shared_out_s = -math.inf
        self.next_s = self.next_s or now_s + STEP_S

    def _look_anew(self, fetches: Iterable[Fetch]) -> None:
        """Limits have come, gone or changed for these."""
        now_s = self._now()
        for fetch in fetches:
            job = self._jobs[fetch]
            if (flow := self._flows.pop(fetch, None)) is not None:
                self._leave(flow, self._http.limit(fetch, 0))
            if self._all is not None or job.bytes_per_second is not None:
                self._begin(fetch, job, 0.0)
                self._flows[fetch].turn_s = now_s
            elif flow is not None:
                self._http.limit(fetch, None)
        self.next_s = now_s if self.is_limiting else None

    def _leave(self, flow: _Flow, received_bytes: int) -> None:
        self._count(flow, received_bytes)
        for bucket in flow.buckets:
            bucket.files -= 1

    def _buckets(self, job: JobRecord, now_s: float) -> list[_Bucket]:
        """What the job's files are taken out of."""
        buckets = [] if self._all is None else [self._all]
        if job.bytes_per_second is None:
            self._by_job.pop(job.number, None)
        else:
            if (own := self._by_job.get(job.number)) is None:
                own = self._by_job[job.number] = _Bucket(job.bytes_per_second, now_s)
            own.bytes_per_second = job.bytes_per_second
            buckets.append(own)
        return buckets
