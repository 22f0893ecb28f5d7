"""Downloads from a server that answers with anything, and what must hold of every one of them."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st

from domonitor.backends.engine import EngineManager, segments
from domonitor.backends.engine.job import EngineJob
from domonitor.jobs import codes, hresult
from domonitor.jobs.job import FileRange
from domonitor.jobs.request import Existing, NewFile, NewJob
from domonitor.jobs.state import ERRONEOUS, JobState
from tests.backends.engine.conftest import QUICK, Engine
from tests.backends.engine.judge import allows
from tests.server.content import Pattern
from tests.server.hostile import Asked, HostileServer, Story
from tests.server.nonsense import Mixed, stories, traps

IMPATIENT = replace(
    QUICK,
    retry_delay_s=0.001,
    retry_delay_max_s=0.002,
    no_progress_background_s=0.03,
    connect_timeout_s=2,
    stall_timeout_s=2,
)
"""So that everything ends at once: what would pass is an error of no progress soon."""

FIRST_BYTES = 64
SMALLEST_BYTES = 50
"""So that small files come in segments."""

MOST_DESCRIPTION = 400
MOST_NAME_BYTES = 255
THREADS = ("domonitor-transfer", "domonitor-store", "domonitor-sync")
GOOD = Mixed(Pattern(5_000, seed=9), ((b"ETag", b'"good"'),))


@dataclass(frozen=True, slots=True)
class Wish:
    """How a file is asked for, and what the server has to say of it. is_named_by_server: also what it is called."""

    story: Story
    ranges: tuple[FileRange, ...] = ()
    segments: int = 1
    is_named_by_server: bool = False


_RANGES = (
    (FileRange(0, 100),),
    (FileRange(100, None),),
    (FileRange(200, 50), FileRange(0, 50), FileRange(299, None)),
    (FileRange(4_000, 2_000),),
)
_told = stories() | traps()
_whole = _told.map(Wish)
wishes = st.lists(
    _whole
    | _whole
    | st.builds(Wish, _told, segments=st.sampled_from((2, 4)))
    | st.builds(Wish, _told, st.sampled_from(_RANGES))
    | st.builds(Wish, stories(names=True), is_named_by_server=st.just(True)),
    min_size=1,
    max_size=3,
)


class Hostility:
    """An engine and the server, used for one wish after the other: nothing that was said may harm what comes later."""

    def __init__(self, folder: Path) -> None:
        self._sizes = segments.FIRST_BYTES, segments.SMALLEST_BYTES
        segments.FIRST_BYTES, segments.SMALLEST_BYTES = FIRST_BYTES, SMALLEST_BYTES
        self._folder = folder
        self._numbers = itertools.count()
        self._log = _Errors()
        self.ends: list[str] = []
        self._begin()

    def close(self) -> None:
        """Ends both."""
        self._end()
        segments.FIRST_BYTES, segments.SMALLEST_BYTES = self._sizes

    def _begin(self) -> None:
        self._server = HostileServer()
        self._engine = Engine(self._folder / f"{next(self._numbers)}", IMPATIENT)

    def _end(self) -> None:
        self._engine.stop()
        self._server.__exit__()

    def meet(self, wished: Sequence[Wish]) -> None:
        """Downloads all of it at once, looks at what came of it, and then downloads a good file."""
        logging.getLogger().addHandler(self._log)
        try:
            self._meet({f"s{next(self._numbers)}": wish for wish in wished})
            self._meet_a_good_server()
            assert {thread.name for thread in threading.enumerate()} >= set(THREADS)
            assert self._log.take() == []
            assert self._engine.on_disk == set()
        except Exception:
            self._end()
            self._log.take()
            self._begin()  # what went wrong here is not to be found again in the next one
            raise
        finally:
            logging.getLogger().removeHandler(self._log)

    def _meet(self, wishes_by_name: dict[str, Wish]) -> None:
        for name, wish in wishes_by_name.items():
            self._server.tell(name, wish.story)
        jobs = self._start(wishes_by_name)
        for (name, wish), job in zip(wishes_by_name.items(), jobs, strict=True):
            state = self._engine.until_state(job, JobState.TRANSFERRED, JobState.ERROR)
            self._look_at_the_requests(name)
            note(f"{name} ended {state.name}, asked {[said.asked for said in self._server.said(name)]}")
            if state is JobState.TRANSFERRED:
                self._look_at_the_file(name, wish, job)
            else:
                self._look_at_the_error(job)

    def _start(self, wishes_by_name: dict[str, Wish]) -> list[EngineJob]:
        manager: EngineManager = self._engine.manager
        answers = manager.add_many(
            [
                NewJob(
                    name,
                    (self._file(name, wish),),
                    auto_complete=False,
                    segments=wish.segments,
                )
                for name, wish in wishes_by_name.items()
            ]
        )
        jobs = [answer for answer in answers if isinstance(answer, EngineJob)]
        assert len(jobs) == len(wishes_by_name)
        return jobs

    def _file(self, name: str, wish: Wish) -> NewFile:
        return NewFile(
            self._server.url(name),
            str(self._engine.downloads / name),
            wish.ranges,
            existing=Existing.RENAME if wish.is_named_by_server else Existing.REFUSE,
            is_named_by_server=wish.is_named_by_server,
        )

    def _look_at_the_requests(self, name: str) -> None:
        """A condition goes with a range alone, and is what this server has said of this file."""
        said = self._server.said(name)
        for at, each in enumerate(said):
            if each.asked.if_range is not None:
                assert each.asked.byte_range is not None, f"{each.asked} has a condition and no range"
                told = b"".join(before.wire for before in said[:at])
                assert each.asked.if_range.encode("utf-8", "surrogateescape") in told, f"{each.asked} tells of others"

    def _look_at_the_file(self, name: str, wish: Wish, job: EngineJob) -> None:
        progress = job.get_progress()
        path = Path(job.enum_files()[0].get_local_name())
        assert path.parent == self._engine.downloads
        assert path.name == name or wish.is_named_by_server
        _look_at_the_name(path.name)
        assert job.complete() is False
        assert self._engine.on_disk - {"*.part"} == {path.name}
        data = path.read_bytes()
        assert (progress.bytes_total, progress.bytes_transferred) == (len(data), len(data))
        said = self._server.said(name)
        assert allows(data, said, wish.ranges), f"{data[:99]!r}… of {len(data)} is no file of {said}"
        path.unlink()
        self.ends.append("TRANSFERRED")

    def _look_at_the_error(self, job: EngineJob) -> None:
        error = job.copy_error()
        explained = codes.explain(error.code)
        assert job.get_state() in ERRONEOUS
        assert explained.passes_by_itself("engine") is False, f"{error} is no reason to stop"
        assert explained.is_known or explained.status is not None, f"{error} is documented nowhere"
        assert error.code != hresult.E_UNEXPECTED, f"{error} is a bug of ours"
        assert error.description.endswith((".", "?")), error
        assert error.description.isprintable(), error
        assert len(error.description) < MOST_DESCRIPTION, error
        assert error.file is not None
        job.cancel()
        self.ends.append(explained.name or f"HTTP {explained.status}")

    def _meet_a_good_server(self) -> None:
        name = f"good{next(self._numbers)}"
        self._server.tell(name, Story((GOOD,)))
        (job,) = self._start({name: Wish(Story((GOOD,)))})
        self._engine.until_state(job, JobState.TRANSFERRED, *ERRONEOUS)
        assert job.get_state() is JobState.TRANSFERRED, job.copy_error()
        job.complete()
        path = self._engine.downloads / name
        assert path.read_bytes() == GOOD.content.bytes()
        assert GOOD.wire(Asked()).endswith(path.read_bytes())
        path.unlink()


def _look_at_the_name(name: str) -> None:
    """One that is a file's on every system, and looks like what it is."""
    assert name.isprintable(), f"{name!r} has what nobody sees, or what turns the reading direction"
    assert not set(name) & set('/\\:*?"<>|'), f"{name!r} has what separates, or is forbidden"
    assert name == name.strip(" ").rstrip("."), f"{name!r} ends in what Windows drops"
    assert name.partition(".")[0].upper() not in ("", *_DEVICES), f"{name!r} is hidden, or a device"
    assert len(name.encode()) <= MOST_NAME_BYTES


_DEVICES = ("CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10)))


class _Errors(logging.Handler):
    """Keeps what is logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))

    def take(self) -> list[str]:
        lines, self._lines = self._lines, []
        return lines


def meet_many(folder: Path, examples: int, seed: int | None = None, *, shrinks: bool = True) -> Counter[str]:
    """Meets so many lists of wishes; how often each end was met.

    seed: None for the same ones each time. shrinks: whether a list with which something goes wrong is made shorter.
    """
    hostility = Hostility(folder)

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=seed is None,
        database=None,
        phases=(Phase.generate, Phase.shrink) if shrinks else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(wished=wishes)
    def meet(wished: list[Wish]) -> None:
        hostility.meet(wished)

    try:
        (meet if seed is None else with_seed(seed)(meet))()
    finally:
        hostility.close()
    return Counter(hostility.ends)
