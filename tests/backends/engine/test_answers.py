"""Whatever a server answers: a file is whole, or the job says why not; nothing else is ever called good."""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.state import ERRONEOUS, JobState
from tests.backends.engine.conftest import Engine
from tests.server import (
    Answer,
    Changes,
    Chunked,
    Cut,
    EndedByClose,
    Garbage,
    IgnoresIfRange,
    LongHeaders,
    NeedsPassword,
    Origin,
    Pattern,
    Redirect,
    RefusesRanges,
    Resource,
    Stall,
    WrongLength,
    WrongRange,
)

SMALL = Pattern(300_000, seed=1)
LARGE = Pattern(3_000_000, seed=2)
OTHER = Pattern(3_000_000, seed=3)


@pytest.fixture(autouse=True)
def _nothing_is_printed(capfd: pytest.CaptureFixture[str]):
    """pycurl prints what is raised in its callbacks."""
    yield
    assert capfd.readouterr() == ("", "")


def arrived(engine: Engine, job, name: str = "a") -> str:
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    return hashlib.sha256((engine.downloads / name).read_bytes()).hexdigest()


def failed(engine: Engine, url: str) -> tuple[JobState, int]:
    job = engine.job((url, "a"))
    engine.until_state(job, *ERRONEOUS)
    job.suspend()
    job = engine.job((url, "b"))
    engine.until_state(job, *ERRONEOUS)
    return job.get_state(), job.copy_error().code


def raw(head: str, body: bytes = b"") -> Resource:
    """An answer of exactly these bytes."""
    return Resource(faults=[Garbage(head.replace("\n", "\r\n").encode("latin-1") + b"\r\n\r\n" + body)])


@pytest.mark.parametrize("etag", [None, 'W/"weak"'])
def test_content_that_changes_unseen_is_never_patched_together(engine: Engine, origin: Origin, etag) -> None:
    """Without a validator nobody can tell: only a fresh start is safe."""
    faults = [Cut(after_bytes=1_000_000, times=1), Changes(2, OTHER, etag=etag)]
    job = engine.job((origin.add("/a", Resource(LARGE, etag=etag, faults=faults)), "a"))
    assert arrived(engine, job) == OTHER.sha256()


@pytest.mark.parametrize("more", [[], [IgnoresIfRange()]], ids=["heeds If-Range", "ignores If-Range"])
def test_content_that_changes_between_attempts_starts_again(engine: Engine, origin: Origin, more: list) -> None:
    faults = [Cut(after_bytes=1_000_000, times=1), Changes(2, OTHER), *more]
    job = engine.job((origin.add("/a", Resource(LARGE, faults=faults)), "a"))
    assert arrived(engine, job) == OTHER.sha256()


def test_a_date_is_a_validator_too(engine: Engine, origin: Origin) -> None:
    dates = [datetime(2030, 1, day, tzinfo=UTC) for day in (1, 2)]
    faults = [Cut(after_bytes=1_000_000, times=1), Changes(3, OTHER, etag=None, last_modified=dates[1])]
    resource = Resource(LARGE, etag=None, last_modified=dates[0], faults=[*faults, Cut(after_bytes=500_000, times=1)])
    job = engine.job((origin.add("/a", resource), "a"))
    assert arrived(engine, job) in (LARGE.sha256(), OTHER.sha256())
    assert origin.requests_to("/a")[1].headers["if-range"] == format_datetime(dates[0], usegmt=True)


def test_an_etag_beyond_ascii_goes_back_as_it_came(engine: Engine, origin: Origin) -> None:
    job = engine.job(
        (origin.add("/a", Resource(LARGE, etag='"\u00fc"', faults=[Cut(after_bytes=1_000_000, times=1)])), "a")
    )
    assert arrived(engine, job) == LARGE.sha256()
    assert len(origin.requests_to("/a")) == 2


