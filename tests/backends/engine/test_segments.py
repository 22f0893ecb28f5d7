"""A file over several connections at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domonitor.backends.engine import disk, segments
from domonitor.backends.engine.job import EngineJob
from domonitor.backends.engine.segments import Pieces, missing_bytes
from domonitor.jobs import hresult
from domonitor.jobs.limit import MOST_SEGMENTS
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import Engine
from tests.server import (
    Answer,
    Changes,
    Cut,
    NoRanges,
    Origin,
    Pattern,
    RefusesRanges,
    RequestRecord,
    Resource,
    Stall,
)

LARGE = Pattern(3_000_000, seed=1)
OTHER = Pattern(3_000_000, seed=2)
SMALL = Pattern(30_000, seed=3)


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that small files come in several."""
    monkeypatch.setattr(segments, "SMALLEST_BYTES", 100_000)


def in_segments(engine: Engine, url: str, count: int = 4) -> EngineJob:
    """A job that fetches this file as "a" over so many connections."""
    new_job = NewJob("a job", (NewFile(url, str(engine.downloads / "a")),), auto_complete=False, segments=count)
    (job,) = engine.manager.add_many([new_job])
    assert isinstance(job, EngineJob)
    return job


def completed(engine: Engine, job: EngineJob) -> str:
    """The checksum of what has arrived."""
    engine.until_state(job, JobState.TRANSFERRED)
    assert job.get_progress().bytes_transferred == job.get_progress().bytes_total
    assert job.complete() is False
    return sha256((engine.downloads / "a").read_bytes()).hexdigest()


def arrived_without_an_error(engine: Engine, job: EngineJob) -> bool:
    engine.until_state(job, JobState.TRANSFERRED)
    return job.get_error_count() == 0


def asked(requests: list[RequestRecord]) -> list[tuple[int, int]]:
    """The ranges of the requests, from offset to offset."""
    bounds = [request.range.removeprefix("bytes=").split("-") for request in requests if request.range]
    return [(int(first), int(last) + 1) for first, last in bounds]


def test_a_file_comes_over_four_connections_and_no_byte_twice(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(LARGE, throttle_bytes_per_s=2_000_000))
    job = in_segments(engine, url)
    assert completed(engine, job) == LARGE.sha256()
    assert origin.peak_active_requests == 4
    parts = sorted(asked(origin.requests_to("/a")))
    assert parts[0] == (0, segments.FIRST_BYTES)
    assert [first for first, _ in parts[1:]] == [last for _, last in parts[:-1]]
    assert parts[-1][1] == LARGE.size


def test_by_default_a_file_comes_over_one(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(LARGE)), "a"))
    assert completed(engine, job) == LARGE.sha256()
    assert [request.range for request in origin.requests_to("/a")] == [None]


def test_a_small_file_costs_no_second_request(engine: Engine, origin: Origin) -> None:
    job = in_segments(engine, origin.add("/a", Resource(SMALL)))
    assert completed(engine, job) == SMALL.sha256()
    assert len(origin.requests_to("/a")) == 1


@pytest.mark.parametrize(
    "resource",
    [
        Resource(LARGE, faults=[NoRanges()]),
        Resource(LARGE, faults=[RefusesRanges()]),
        Resource(LARGE, etag=None),
        Resource(LARGE, etag='W/"weak"'),
        Resource(b""),
    ],
    ids=["no ranges", "ranges refused", "no validator", "a weak one", "an empty file"],
)
def test_what_can_not_be_divided_comes_whole(engine: Engine, origin: Origin, resource: Resource) -> None:
    job = in_segments(engine, origin.add("/a", resource))
    assert arrived_without_an_error(engine, job)
    assert completed(engine, job) == resource.body.sha256()


def test_a_date_is_enough_to_tell_that_the_parts_belong_together(engine: Engine, origin: Origin) -> None:
    resource = Resource(LARGE, etag=None, last_modified=datetime(2026, 1, 2, tzinfo=UTC))
    job = in_segments(engine, origin.add("/a", resource))
    assert completed(engine, job) == LARGE.sha256()
    assert len(origin.requests_to("/a")) > 4


def test_a_server_that_allows_two_connections_is_content(engine: Engine) -> None:
    with Origin(max_connections=2) as narrow:
        job = in_segments(engine, narrow.add("/a", Resource(LARGE, throttle_bytes_per_s=3_000_000)), count=8)
        assert arrived_without_an_error(engine, job)
    assert completed(engine, job) == LARGE.sha256()


def test_a_part_that_breaks_off_is_fetched_by_the_others(engine: Engine, origin: Origin) -> None:
    faults = [Cut(after_bytes=50_000, skip=2, times=1)]
    job = in_segments(engine, origin.add("/a", Resource(LARGE, throttle_bytes_per_s=3_000_000, faults=faults)))
    assert arrived_without_an_error(engine, job)
    assert completed(engine, job) == LARGE.sha256()


