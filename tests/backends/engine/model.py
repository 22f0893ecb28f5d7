"""What a plain model of the engine knows: the states that each job may be in, and what must lie on the disk.

The engine moves by itself, so the model knows sets: time_passes adds where a job may have come by itself, a command
maps the set, and looking at the engine narrows it down to what was seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

from domonitor.jobs.job import FileRange, Priority
from domonitor.jobs.limit import JobLimits
from domonitor.jobs.state import ACTIVE, ERRONEOUS, FINAL, JobState
from tests.server import Answer, Changes, Chunked, Content, Cut, Fault, Hold, Origin, Pattern, Resource, Stall

IDLE = frozenset({JobState.SUSPENDED, JobState.ERROR, JobState.TRANSFERRED})
"""A job leaves these by a command only."""

LONG_DELAY_S = 1_000.0
FOREIGN = b"not ours"


class Fate(Enum):
    """What becomes of a request."""

    ARRIVES = auto()
    FAILS = auto()
    RETRIES = auto()
    WAITS = auto()


LARGE = 300_000
RANGES = (FileRange(200_000, 60_000), FileRange(5, 90_000), FileRange(290_000, None))

_GOOD = ("large", "unknown length", "small", "empty")
KINDS = (*_GOOD, "ranges", "busy", "cut", "changing", "no validator", *_GOOD, "held", "missing", "refused")

FAULTS = {
    "none": Fate.ARRIVES,
    "missing": Fate.FAILS,
    "busy for good": Fate.RETRIES,
    "held": Fate.WAITS,
}
"""What can be switched on at a path, and what becomes of requests then."""


@dataclass(eq=False)
class Source:
    """Where a file comes from. path: "" for a server that refuses. digests: of all that it may give.

    fate: of a request that is begun now, in the end. passing: what it may meet before. late: what one may meet that
    was begun before something was switched. ranges: what of it is asked for, () for all of it.
    """

    url: str
    path: str
    digests: frozenset[str]
    fate: Fate
    passing: frozenset[Fate] = frozenset()
    late: frozenset[Fate] = frozenset()
    ranges: tuple[FileRange, ...] = ()

    @property
    def fates(self) -> frozenset[Fate]:
        return self.passing | self.late | {self.fate}

    def switch(self, origin: Origin, fault: str) -> None:
        """From now on this fault alone; what waits at an earlier one goes on."""
        if self.path:
            faults: dict[str, Sequence[Fault]] = {
                "missing": [Answer(404)],
                "busy for good": [Answer(503)],
                "held": [Hold()],
            }
            origin.mend(self.path)
            origin.change(self.path, faults=faults.get(fault, ()))
            self.late = self.fates | {Fate.ARRIVES}  # for a moment nothing was wrong
            self.passing, self.fate = frozenset(), FAULTS[fault]


def new_source(origin: Origin, refused_url: str, number: int, kind: str) -> Source:
    """A resource of its own for the number'th file, with what its kind does wrong."""
    size = {"empty": 0, "small": 700 + number}.get(kind, LARGE + number)
    content, other = Pattern(size, seed=2 * number), Pattern(size, seed=2 * number + 1)
    faults: dict[str, Sequence[Fault]] = {
        "unknown length": [Chunked()],
        "missing": [Answer(404)],
        "busy": [Answer(503, times=2)],
        "no validator": [Cut(LARGE // 3, times=1)],
        "cut": [Cut(LARGE // 3, times=1)],
        "held": [Stall(LARGE // 2, times=1), Hold(skip=1)],
        "changing": [Cut(LARGE // 3, times=1), Changes(2, other)],
    }
    fates = {"missing": Fate.FAILS, "held": Fate.WAITS, "refused": Fate.RETRIES}
    contents: list[Content] = [content, other] if kind == "changing" else [content]
    path = "" if kind == "refused" else f"/{number}"
    url = refused_url
    if path:
        etag = None if kind == "no validator" else "automatic"
        url = origin.add(path, Resource(content, etag, throttle_bytes_per_s=3e6, faults=faults.get(kind, ())))
    ranges = RANGES if kind == "ranges" else ()
    if ranges:
        digests = frozenset({sha256(b"".join(content.bytes(each.offset, each.length) for each in ranges)).hexdigest()})
    else:
        digests = frozenset(one.sha256() for one in contents)
    is_retried = kind in ("busy", "cut", "no validator", "changing")
    return Source(
        url,
        path,
        digests,
        fates.get(kind, Fate.ARRIVES),
        frozenset({Fate.RETRIES}) if is_retried else frozenset(),
        ranges=ranges,
    )


@dataclass(eq=False)
class ModelFile:
    """A file. digests: of all that it may hold in the end. is_transferred, is_completed: as last seen.

    is_foreign: somebody else's file has its name. is_harmed: its temporary file was deleted at some time.
    """

    target: Path
    source: Source
    digests: frozenset[str]
    is_transferred: bool = False
    is_completed: bool = False
    is_foreign: bool = False
    is_harmed: bool = False

    @property
    def fates(self) -> frozenset[Fate]:
        """A file that was deleted after it had arrived is missed late, or never."""
        if not self.is_transferred:
            return self.source.fates
        return self.source.fates | {Fate.ARRIVES} if self.is_harmed else frozenset({Fate.ARRIVES})


@dataclass(eq=False)
class ModelJob:
    """A job. possible: the states that it may be in. handle: its object, None where it ended in an earlier process.

    minimum_retry_delay, no_progress_timeout: in seconds, None while never set.
    was_started: it may have fetched something. was_delayed: a retry may take long.
    was_completed: somebody has completed it, or tried to when the process ended. all_kept: it ended with all its files.
    lost_its_error: its error object may have ended with a process.
    """

    id: UUID
    handle: Any
    folder: Path
    display_name: str
    possible: frozenset[JobState] = frozenset({JobState.SUSPENDED})
    files: list[ModelFile] = field(default_factory=list)
    priority: Priority = Priority.NORMAL
    description: str = ""
    minimum_retry_delay: float | None = None
    no_progress_timeout: float | None = None
    auto_complete: bool = False
    limits: JobLimits = field(default_factory=JobLimits)
    was_started: bool = False
    was_delayed: bool = False
    was_completed: bool = False
    all_kept: bool = False
    lost_its_error: bool = False

    def __repr__(self) -> str:
        return f"<{self.display_name} in {self.folder.name}: {sorted(self.possible)}>"

    @property
    def is_final(self) -> bool:
        return self.possible <= FINAL

    def file(self, at: int) -> ModelFile | None:
        """One of its files, counted in circles."""
        return self.files[at % len(self.files)] if self.files else None

    @property
    def is_obstructed(self) -> bool:
        """Whether a file may not get its name."""
        return any(file.is_foreign or file.is_harmed for file in self.files)

    def time_passes(self) -> None:
        """Adds where the job may have come by itself."""
        states = set(self.possible)
        if states & ACTIVE or JobState.TRANSIENT_ERROR in states:
            states |= ACTIVE
            fates = [file.fates for file in self.files]
            if any(Fate.RETRIES in one for one in fates):
                states.add(JobState.TRANSIENT_ERROR)
            if self.no_progress_timeout == 0 and JobState.TRANSIENT_ERROR in states:
                states.add(JobState.ERROR)
            if any(Fate.FAILS in one for one in fates):
                states.add(JobState.ERROR)
            if all(Fate.ARRIVES in one for one in fates):
                states.add(JobState.TRANSFERRED)
        if JobState.TRANSFERRED in states and self.auto_complete:
            states.add(JobState.ACKNOWLEDGED)
            if self.is_obstructed:
                states.add(JobState.ERROR)
        self.possible = frozenset(states)

    def goes(self, *ways: tuple[Iterable[JobState], Iterable[JobState]]) -> None:
        """Each possible state that stands in a way's first part becomes those of its second; others stay."""
        states: set[JobState] = set()
        for state in self.possible:
            states.update(next((after for before, after in ways if state in before), (state,)))
        self.possible = frozenset(states)

    def resumed(self) -> None:
        if self.files:
            self.was_started = True
            self.goes(([JobState.SUSPENDED, *ERRONEOUS], [JobState.QUEUED]))

    def suspended(self) -> None:
        self.goes((ACTIVE | {JobState.TRANSIENT_ERROR}, [JobState.SUSPENDED]))

    def cancelled(self) -> None:
        self.possible = frozenset({JobState.CANCELLED})

    def completed(self) -> None:
        self.possible, self.was_completed = frozenset({JobState.ACKNOWLEDGED}), True

    def not_completed(self) -> None:
        """A file could not get its name."""
        self.goes((ACTIVE, [JobState.QUEUED]), ([JobState.TRANSFERRED], [JobState.TRANSFERRED, JobState.ERROR]))

    def process_ended(self) -> None:
        """What the next process finds, from whatever state this one had reached."""
        self.time_passes()
        self.lost_its_error = True
        self.goes((ACTIVE, [JobState.QUEUED]))
        if JobState.TRANSFERRED in self.possible and any(file.is_harmed for file in self.files):
            self.possible |= {JobState.QUEUED}

    def has_settled(self, state: JobState) -> bool:
        """Whether it has come as far as it can, for now."""
        if state in ACTIVE:
            return False
        if state is JobState.TRANSIENT_ERROR:
            return self.was_delayed or any(file.source.fate is Fate.RETRIES for file in self.files)
        return state is not JobState.TRANSFERRED or not self.auto_complete or self.is_obstructed

    def kept_at_least(self) -> set[str]:
        """The names that must be there once the job has ended."""
        names = {file.target.name for file in self.files if file.is_completed}
        if JobState.CANCELLED not in self.possible:
            names |= {
                file.target.name for file in self.files if self.all_kept or (file.is_transferred and not file.is_harmed)
            }
        return names

    def kept_at_most(self) -> set[str]:
        """The names that may be there once the job has ended."""
        if JobState.ACKNOWLEDGED in self.possible:
            return {file.target.name for file in self.files}
        return {file.target.name for file in self.files if file.is_completed}
