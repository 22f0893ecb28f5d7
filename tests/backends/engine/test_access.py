"""Logins, headers, cookies and certificates: that they go where they belong, and nowhere else."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from domonitor.backends.engine import AuthScheme, AuthTarget
from domonitor.backends.engine.access import Access, Certificate, Login
from domonitor.backends.engine.job import EngineJob
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import Priority
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import ERRONEOUS, JobState
from tests.backends.engine.conftest import QUICK, Engine, StartEngine
from tests.server import Answer, Cut, NeedsDigest, NeedsPassword, Origin, Pattern, Redirect, Resource, Tls
from tests.server.tls import client_pem, client_pkcs12

SMALL = Pattern(300_000, seed=1)
PASSWORD = "geh:eim §"
SERVER, PROXY = AuthTarget.SERVER, AuthTarget.PROXY


def arrived(engine: Engine, job: EngineJob, name: str = "a") -> bool:
    """Whether the job's file arrives as it is."""
    engine.until_state(job, JobState.TRANSFERRED, *ERRONEOUS)
    assert job.get_state() is JobState.TRANSFERRED, job.copy_error().description
    assert job.complete() is False
    return hashlib.sha256((engine.downloads / name).read_bytes()).hexdigest() == SMALL.sha256()


def with_login(url: str, login: str = "anna:geheim") -> str:
    return url.replace("//", f"//{login}@")


def written(engine: Engine) -> bytes:
    """All that the engine has written down, files that are being fetched aside."""
    return b"".join(path.read_bytes() for path in (engine.folder / "engine").iterdir())


def refused_code(call: Callable[[], object]) -> int:
    with pytest.raises(CallFailed) as refusal:
        call()
    assert "\n" not in str(refusal.value)
    return refusal.value.code


# ------------------------------------------------------------ logins


@pytest.mark.parametrize("scheme", [AuthScheme.ANY, AuthScheme.BASIC])
def test_basic_opens_the_door(engine: Engine, origin: Origin, scheme: AuthScheme) -> None:
    url = origin.add("/a", Resource(SMALL, faults=[NeedsPassword("änna", PASSWORD)]))
    job = engine.job((url, "a"), resumed=False)
    job.set_credentials(SERVER, scheme, "änna", PASSWORD)
    job.resume()
    assert arrived(engine, job)


@pytest.mark.parametrize("scheme", [AuthScheme.ANY, AuthScheme.DIGEST])
def test_digest_opens_the_door_and_the_refusal_s_body_is_no_part_of_the_file(
    engine: Engine, origin: Origin, scheme: AuthScheme
) -> None:
    url = origin.add("/a", Resource(SMALL, faults=[NeedsDigest("anna", PASSWORD)]))
    job = engine.job((url, "a"), resumed=False)
    job.set_credentials(SERVER, scheme, "anna", PASSWORD)
    job.resume()
    assert arrived(engine, job)
    assert all("basic" not in asked.headers.get("authorization", "").lower() for asked in origin.requests)


def test_a_user_with_a_password_is_not_lost_to_negotiate(engine: Engine, origin: Origin) -> None:
    """A server that would like a ticket, which nobody has here, and takes a password too."""
    asks = Answer(401, {"WWW-Authenticate": 'Negotiate, Basic realm="files"'}, times=1)
    url = origin.add("/a", Resource(SMALL, faults=[asks, NeedsPassword("anna", PASSWORD)]))
    job = engine.job((url, "a"), resumed=False)
    job.set_credentials(SERVER, AuthScheme.ANY, "anna", PASSWORD)
    job.resume()
    assert arrived(engine, job)


def test_negotiate_without_a_ticket_is_a_refusal_for_the_user(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(faults=[Answer(401, {"WWW-Authenticate": "Negotiate"})]))
    job = engine.job((url, "a"), resumed=False)
    job.set_credentials(SERVER, AuthScheme.NEGOTIATE, "", "")
    job.resume()
    engine.until_state(job, *ERRONEOUS)
    assert (job.get_state(), job.copy_error().code) == (JobState.ERROR, hresult.HTTP_STATUS + 401)


