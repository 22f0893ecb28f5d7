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
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import ERRONEOUS, JobState
from tests.backends.engine.conftest import QUICK, Engine
from tests.backends.engine.judge import allows
from tests.server.content import Pattern
from tests.server.hostile import Asked, HostileServer, Story
from tests.server.nonsense import Mixed, stories

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
THREADS = ("domonitor-transfer", "domonitor-store", "domonitor-sync")
GOOD = Mixed(Pattern(5_000, seed=9), ((b"ETag", b'"good"'),))


@dataclass(frozen=True, slots=True)
class Wish:
    """How a file is asked for, and what the server has to say of it."""

    story: Story
    ranges: tuple[FileRange, ...] = ()
    segments: int = 1


_RANGES = (
    (FileRange(0, 100),),
    (FileRange(100, None),),
    (FileRange(200, 50), FileRange(0, 50), FileRange(299, None)),
    (FileRange(4_000, 2_000),),
)
_whole = stories().map(Wish)
wishes = st.lists(
    _whole
    | _whole
    | st.builds(Wish, stories(), segments=st.sampled_from((2, 4)))
    | st.builds(Wish, stories(), st.sampled_from(_RANGES)),
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
                    (NewFile(self._server.url(name), str(self._engine.downloads / name), wish.ranges),),
                    auto_complete=False,
                    segments=wish.segments,
                )
                for name, wish in wishes_by_name.items()
            ]
        )
        jobs = [answer for answer in answers if isinstance(answer, EngineJob)]
        assert len(jobs) == len(wishes_by_name)
        return jobs

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
        assert job.complete() is False
        path = self._engine.downloads / name
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
        assert explained.headline
        assert error.code != hresult.E_UNEXPECTED, f"{error} is a bug of ours"
        assert error.description.endswith((".", "?")), error
        assert error.description.isprintable(), error
        assert len(error.description) < MOST_DESCRIPTION, error
        assert error.file is not None
        job.cancel()
        self.ends.append(explained.name or f"0x{error.code:08X}")

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


def meet_many(folder: Path, examples: int, seed: int | None = None) -> Counter[str]:
    """Meets so many lists of wishes; how often each end was met. seed: None for the same ones each time."""
    hostility = Hostility(folder)

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=seed is None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
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