def test_an_etag_of_absurd_length_is_no_validator(engine: Engine, origin: Origin) -> None:
    etag = f'"{"e" * 20_000}"'
    job = engine.job((origin.add("/a", Resource(LARGE, etag=etag, faults=[Cut(after_bytes=1_000_000, times=1)])), "a"))
    assert arrived(engine, job) == LARGE.sha256()
    assert "if-range" not in origin.requests_to("/a")[1].headers


@pytest.mark.parametrize(
    "fault",
    [RefusesRanges(), WrongRange(start_by=-5), WrongRange(total_by=7), WrongRange(tells_content_range=False)],
    ids=["416", "other bytes", "other total", "no Content-Range"],
)
def test_a_range_that_is_not_what_was_asked_for_starts_again(engine: Engine, origin: Origin, fault) -> None:
    faults = [Cut(after_bytes=1_000_000, times=1), fault]
    job = engine.job((origin.add("/a", Resource(LARGE, faults=faults)), "a"))
    assert arrived(engine, job) == LARGE.sha256()


def test_a_shorter_part_than_asked_for_is_gone_on_from_where_it_ended(engine: Engine, origin: Origin) -> None:
    faults = [Cut(after_bytes=1_000_000, times=1), WrongRange(most_bytes=500_000, times=2)]
    job = engine.job((origin.add("/a", Resource(LARGE, faults=faults)), "a"))
    assert arrived(engine, job) == LARGE.sha256()
    asked = [request.headers.get("range") for request in origin.requests_to("/a")]
    assert asked == [None, "bytes=1000000-", "bytes=1500000-", "bytes=2000000-"]


def test_a_longer_part_than_there_is_is_an_error_and_starts_again_at_resume(engine: Engine, origin: Origin) -> None:
    head = (
        'HTTP/1.1 206 P\r\nContent-Range: bytes 1000000-1999999/2000000\r\nETag: "e"\r\nContent-Length: 1500000\r\n\r\n'
    )
    too_much = Garbage(head.encode() + bytes(1_500_000), times=1, skip=1)
    content = Pattern(2_000_000, seed=5)
    faults = [too_much, Cut(after_bytes=1_000_000, times=1)]
    job = engine.job((origin.add("/a", Resource(content, etag='"e"', faults=faults)), "a"))
    engine.until_state(job, JobState.ERROR)
    assert job.copy_error().code == hresult.DO_E_HTTP_BLOCKSIZE_MISMATCH
    job.resume()
    assert arrived(engine, job) == content.sha256()


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
def test_a_server_that_passes_on_is_followed(engine: Engine, origin: Origin, status: int) -> None:
    origin.add("/there", Resource(SMALL))
    job = engine.job((origin.add("/a", Resource(faults=[Redirect(to="/there", status=status)])), "a"))
    assert arrived(engine, job) == SMALL.sha256()


def test_a_chunked_body_cut_short_is_never_taken_for_the_file(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(LARGE, faults=[Chunked(), Cut(after_bytes=999_999, times=2)])), "a"))
    assert arrived(engine, job) == LARGE.sha256()
    assert job.get_times().transferred is not None


def test_a_body_ended_by_close_is_taken_as_it_comes(engine: Engine, origin: Origin) -> None:
    """HTTP/1.0 without a length: nobody can tell a cut from the end. Documented in transfer.py."""
    job = engine.job((origin.add("/a", Resource(LARGE, faults=[EndedByClose()])), "a"))
    assert arrived(engine, job) == LARGE.sha256()


def test_a_body_longer_than_announced_ends_where_it_was_announced(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL, faults=[WrongLength(by=-1_000)])), "a"))
    engine.until_state(job, JobState.TRANSFERRED, *ERRONEOUS)
    assert job.get_progress().bytes_transferred <= SMALL.size - 1_000