def test_a_wrong_password_stops_the_job_and_the_right_one_lets_it_go_on(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(SMALL, faults=[NeedsPassword("anna", "right")]))
    job = engine.job((url, "a"), resumed=False)
    job.set_credentials(SERVER, AuthScheme.ANY, "anna", "wrong")
    job.resume()
    engine.until_state(job, JobState.ERROR)
    assert job.copy_error().code == hresult.HTTP_STATUS + 401
    assert job.copy_error().description.endswith("does not accept the user name and the password that it was told.")
    job.set_credentials(SERVER, AuthScheme.ANY, "anna", "right")
    job.resume()
    assert arrived(engine, job)


def test_a_removed_login_is_not_told_any_more_and_the_last_one_set_counts(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(SMALL, faults=[NeedsPassword("anna", "right")]))
    job = engine.job((url, "a"), resumed=False)
    job.set_credentials(SERVER, AuthScheme.BASIC, "anna", "right")
    job.set_credentials(SERVER, AuthScheme.DIGEST, "otto", "other")
    job.set_credentials(PROXY, AuthScheme.BASIC, "otto", "other")
    job.resume()
    engine.until_state(job, JobState.ERROR)
    job.remove_credentials(SERVER, AuthScheme.DIGEST)
    job.resume()
    assert arrived(engine, job)


def test_the_login_of_an_address_is_kept_in_memory_alone(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(SMALL, faults=[NeedsPassword("änna", PASSWORD)]))
    job = engine.job((with_login(url, "%C3%A4nna:geh%3Aeim%20%C2%A7"), "a"), resumed=False)
    (file,) = job.enum_files()
    assert file.get_remote_name() == url
    engine.restart()
    assert b"geh" not in written(engine)
    (job,) = engine.manager.enum_jobs()
    job.resume()
    engine.until_state(job, JobState.ERROR)
    error = job.copy_error()
    assert (error.code, error.description) == (
        hresult.HTTP_STATUS + 401,
        "The server answered 401 Unauthorized. It wants a user name and a password, and was told none. "
        "They are never stored: after a restart they have to be given again.",
    )
    job.set_credentials(SERVER, AuthScheme.ANY, "änna", PASSWORD)
    job.resume()
    assert arrived(engine, job)


def test_every_way_in_takes_the_login_out_of_the_address(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(SMALL, faults=[NeedsPassword("anna", "geheim")]))
    (by_many,) = engine.manager.add_many([NewJob("one", (NewFile(with_login(url), str(engine.downloads / "many")),))])
    assert isinstance(by_many, EngineJob)
    engine.until(lambda: (engine.downloads / "many").exists())
    job = engine.job((origin.url("/elsewhere"), "a"), resumed=False)
    job.set_remote_name(0, with_login(url))
    assert job.enum_files()[0].get_remote_name() == url
    job.resume()
    assert arrived(engine, job)
    assert b"geheim" not in written(engine)


def test_a_job_that_is_cut_goes_on_with_all_that_it_is_asked_with(engine: Engine, origin: Origin) -> None:
    faults = [Cut(after_bytes=100_000, times=1), NeedsPassword("anna", "geheim", skip=1)]
    job = engine.job((origin.add("/a", Resource(SMALL, faults=faults)), "a"), resumed=False)
    job.set_credentials(SERVER, AuthScheme.BASIC, "anna", "geheim")
    job.set_custom_headers(["X-Part: yes"])
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED, JobState.ERROR)
    assert arrived(engine, job)
    first, second = origin.requests_to("/a")[0], origin.requests_to("/a")[-1]
    assert first.range is None
    assert second.range == "bytes=100000-"
    assert "if-range" in second.headers
    assert second.headers["x-part"] == "yes"


