"""Files of ranges, and files that come from another address: what is there is built upon only where it belongs."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256

import pytest

from domonitor.backends.engine.job import EngineJob
from domonitor.jobs import hresult
from domonitor.jobs.job import FileRange, Progress
from domonitor.jobs.request import Digest
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import Engine
from tests.server import Changes, Cut, Origin, Pattern, Resource, Stall, WrongRange

LARGE = Pattern(3_000_000, seed=1)
OTHER = Pattern(3_000_000, seed=2)

RANGES = (FileRange(2_000_000, 400_000), FileRange(100, 300_000), FileRange(2_500_000, None))
WANTED = b"".join(LARGE.bytes(each.offset, each.length) for each in RANGES)

THEN = datetime(2026, 1, 2, tzinfo=UTC)


def job_of_ranges(engine: Engine, url: str, ranges: tuple[FileRange, ...] = RANGES) -> EngineJob:
    job = engine.job(resumed=False)
    job.add_file(url, str(engine.downloads / "a"), ranges)
    job.resume()
    return job


def completed(engine: Engine, job: EngineJob) -> bytes:
    engine.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    return (engine.downloads / "a").read_bytes()


@pytest.mark.parametrize("after_bytes", [1, 250_000, 399_999, 400_000])
def test_an_interrupted_range_goes_on_where_it_was(engine: Engine, origin: Origin, after_bytes: int) -> None:
    url = origin.add("/a", Resource(LARGE, faults=[Cut(after_bytes=after_bytes, times=1, skip=1)]))
    job = job_of_ranges(engine, url)
    assert completed(engine, job) == WANTED
    sent = sum(request.bytes_sent for request in origin.requests_to("/a"))
    assert sent == len(WANTED)


def test_ranges_go_on_after_a_restart(engine: Engine, origin: Origin) -> None:
    job = job_of_ranges(engine, origin.add("/a", Resource(LARGE, faults=[Stall(after_bytes=100_000, skip=1)])))
    engine.until(lambda: job.get_progress().bytes_transferred == 500_000)
    assert job.get_progress() == Progress(len(WANTED), 500_000, 1, 0)
    engine.restart()
    origin.mend("/a")
    job = engine.manager.get_job(job.get_id())
    assert completed(engine, job) == WANTED


def test_a_server_may_send_a_range_in_shorter_parts(engine: Engine, origin: Origin) -> None:
    job = job_of_ranges(engine, origin.add("/a", Resource(LARGE, faults=[WrongRange(most_bytes=90_000)])))
    assert completed(engine, job) == WANTED


def test_another_content_in_the_midst_of_ranges_is_an_error_and_resume_starts_over(
    engine: Engine, origin: Origin
) -> None:
    job = job_of_ranges(engine, origin.add("/a", Resource(LARGE, faults=[Changes(at_request=2, content=OTHER)])))
    engine.until_state(job, JobState.ERROR)
    assert job.copy_error().code == hresult.BG_E_REMOTE_FILE_CHANGED
    assert job.get_progress().bytes_transferred == 0
    job.resume()
    wanted = b"".join(OTHER.bytes(each.offset, each.length) for each in RANGES)
    assert completed(engine, job) == wanted


def test_without_a_validator_an_interrupted_range_starts_over(engine: Engine, origin: Origin) -> None:
    faults = [Changes(at_request=3, content=OTHER), Cut(after_bytes=200_000, times=1, skip=1)]
    job = job_of_ranges(engine, origin.add("/a", Resource(LARGE, etag=None, faults=faults)))
    wanted = b"".join(OTHER.bytes(each.offset, each.length) for each in RANGES)
    assert completed(engine, job) == wanted


def test_nothing_of_another_range_is_taken(engine: Engine, origin: Origin) -> None:
    job = job_of_ranges(engine, origin.add("/a", Resource(LARGE, faults=[WrongRange(start_by=-50)])))
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    assert job.get_progress().bytes_transferred == 0
    assert job.copy_error().code == hresult.WININET_E_INVALID_SERVER_RESPONSE


@pytest.mark.parametrize("how", ["the date", "the tag"])
def test_the_same_file_at_another_address_goes_on_where_it_was(engine: Engine, origin: Origin, how: str) -> None:
    first, second = ('"one"', '"two"') if how == "the date" else ('"same"', '"same"')
    date = THEN if how == "the date" else None
    cut = [Stall(after_bytes=1_000_000, times=1)]
    job = engine.job((origin.add("/a", Resource(LARGE, etag=first, last_modified=date, faults=cut)), "a"))
    engine.until(lambda: job.get_progress().bytes_transferred == 1_000_000)
    job.enum_files()[0].set_remote_name(origin.add("/mirror", Resource(LARGE, etag=second, last_modified=date)))
    assert sha256(completed(engine, job)).hexdigest() == LARGE.sha256()
    assert [request.range for request in origin.requests_to("/mirror")] == ["bytes=1000000-"]


@pytest.mark.parametrize(
    "other",
    [
        Resource(OTHER, etag='"two"', last_modified=datetime(2026, 2, 3, tzinfo=UTC)),
        Resource(Pattern(2_000_000, seed=1), etag='"two"', last_modified=THEN),
        Resource(OTHER, etag=None),
    ],
    ids=["another date", "another size", "neither tag nor date"],
)
def test_another_file_at_another_address_starts_anew(engine: Engine, origin: Origin, other: Resource) -> None:
    cut = [Stall(after_bytes=1_000_000, times=1)]
    job = engine.job((origin.add("/a", Resource(LARGE, etag='"one"', last_modified=THEN, faults=cut)), "a"))
    engine.until(lambda: job.get_progress().bytes_transferred == 1_000_000)
    job.enum_files()[0].set_remote_name(origin.add("/other", other))
    assert sha256(completed(engine, job)).hexdigest() == other.body.sha256()


@pytest.mark.parametrize(
    ("size", "digest", "code"),
    [
        (LARGE.size, sha256(WANTED).hexdigest(), hresult.S_OK),
        (LARGE.size, LARGE.sha256(), hresult.CRYPT_E_HASH_VALUE),
        (LARGE.size + 1, sha256(WANTED).hexdigest(), hresult.DO_E_HTTP_BLOCKSIZE_MISMATCH),
    ],
    ids=["right", "another checksum", "another size"],
)
def test_of_ranges_the_size_is_the_remote_files_and_the_checksum_the_local_ones(
    engine: Engine, origin: Origin, size: int, digest: str, code: int
) -> None:
    job = engine.job(resumed=False)
    expected = Digest("sha256", digest)
    job.add_file(origin.add("/a", Resource(LARGE)), str(engine.downloads / "a"), RANGES, size, expected=expected)
    job.resume()
    if engine.until_state(job, JobState.TRANSFERRED, JobState.ERROR) is JobState.ERROR:
        assert job.copy_error().code == code
    else:
        assert code == hresult.S_OK
        assert completed(engine, job) == WANTED


def test_what_one_request_asked_for_does_not_stick_to_the_next_one(engine: Engine, origin: Origin) -> None:
    """The same handle of libcurl: first it goes on with a file under a condition, then it asks for a range."""
    first = engine.job((origin.add("/one", Resource(LARGE, faults=[Cut(after_bytes=1_000_000, times=1)])), "one"))
    engine.until_state(first, JobState.TRANSFERRED)
    job = job_of_ranges(engine, origin.add("/two", Resource(LARGE, etag='"two"')))
    assert completed(engine, job) == WANTED
    assert [request.headers.get("If-Range") for request in origin.requests_to("/two")] == [None] * len(RANGES)
    last = engine.job((origin.add("/three", Resource(OTHER)), "three"))
    engine.until_state(last, JobState.TRANSFERRED)
    assert {request.range for request in origin.requests_to("/three")} == {None}
