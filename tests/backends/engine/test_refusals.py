"""Answers that are not the file: what comes with them is read only as far as it is of use."""

from __future__ import annotations

import hashlib

import pytest

from domonitor.backends.engine import AuthScheme, AuthTarget, http
from domonitor.jobs import hresult
from domonitor.jobs.state import ERRONEOUS, JobState
from tests.backends.engine.conftest import Engine
from tests.server import NeedsDigest, Origin, Pattern, Resource, Stall, port_that_never_ends, port_that_says


def test_a_refusal_may_be_long_but_not_endless_and_a_file_behind_it_as_long_as_it_likes(
    engine: Engine, origin: Origin
) -> None:
    large = Pattern(3 * http.LONGEST_REFUSAL_BYTES, seed=2)
    stall = Stall(after_bytes=2 * http.LONGEST_REFUSAL_BYTES)
    url = origin.add("/a", Resource(large, faults=[NeedsDigest("anna", "geheim"), stall]))
    job = engine.job((url, "a"), resumed=False)
    job.set_credentials(AuthTarget.SERVER, AuthScheme.ANY, "anna", "geheim")
    job.resume()
    engine.until(lambda: job.get_progress().bytes_transferred >= stall.after_bytes or job.get_state() in ERRONEOUS)
    stall.release()
    engine.until_state(job, JobState.TRANSFERRED, *ERRONEOUS)
    assert (job.get_error_count(), len(origin.requests)) == (0, 2)
    job.complete()
    assert hashlib.sha256((engine.downloads / "a").read_bytes()).hexdigest() == large.sha256()


LONG = b"Content-Length: 99999999999\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n"
DIGEST = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Digest realm="a", nonce="b", qop="auth"\r\n'


@pytest.mark.parametrize(
    ("head", "code"),
    [
        (DIGEST + LONG, hresult.HTTP_STATUS + 401),
        (DIGEST + CHUNKED, hresult.HTTP_STATUS + 401),
        (b"HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\n" + LONG, hresult.HTTP_STATUS + 401),
        (b"HTTP/1.1 407 No\r\n" + LONG, hresult.HTTP_STATUS + 407),
        (b"HTTP/1.1 302 No\r\nLocation: /a\r\n" + LONG, hresult.WININET_E_REDIRECT_FAILED),
        (b"HTTP/1.1 302 No\r\nLocation: /a\r\n" + CHUNKED, hresult.WININET_E_REDIRECT_FAILED),
        (b"HTTP/1.1 302 No\r\nLocation: /a\r\nContent-Length: 5\r\n" + CHUNKED, hresult.WININET_E_REDIRECT_FAILED),
    ],
    ids=["digest", "chunked digest", "negotiate", "proxy", "redirect", "chunked redirect", "lying redirect"],
)
@pytest.mark.parametrize("has_login", [False, True])
def test_what_comes_with_a_refusal_or_a_redirect_is_not_read_for_ever(
    engine: Engine, head: bytes, code: int, has_login: bool
) -> None:
    with port_that_never_ends(head) as port:
        job = engine.job((f"http://127.0.0.1:{port}/a", "a"), resumed=False)
        if has_login:
            job.set_credentials(AuthTarget.SERVER, AuthScheme.ANY, "anna", "geheim")
        job.resume()
        engine.until_state(job, *ERRONEOUS)
        assert (job.get_state(), job.copy_error().code) == (JobState.ERROR, code)


@pytest.mark.parametrize("has_login", [False, True])
def test_a_redirect_that_does_not_say_how_long_it_is_leads_to_the_file(
    engine: Engine, origin: Origin, has_login: bool
) -> None:
    small = Pattern(100_000, seed=1)
    head = f"HTTP/1.1 302 Found\r\nLocation: {origin.add('/a', Resource(small))}\r\n"
    with port_that_says(f"{head}Transfer-Encoding: chunked\r\n\r\n4\r\nmore\r\n0\r\n\r\n".encode()) as port:
        job = engine.job((f"http://127.0.0.1:{port}/a", "a"), resumed=False)
        if has_login:
            job.set_credentials(AuthTarget.SERVER, AuthScheme.ANY, "anna", "geheim")
        job.resume()
        engine.until_state(job, JobState.TRANSFERRED, *ERRONEOUS)
        assert (job.get_state(), job.get_error_count()) == (JobState.TRANSFERRED, 0)
        job.complete()
    assert (engine.downloads / "a").read_bytes() == small.bytes()