def test_nobody_else_is_told(engine: Engine, origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another port, another host, another scheme, and home again."""
    with Origin() as port, Origin(host="::1") as host, Origin(tls=Tls.TRUSTED) as scheme:
        monkeypatch.setenv("SSL_CERT_FILE", str(scheme.ca_file))
        home = origin.add("/home", Resource(SMALL, faults=[NeedsPassword("anna", "geheim")]))
        strangers = (port, host, scheme)
        port.add("/1", Resource(faults=[Redirect(to=host.url("/2"))]))
        host.add("/2", Resource(faults=[Redirect(to=scheme.url("/3"), status=307)]))
        scheme.add("/3", Resource(faults=[Redirect(to=home, status=308)]))
        url = origin.add("/a", Resource(faults=[Redirect(to=port.url("/1"))]))
        job = engine.job((with_login(url), "a"), resumed=False)
        job.set_credentials(SERVER, AuthScheme.BASIC, "anna", "geheim")
        job.set_custom_headers(["X-Token: geheim", "Cookie: c=geheim", "X-Empty:"])
        job.resume()
        assert arrived(engine, job)
        for each in (*origin.requests_to("/a"), *origin.requests_to("/home")):
            assert each.headers["x-token"] == "geheim"
            assert each.headers["x-empty"] == ""
            assert "authorization" in each.headers
        for stranger in strangers:
            (asked,) = stranger.requests
            assert "geheim" not in str(asked.headers).lower()
            assert not {"authorization", "cookie", "x-token"} & {name.lower() for name in asked.headers}


def test_what_can_t_be_a_login_is_refused(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.url("/a"), "a"), resumed=False)
    refused = [("a\r\nb", "x"), ("a", "x\0"), ("", "x"), ("a:b", "x"), ("\ud800", "")]
    for user_name, password in refused:
        code = refused_code(lambda: job.set_credentials(SERVER, AuthScheme.BASIC, user_name, password))  # noqa: B023
        assert code == hresult.E_INVALIDARG
    assert refused_code(lambda: job.set_credentials(7, AuthScheme.BASIC, "a", "b")) == hresult.E_NOTIMPL  # type: ignore[arg-type]
    assert refused_code(lambda: job.set_credentials(SERVER, 3, "a", "b")) == hresult.E_NOTIMPL  # type: ignore[arg-type]
    job.cancel()
    for call in (
        lambda: job.set_credentials(SERVER, AuthScheme.BASIC, "a", "b"),
        lambda: job.remove_credentials(SERVER, AuthScheme.BASIC),
        lambda: job.set_custom_headers(["A: b"]),
        job.remove_client_certificate,
    ):
        assert refused_code(call) == hresult.DO_E_INVALID_STATE


def test_secrets_show_nowhere(engine: Engine, origin: Origin, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    job = engine.job((with_login(origin.add("/a", Resource(faults=[Answer(404)]))), "a"), resumed=False)
    job.set_credentials(SERVER, AuthScheme.BASIC, "anna", "geheim")
    job.set_custom_headers(["X-Token: geheim"])
    job.resume()
    engine.until_state(job, JobState.ERROR)
    login = Login("anna", "geheim")
    certificate = Certificate("/a.pem", "", "geheim")
    access = Access({(SERVER, AuthScheme.ANY): login}, {}, ("A: geheim",), certificate, ("geheim",))
    shown = [repr(each) for each in (login, certificate, access, job, job.files(), job.copy_error())]
    shown += [repr(event) for event in engine.manager.timeline(job.get_id())]
    assert any("set credentials" in each for each in shown)
    engine.stop()
    assert "geheim" not in "".join(shown) + caplog.text
    assert b"geheim" not in written(engine)
    engine.start()


def test_nothing_is_kept_of_jobs_that_have_ended_or_never_were(engine: Engine, origin: Origin) -> None:
    kept = engine.manager._loop.http.accesses._by_job
    url = with_login(origin.add("/a", Resource(SMALL, headers={"Set-Cookie": "a=b"})))
    missing = str(engine.folder / "missing" / "a")
    (refusal,) = engine.manager.add_many([NewJob("one", (NewFile(url, missing),))])
    assert isinstance(refusal, CallFailed)
    jobs = [engine.job((url, "a")), engine.job((url, "b")), engine.job((url, "c"), resumed=False)]
    assert arrived(engine, jobs[0])
    engine.until_state(jobs[1], JobState.TRANSFERRED)
    assert len(kept) == 2
    jobs[1].cancel()
    jobs[2].cancel()
    assert kept == {}


# ------------------------------------------------------------ headers


@pytest.mark.parametrize(
    "line",
    [
        *("X-A: b\r\nX-C: d", "X-A: b\nc", "X-A: \0", "X-A: \ud800", "X-A", ": b", "X A: b", "Ä: b"),
        *("Host: x", "CONTENT-LENGTH: 1", "Range: bytes=1-", 'If-Range: "e"', "Transfer-Encoding: chunked"),
        *("Accept-Encoding: gzip", "Proxy-Authorization: Basic geheim", "Connection: close", 'If-None-Match: "e"'),
    ],
)
def test_a_header_that_would_spoil_the_request_is_refused(engine: Engine, origin: Origin, line: str) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"), resumed=False)
    assert refused_code(lambda: job.set_custom_headers(["X-Good: 1", line])) == hresult.E_INVALIDARG
    job.resume()
    assert arrived(engine, job)
    assert "x-good" not in origin.requests[0].headers


def test_the_next_job_on_the_same_connection_is_asked_without_them(engine: Engine, origin: Origin) -> None:
    plain = origin.add("/a", Resource(SMALL))
    for at in range(4):
        job = engine.job((plain, f"{at}"), resumed=False)
        if at % 2:
            job.set_custom_headers(["X-Token: geheim", "User-Agent: mine"])
            job.set_credentials(SERVER, AuthScheme.BASIC, "anna", "geheim")
        job.resume()
        assert arrived(engine, job, f"{at}")
    asked = origin.requests_to("/a")
    assert [each.headers.get("x-token") for each in asked] == [None, "geheim", None, "geheim"]
    assert ["authorization" in each.headers for each in asked] == [False, True, False, True]
    assert [each.headers["user-agent"] == "mine" for each in asked] == [False, True, False, True]
    assert {each.connection for each in asked} == {1}


def test_no_headers_replace_earlier_ones(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"), resumed=False)
    job.set_custom_headers(["X-Token: geheim"])
    job.set_custom_headers([])
    job.resume()
    assert arrived(engine, job)
    assert "x-token" not in origin.requests[0].headers


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("/a", hresult.WININET_E_REDIRECT_FAILED),
        ("ftp://127.0.0.1/a", hresult.WININET_E_UNRECOGNIZED_SCHEME),
        ("http://[bad/", hresult.INET_E_INVALID_URL),
        ("http://127.0.0.1:99999/", hresult.INET_E_INVALID_URL),
    ],
)
@pytest.mark.parametrize("has_headers", [False, True])
def test_redirects_are_followed_alike_with_headers_and_without(
    engine: Engine, origin: Origin, to: str, code: int, has_headers: bool
) -> None:
    job = engine.job((origin.add("/a", Resource(faults=[Redirect(to=to)])), "a"), resumed=False)
    job.set_custom_headers(["X-A: b"] if has_headers else [])
    job.resume()
    engine.until_state(job, *ERRONEOUS)
    assert (job.get_state(), job.copy_error().code) == (JobState.ERROR, code)
    assert len(origin.requests) == (21 if to == "/a" else 1)


@pytest.mark.parametrize("has_headers", [False, True])
def test_a_server_that_passes_us_on_to_https_is_followed(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch, has_headers: bool
) -> None:
    with Origin(tls=Tls.TRUSTED) as secure:
        monkeypatch.setenv("SSL_CERT_FILE", str(secure.ca_file))
        there = secure.add("/there", Resource(SMALL))
        url = origin.add("/a", Resource(faults=[Redirect(to=there)]))
        job = engine.job((url, "a"), resumed=False)
        job.set_custom_headers(["X-A: b"] if has_headers else [])
        job.resume()
        assert arrived(engine, job)


def test_twenty_redirects_are_followed_on_one_connection(engine: Engine, origin: Origin) -> None:
    for at in range(20):
        origin.add(f"/{at}", Resource(faults=[Redirect(to=f"{at + 1}")]))
    origin.add("/20", Resource(SMALL))
    job = engine.job((origin.url("/0"), "a"), resumed=False)
    job.set_custom_headers(["X-A: b"])
    job.resume()
    assert arrived(engine, job)
    assert {each.connection for each in origin.requests} == {1}


# ------------------------------------------------------------ cookies


@pytest.mark.parametrize("has_headers", [False, True])
def test_cookies_go_with_the_job_s_later_requests_and_with_no_other_job_s(
    engine: Engine, origin: Origin, has_headers: bool
) -> None:
    origin.add("/login", Resource(faults=[Answer(302, {"Location": "/file", "Set-Cookie": "door=open; HttpOnly"})]))
    origin.add("/file", Resource(SMALL))
    origin.add("/next", Resource(SMALL))
    job = engine.job((origin.url("/login"), "a"), resumed=False)
    job.set_custom_headers(["X-A: b"] if has_headers else [])
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    assert origin.requests_to("/file")[0].headers["cookie"] == "door=open"
    job.add_file(origin.url("/next"), str(engine.downloads / "b"))
    engine.until(lambda: job.get_progress().files_transferred == 2)
    assert origin.requests_to("/next")[0].headers["cookie"] == "door=open"
    other = engine.job((origin.url("/file"), "c"))
    assert arrived(engine, other, "c")
    assert "cookie" not in origin.requests_to("/file")[-1].headers


def test_cookies_go_only_where_they_belong_and_a_server_can_take_them_back(engine: Engine, origin: Origin) -> None:
    with Origin(host="::1") as elsewhere:
        origin.add("/1", Resource(SMALL, headers={"Set-Cookie": "a=1; Path=/private"}))
        origin.add("/2", Resource(SMALL, headers={"Set-Cookie": "b=\xfc"}))
        origin.add("/3", Resource(SMALL, headers={"Set-Cookie": "b=; Max-Age=0"}))
        origin.add("/4", Resource(SMALL))
        there = elsewhere.add("/there", Resource(SMALL))
        urls = [origin.url(path) for path in ("/1", "/2", "/3", "/4")] + [there]
        job = engine.job((urls[0], "0"), resumed=False)
        job.set_priority(Priority.FOREGROUND)
        job.resume()
        for at, url in enumerate(urls[1:], start=1):
            engine.until_state(job, JobState.TRANSFERRED)
            job.add_file(url, str(engine.downloads / f"{at}"))
            engine.until(lambda: job.get_progress().files_transferred == at + 1)  # noqa: B023
        assert [each.headers.get("cookie") is not None for each in origin.requests] == [False, False, True, False]
        assert "cookie" not in elsewhere.requests[0].headers


# ------------------------------------------------------------ certificates


def certificate(folder: Path, password: str = "", kind: str = "pem") -> str:
    path = folder / f"me.{kind}"
    path.write_bytes(client_pem(password) if kind == "pem" else client_pkcs12(password))
    return str(path)


@pytest.mark.parametrize("password", ["", "geheim"])
@pytest.mark.parametrize("kind", ["pem", "p12", "PFX"])
def test_a_certificate_opens_the_door(
    start_engine: StartEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str, kind: str
) -> None:
    with Origin(tls=Tls.WANTS_CERTIFICATE) as origin:
        monkeypatch.setenv("SSL_CERT_FILE", str(origin.ca_file))
        engine = start_engine(replace(QUICK, retry_delay_s=1_000, retry_delay_max_s=1_000))
        url = origin.add("/a", Resource(SMALL))
        job = engine.job((url, "a"), resumed=False)
        job.set_client_certificate(certificate(tmp_path, password, kind), password=password)
        job.resume()
        assert arrived(engine, job)
        other = engine.job((url, "b"))
        engine.until_state(other, *ERRONEOUS)
        assert other.copy_error().code == hresult.WININET_E_CLIENT_AUTH_CERT_NEEDED
        other.set_client_certificate(certificate(tmp_path, password, kind), password=password)
        other.remove_client_certificate()
        other.resume()
        engine.until(lambda: other.get_error_count() == 2)


def test_a_locked_key_without_its_password_is_told_so(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Origin(tls=Tls.WANTS_CERTIFICATE) as origin:
        monkeypatch.setenv("SSL_CERT_FILE", str(origin.ca_file))
        job = engine.job((origin.add("/a", Resource(SMALL)), "a"), resumed=False)
        job.set_client_certificate(certificate(tmp_path, "geheim"), password="falsch")
        job.resume()
        engine.until_state(job, *ERRONEOUS)
        assert job.get_state() is JobState.ERROR
        assert "certificate" in job.copy_error().description
        missing = [("relative.pem", ""), (str(tmp_path / "none.pem"), ""), (certificate(tmp_path), "relative.key")]
        for path, key in missing:
            assert refused_code(lambda: job.set_client_certificate(path, key)) == hresult.E_INVALIDARG  # noqa: B023


# ------------------------------------------------------------ connections


def test_one_connection_serves_two_jobs(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(SMALL))
    for name in ("a", "b"):
        assert arrived(engine, engine.job((url, name)), name)
    assert [each.connection for each in origin.requests] == [1, 1]
    assert all(each.headers["accept-encoding"] == "identity" for each in origin.requests)
