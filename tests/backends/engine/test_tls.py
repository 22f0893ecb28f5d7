"""Secure connections that do not come about, and proxies in between: what stays, and what passes by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from domonitor.backends.engine.job import EngineJob
from domonitor.jobs import hresult
from domonitor.jobs.error import ErrorContext
from domonitor.jobs.state import ERRONEOUS, JobState
from tests.backends.engine.conftest import QUICK, Engine, StartEngine
from tests.server import Answer, Origin, Pattern, Resource, Tls, port_that_says, proxy

SMALL = Pattern(300_000, seed=1)
PATIENT = replace(QUICK, retry_delay_s=1_000, retry_delay_max_s=1_000)


@contextmanager
def trusted(tls: Tls, monkeypatch: pytest.MonkeyPatch) -> Iterator[Origin]:
    with Origin(tls=tls) as origin:
        monkeypatch.setenv("SSL_CERT_FILE", str(origin.ca_file))
        yield origin


def failed(engine: Engine, url: str) -> EngineJob:
    job = engine.job((url, "a"))
    engine.until_state(job, *ERRONEOUS)
    return job


def found(job: EngineJob) -> tuple[JobState, ErrorContext, int]:
    error = job.copy_error()
    return job.get_state(), error.context, error.code


@pytest.mark.parametrize(
    ("tls", "code"),
    [
        (Tls.OLD_PROTOCOL, hresult.WINHTTP_SECURE_FAILURE),
        (Tls.NO_COMMON_CIPHER, hresult.WINHTTP_SECURE_FAILURE),
        (Tls.WANTS_CERTIFICATE, hresult.WININET_E_CLIENT_AUTH_CERT_NEEDED),
        (Tls.EXPIRED, hresult.WININET_E_SEC_CERT_DATE_INVALID),
        (Tls.WRONG_HOST, hresult.WININET_E_SEC_CERT_CN_INVALID),
    ],
)
def test_what_both_can_t_agree_on_stays(
    start_engine: StartEngine, monkeypatch: pytest.MonkeyPatch, tls: Tls, code: int
) -> None:
    with trusted(tls, monkeypatch) as origin:
        job = failed(start_engine(PATIENT), origin.add("/a", Resource(SMALL)))
        assert found(job) == (JobState.ERROR, ErrorContext.GENERAL_TRANSPORT, code)
        assert "127.0.0.1" in job.copy_error().description
        assert origin.requests == []


def test_a_server_that_speaks_no_https_is_told_apart(start_engine: StartEngine) -> None:
    with port_that_says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as port:
        job = failed(start_engine(PATIENT), f"https://127.0.0.1:{port}/a")
    assert found(job) == (JobState.ERROR, ErrorContext.GENERAL_TRANSPORT, hresult.WINHTTP_SECURE_FAILURE)
    assert "begin with http://" in job.copy_error().description


@pytest.mark.parametrize("by_reset", [False, True], ids=["in order", "by reset"])
def test_a_connection_that_ends_in_the_middle_of_the_greeting_passes(start_engine: StartEngine, by_reset: bool) -> None:
    with port_that_says(b"", by_reset=by_reset) as port:
        job = failed(start_engine(PATIENT), f"https://127.0.0.1:{port}/a")
    assert found(job) == (
        JobState.TRANSIENT_ERROR,
        ErrorContext.GENERAL_TRANSPORT,
        hresult.WININET_E_CONNECTION_RESET,
    )


def test_behind_a_proxy_the_server_s_answer_counts_and_not_the_proxy_s(
    start_engine: StartEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with trusted(Tls.TRUSTED, monkeypatch) as origin, proxy() as address:
        monkeypatch.setenv("https_proxy", address)
        engine = start_engine(PATIENT)
        job = failed(engine, origin.add("/gone", Resource(faults=[Answer(404, body=b"no file")])))
        assert found(job) == (JobState.ERROR, ErrorContext.REMOTE_FILE, hresult.HTTP_STATUS + 404)
        job = engine.job((origin.add("/b", Resource(SMALL)), "b"))
        engine.until_state(job, JobState.TRANSFERRED)
        job.complete()
        assert (engine.downloads / "b").read_bytes() == SMALL.bytes()


@pytest.mark.parametrize(
    ("status", "state"),
    [(403, JobState.ERROR), (407, JobState.ERROR), (502, JobState.TRANSIENT_ERROR), (503, JobState.TRANSIENT_ERROR)],
)
def test_a_proxy_that_opens_no_tunnel_says_why(
    start_engine: StartEngine, monkeypatch: pytest.MonkeyPatch, status: int, state: JobState
) -> None:
    with proxy(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()) as address:
        monkeypatch.setenv("https_proxy", address)
        job = failed(start_engine(PATIENT), "https://files.example/a")
    assert found(job) == (state, ErrorContext.GENERAL_TRANSPORT, hresult.HTTP_STATUS + status)
    said = job.copy_error().description
    assert said.startswith(f"The proxy answered {status} instead of passing us on to files.example.")
    assert ("It wants a user name and a password" in said) is (status == 407)


def test_a_proxy_without_an_address_passes(start_engine: StartEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")
    job = failed(start_engine(PATIENT), "http://files.example/a")
    assert found(job) == (
        JobState.TRANSIENT_ERROR,
        ErrorContext.GENERAL_TRANSPORT,
        hresult.WININET_E_PROXY_SERVER_UNREACHABLE,
    )