def test_an_error_of_all_is_the_jobs_error_and_what_arrived_stays(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(LARGE, faults=[Answer(404, skip=3)]))
    job = in_segments(engine, url)
    engine.until_state(job, JobState.ERROR)
    assert job.copy_error().code == hresult.HTTP_STATUS + 404
    arrived = job.get_progress().bytes_transferred
    assert arrived > segments.FIRST_BYTES
    origin.mend("/a")
    seen = len(origin.requests_to("/a"))
    job.resume()
    assert completed(engine, job) == LARGE.sha256()
    later = asked(origin.requests_to("/a")[seen:])
    assert sum(last - first for first, last in later) == LARGE.size - arrived


def test_content_that_changes_in_between_comes_anew_from_the_first_byte(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(LARGE, faults=[Changes(at_request=4, content=OTHER)]))
    job = in_segments(engine, url)
    assert completed(engine, job) == OTHER.sha256()


def test_after_a_restart_only_what_is_missing_is_asked_for(engine: Engine, origin: Origin) -> None:
    stalls = [Stall(after_bytes=200_000, skip=1)]
    job = in_segments(engine, origin.add("/a", Resource(LARGE, faults=stalls)))
    engine.until(lambda: job.get_progress().bytes_transferred >= segments.FIRST_BYTES + 4 * 200_000)
    before = job.get_progress().bytes_transferred
    job.suspend()
    engine.restart()
    origin.mend("/a")
    seen = len(origin.requests_to("/a"))
    job = engine.manager.get_job(job.get_id())
    assert job.get_progress().bytes_transferred == before
    job.resume()
    assert completed(engine, job) == LARGE.sha256()
    later = asked(origin.requests_to("/a")[seen:])
    assert sum(last - first for first, last in later) == LARGE.size - before


def test_a_temporary_file_that_was_cut_off_meanwhile_is_fetched_anew(engine: Engine, origin: Origin) -> None:
    job = in_segments(engine, origin.add("/a", Resource(LARGE, faults=[Stall(after_bytes=200_000, skip=1)])))
    engine.until(lambda: job.get_progress().bytes_transferred > 500_000)
    job.suspend()
    engine.stop()
    (part,) = engine.downloads.glob(".domonitor-*.part")
    with part.open("r+b") as file:
        file.truncate(600_000)
    engine.start()
    origin.mend("/a")
    job = engine.manager.get_job(job.get_id())
    assert job.get_progress().bytes_transferred == 0
    job.resume()
    assert completed(engine, job) == LARGE.sha256()


def test_a_temporary_file_that_is_deleted_before_it_is_divided_is_made_anew(engine: Engine, origin: Origin) -> None:
    stall = Stall(after_bytes=1_000, times=1)
    job = in_segments(engine, origin.add("/a", Resource(LARGE, faults=[stall])))
    engine.until(lambda: job.get_progress().bytes_transferred == 1_000)
    (part,) = engine.downloads.iterdir()
    part.unlink()
    stall.release()
    assert arrived_without_an_error(engine, job)
    assert completed(engine, job) == LARGE.sha256()


GAPS = st.lists(st.integers(0, 10_000_000), max_size=12, unique=True).map(
    lambda bounds: tuple(zip(sorted(bounds)[::2], sorted(bounds)[1::2], strict=False))
)


@given(GAPS, st.integers(1, MOST_SEGMENTS), st.data())
def test_pieces_are_all_that_is_missing_and_nothing_twice(gaps: tuple, most: int, data: st.DataObject) -> None:
    pieces = Pieces(gaps, most)
    running: list[tuple[int, int]] = []
    fetched = 0
    for _ in range(40):
        if running and (pieces.is_empty or data.draw(st.booleans())):
            first, last = running.pop(data.draw(st.integers(0, len(running) - 1)))
            position = data.draw(st.integers(first, last))
            fetched += position - first
            pieces.give_back(position, last)
        elif not pieces.is_empty:
            running.append(pieces.take())
        left = pieces.gaps(running)
        assert missing_bytes(left) + fetched == missing_bytes(gaps)
        assert all(one[1] < other[0] for one, other in pairwise(left))
        assert all(first < last for first, last in left)


def test_the_gaps_are_stored_before_the_file_gets_its_length(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else, after a process that died in between, the file would be as long as a whole one, and taken for it."""
    stored: list[str] = []

    def stretch(part: str, size: int, stretch: Callable[[str, int], None] = disk.stretch) -> None:
        with closing(sqlite3.connect(engine.folder / "engine" / "engine.sqlite")) as store:
            stored.extend(gaps for (gaps,) in store.execute("SELECT gaps FROM files WHERE part = ?", (part,)))
        stretch(part, size)

    monkeypatch.setattr(disk, "stretch", stretch)
    assert completed(engine, in_segments(engine, origin.add("/a", Resource(LARGE)))) == LARGE.sha256()
    assert stored == [f"[[{segments.FIRST_BYTES}, {LARGE.size}]]"]