_OK = "HTTP/1.1 200 OK\nConnection: close\n"
_INVALID = (JobState.TRANSIENT_ERROR, hresult.WININET_E_INVALID_SERVER_RESPONSE)
_BAD_ADDRESS = (JobState.ERROR, hresult.INET_E_INVALID_URL)
_BAD_SCHEME = (JobState.ERROR, hresult.WININET_E_UNRECOGNIZED_SCHEME)


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (raw(_OK + "Content-Length: many", b"abc"), _INVALID),
        (raw(_OK + "Content-Length: -5", b"abc"), _INVALID),
        (raw(_OK + "Content-Length: 99999999999999999999999", b"abc"), _INVALID),
        (raw(_OK + "Content-Length: 7\nContent-Length: 3", b"abc"), None),
        (raw("HTTP/1.1 2\xb20 OK\nContent-Length: 3", b"abc"), None),
        (raw("HTTP/1.1 206 Partial\nContent-Range: bytes 0-2/9\nContent-Length: 3", b"abc"), _INVALID),
        (raw("HTTP/1.1 304 Not Modified"), (JobState.ERROR, hresult.HTTP_STATUS + 304)),
        (raw("HTTP/1.1 101 Switching Protocols", b"abc"), (JobState.ERROR, hresult.HTTP_STATUS + 101)),
        (raw("HTTP/1.1 100 Continue", b"abc"), _INVALID),
        (raw("HTTP/1.1 103 Early Hints"), (JobState.TRANSIENT_ERROR, hresult.WININET_E_CONNECTION_ABORTED)),
        (raw("HTTP/1.1 000 Nothing\nContent-Length: 3", b"abc"), _INVALID),
        (raw("HTTP/1.1 200000000000 OK\nContent-Length: 3", b"abc"), _INVALID),
        (raw("HTTP/1.1 " + "2" * 5_000 + " OK\nContent-Length: 3", b"abc"), None),
        (raw("hello", b"abc"), _INVALID),
        (raw(_OK + "no colon", b"abc"), _INVALID),
        (raw(_OK + "Transfer-Encoding: frob", b"abc"), _INVALID),
        (raw("HTTP/1.1 416 No\nContent-Length: 0"), (JobState.ERROR, hresult.HTTP_STATUS + 416)),
        (raw("HTTP/1.1 404 " + "n" * 5_000 + "\nContent-Length: 0"), (JobState.ERROR, hresult.HTTP_STATUS + 404)),
        (Resource(SMALL, faults=[LongHeaders(110_000), Answer(200)]), _INVALID),
        (Resource(SMALL, faults=[LongHeaders(50_000, count=10), Answer(200)]), _INVALID),
        (raw("HTTP/1.1 302 Found\nLocation: http://[nonsense\nContent-Length: 0"), _BAD_ADDRESS),
        (raw("HTTP/1.1 302 Found\nLocation: ftp://127.0.0.1/a\nContent-Length: 0"), _BAD_SCHEME),
        (raw("HTTP/1.1 302 Found\nLocation: \nContent-Length: 3", b"abc"), (JobState.ERROR, hresult.HTTP_STATUS + 302)),
        (raw("HTTP/1.1 302 Found\nContent-Length: 3", b"abc"), (JobState.ERROR, hresult.HTTP_STATUS + 302)),
        (raw("HTTP/1.1 304 No\nLocation: /there"), (JobState.ERROR, hresult.HTTP_STATUS + 304)),
        (raw("HTTP/1.1 302 Found\nLocation: \xff\xfe://\nContent-Length: 0"), None),
    ],
    ids=lambda value: None,
)
def test_strange_answers_are_errors_and_never_files(engine: Engine, origin: Origin, resource, expected) -> None:
    found = failed(engine, origin.add("/a", resource))
    assert expected is None or found == expected
    assert engine.on_disk == {"*.part"}


@pytest.mark.parametrize(
    "after",
    ["Fri, 99 Foo 2030 99:99:99 GMT", "9" * 400, "99999999999999999", "Thu, 01 Jan 0001 00:00:00 +2359", "-5", "\xb2"],
)
def test_a_retry_after_that_makes_no_sense_is_survived(engine: Engine, origin: Origin, after: str) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL, faults=[Answer(503, {"Retry-After": after}, times=1)])), "a"))
    engine.until_state(job, JobState.TRANSFERRED, JobState.TRANSIENT_ERROR)
    job.resume()
    assert arrived(engine, job) == SMALL.sha256()


def test_a_long_or_binary_reason_does_not_flood_the_description(engine: Engine, origin: Origin) -> None:
    head = "HTTP/1.1 404 " + "n" * 50 + "\x1b[31m" + "n" * 5_000 + "\nContent-Length: 0"
    job = engine.job((origin.add("/a", raw(head)), "a"))
    engine.until_state(job, JobState.ERROR)
    description = job.copy_error().description
    assert len(description) < 200
    assert description.isprintable()


def test_passwords_and_tokens_never_reach_descriptions_events_and_logs(
    engine: Engine, origin: Origin, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    origin.add("/in", Resource(SMALL, faults=[NeedsPassword("me", "geheim")]))
    for at, path in enumerate(["/in", "/missing", "/cut"]):
        origin.add("/cut", Resource(SMALL, faults=[Cut(after_bytes=0, times=1)]))
        url = origin.url(path).replace("//", "//me:geheim@") + "?token=verborgen"
        job = engine.job((url, f"{at}"))
        engine.until_state(job, JobState.TRANSFERRED, JobState.ERROR)
        said = [str(event) for event in engine.manager.timeline(job.get_id())]
        if job.get_state() is JobState.ERROR:
            said.append(job.copy_error().description + job.copy_error().context_description)
        with pytest.raises(CallFailed) as refusal:
            job.add_file(url, str(engine.downloads / f"{at}"))
        said.append(str(refusal.value))
        text = "\n".join([*said, caplog.text])
        assert "geheim" not in text
        assert "verborgen" not in text


def test_a_password_never_follows_to_another_host(engine: Engine, origin: Origin) -> None:
    with Origin(host="::1") as elsewhere:
        to = elsewhere.add("/there", Resource(SMALL))
        url = origin.add("/a", Resource(faults=[Redirect(to=to)])).replace("//", "//me:geheim@")
        job = engine.job((url, "a"))
        assert arrived(engine, job) == SMALL.sha256()
        assert "authorization" in origin.requests_to("/a")[0].headers
        assert "authorization" not in elsewhere.requests_to("/there")[0].headers


def test_the_failing_host_is_named_also_behind_a_redirect(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(faults=[Redirect(to="http://nowhere.invalid/")])), "a"))
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    assert "nowhere.invalid" in job.copy_error().description


def test_ipv6_upper_case_fragments_and_letters_beyond_ascii_work(engine: Engine, origin: Origin) -> None:
    with Origin(host="::1") as sixth:
        addresses = [
            sixth.add("/a", Resource(SMALL)),
            origin.add("/b", Resource(SMALL)).replace("http://127.0.0.1", "HTTP://LOCALHOST") + "#part",
            origin.add("/grün/ä b", Resource(SMALL)).replace("gr%C3%BCn", "grün"),
            origin.add("/c", Resource(SMALL)) + "?wörter=%20ja",
        ]
        jobs = [engine.job((address, f"{at}")) for at, address in enumerate(addresses)]
        for at, job in enumerate(jobs):
            assert arrived(engine, job, f"{at}") == SMALL.sha256()


def test_a_host_beyond_ascii_is_looked_up_by_its_real_name(engine: Engine) -> None:
    job = engine.job(("http://büro.invalid/a", "a"))
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    assert job.copy_error().code == hresult.WININET_E_NAME_NOT_RESOLVED
    assert "xn--bro-hoa.invalid" in job.copy_error().description


def test_progress_is_never_more_than_what_has_arrived(engine: Engine, origin: Origin) -> None:
    stall = Stall(after_bytes=123_456)
    job = engine.job((origin.add("/a", Resource(LARGE, faults=[stall])), "a"))
    engine.until(lambda: job.get_progress().bytes_transferred >= 123_456)
    engine.restart()
    (job,) = engine.manager.enum_jobs()
    (part,) = engine.downloads.iterdir()
    assert job.get_progress().bytes_transferred <= part.stat().st_size
    stall.release()
    assert arrived(engine, job) == LARGE.sha256()
