"""All kinds of secrets at once, looked for in everything that is written down, shown, or told to somebody else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from domonitor.backends.engine import AuthScheme, AuthTarget, Proxy, ProxyKind
from domonitor.backends.engine.job import EngineJob
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import ERRONEOUS, FINAL, JobState
from tests.backends.engine.conftest import QUICK, Engine, StartEngine
from tests.server import Answer, NeedsPassword, Origin, Pattern, Redirect, Resource, Tls, port_that_says, socks_proxy
from tests.server.tls import client_pem

SMALL = Pattern(100_000, seed=1)
PATIENT = replace(QUICK, retry_delay_s=1_000, retry_delay_max_s=1_000)
IN_ADDRESS, LOGIN, OF_PROXY, JOBS_PROXY = "s3cret-address", "s3cret-login", "s3cret-proxy", "s3cret-proxy-of-job"
TOKEN, BEARER, OWN_COOKIE, COOKIE = "s3cret-token", "s3cret-bearer", "s3cret-own-cookie", "s3cret-cookie"
CERTIFICATE, SIGNATURE, REFUSED = "s3cret-certificate", "s3cret-signature", "s3cret-refused"
HINT = "s3cret"
"""What all of them begin with."""


def all_of_it(engine: Engine, url: str, pem: Path, name: str = "a") -> EngineJob:
    """A job that is asked with everything there is."""
    job = engine.job((url.replace("//", f"//anna:{IN_ADDRESS}@"), name), resumed=False)
    job.set_credentials(AuthTarget.SERVER, AuthScheme.BASIC, "anna", LOGIN)
    job.set_credentials(AuthTarget.PROXY, AuthScheme.BASIC, "otto", JOBS_PROXY)
    job.set_custom_headers([f"X-Token: {TOKEN}", f"Authorization: Bearer {BEARER}", f"Cookie: own={OWN_COOKIE}"])
    pem.write_bytes(client_pem(CERTIFICATE))
    job.set_client_certificate(str(pem), password=CERTIFICATE)
    return job


def shown(engine: Engine, jobs: list[EngineJob]) -> str:
    """All that can be seen of the jobs, and all that the engine has written down, after its end too."""
    seen: list[object] = [engine.manager, engine.settings]
    for job in jobs:
        seen += [job, engine.manager.snapshot(job.get_id()), engine.manager.stored_files(job.get_id())]
        seen += engine.manager.timeline(job.get_id())
        if job.get_state() not in FINAL:
            seen += [job.files(), job.enum_files()]
        if job.get_state() in ERRONEOUS:
            seen += [job.copy_error(), str(job.get_error())]
    written = [path.read_bytes() for path in (engine.folder / "engine").iterdir()]
    engine.restart()
    written += [path.read_bytes() for path in (engine.folder / "engine").iterdir()]
    return "\n".join(map(repr, seen)) + b"".join(written).decode("latin-1")


def test_no_secret_is_written_down_or_shown(
    start_engine: StartEngine, origin: Origin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever becomes of the jobs: one arrives, others meet refusals, redirects, nonsense and broken connections."""
    caplog.set_level(0)
    engine = start_engine(PATIENT)
    cookie = {"Set-Cookie": f"door={COOKIE}"}
    signed = f"/signed?signature={SIGNATURE}"
    origin.add("/signed", Resource(SMALL, headers=cookie))
    origin.add("/refuses", Resource(faults=[Answer(403, cookie)]))
    urls = [
        origin.add("/good", Resource(SMALL, headers=cookie)),
        origin.add("/401", Resource(faults=[NeedsPassword("anna", "another")])),
        origin.add("/404", Resource(faults=[Answer(404, cookie)])),
        origin.add("/503", Resource(faults=[Answer(503, cookie)])),
        origin.add("/signs", Resource(faults=[Redirect(to=signed)], headers=cookie)),
        origin.add("/sends-away", Resource(faults=[Redirect(to=f"/refuses?signature={SIGNATURE}")])),
        origin.add("/to-nowhere", Resource(faults=[Redirect(to=f"http://anna:{SIGNATURE}@[bad/?{SIGNATURE}")])),
        origin.add("/to-ftp", Resource(faults=[Redirect(to=f"ftp://anna:{SIGNATURE}@127.0.0.1/?{SIGNATURE}")])),
    ]
    with port_that_says(b"nonsense\r\n\r\n") as port, port_that_says(b"", by_reset=True) as resets:
        urls += [f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{resets}/", f"https://127.0.0.1:{port}/"]
        jobs = [all_of_it(engine, url, tmp_path / "me.pem", f"{at}") for at, url in enumerate(urls)]
        for job in jobs:
            job.resume()
        states = [engine.until_state(job, JobState.TRANSFERRED, *ERRONEOUS) for job in jobs]
    assert [state is JobState.TRANSFERRED for state in states] == [at in (0, 4) for at in range(len(jobs))]
    assert COOKIE in str(engine.manager._loop.http.accesses.get(1).cookies)  # type: ignore[union-attr]
    jobs[0].set_remote_name(0, urls[0].replace("//", f"//anna:{IN_ADDRESS}@"))
    jobs[0].complete()
    assert HINT not in shown(engine, jobs)
    assert HINT not in caplog.text


def test_no_refusal_of_a_call_repeats_a_secret(
    engine: Engine, origin: Origin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    job = engine.job((origin.url("/a"), "a"), resumed=False)
    bad = f"http://anna:{REFUSED}@[bad/"
    there = str(tmp_path / "me.pem")
    calls = [
        lambda: job.set_credentials(AuthTarget.SERVER, AuthScheme.BASIC, f"{REFUSED}\n", REFUSED),
        lambda: job.set_credentials(AuthTarget.SERVER, AuthScheme.BASIC, f"{REFUSED}:", REFUSED),
        lambda: job.set_credentials(AuthTarget.SERVER, 3, REFUSED, REFUSED),  # type: ignore[arg-type]
        lambda: job.set_credentials(AuthTarget.SERVER, AuthScheme.BASIC, "anna", f"{REFUSED}\ud800"),
        lambda: job.set_custom_headers([REFUSED]),
        lambda: job.set_custom_headers([f"{REFUSED} : a"]),
        lambda: job.set_custom_headers([f"X-Token: {REFUSED}\r\n"]),
        lambda: job.set_custom_headers([f"Proxy-Authorization: {REFUSED}"]),
        lambda: job.set_client_certificate(there, password=REFUSED),
        lambda: job.add_file(bad, str(engine.downloads / "b")),
        lambda: job.set_remote_name(0, bad),
        lambda: job.set_remote_name(0, f"http://anna:{REFUSED}@127.0.0.1:99999/?{REFUSED}"),
    ]
    for call in calls:
        with pytest.raises(CallFailed) as refusal:
            call()
        assert HINT not in f"{refusal.value} {refusal.value!r}"
    (by_many,) = engine.manager.add_many([NewJob("a job", (NewFile(bad, str(engine.downloads / "c")),))])
    assert HINT not in repr(by_many)
    assert HINT not in shown(engine, [job]) + caplog.text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_other_host_hears_of_a_secret(
    start_engine: StartEngine, origin: Origin, tmp_path: Path, status: int
) -> None:
    """Cookies of one host go to its other ports as well: so it is with cookies. Source: RFC 6265, 8.5."""
    engine = start_engine(PATIENT)
    with Origin(host="::1") as other, Origin() as other_port:
        home = origin.add("/home", Resource(SMALL))
        other_port.add("/b", Resource(faults=[Redirect(to=home, status=status)]))
        other.add("/a", Resource(faults=[Redirect(to=other_port.url("/b"), status=status)]))
        gives = Answer(status, {"Location": other.url("/a"), "Set-Cookie": f"door={COOKIE}"})
        job = all_of_it(
            engine, f"{origin.add('/gives', Resource(faults=[gives]))}?signature={SIGNATURE}", tmp_path / "p"
        )
        job.resume()
        assert engine.until_state(job, JobState.TRANSFERRED, *ERRONEOUS) is JobState.TRANSFERRED
        for stranger in (other, other_port):
            (asked,) = stranger.requests
            heard = repr(asked).replace(f"door={COOKIE}", "" if stranger is other_port else COOKIE)
            assert HINT not in heard
        told, at_home = repr(origin.requests[0]), repr(origin.requests[1])
        assert all(each in told for each in (TOKEN, BEARER, OWN_COOKIE, SIGNATURE))
        assert all(each in at_home for each in (TOKEN, BEARER, OWN_COOKIE, COOKIE))
        assert not any(each in told + at_home for each in (OF_PROXY, JOBS_PROXY, CERTIFICATE))


def test_no_other_host_sees_the_certificate(
    start_engine: StartEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = start_engine(PATIENT)
    with Origin(tls=Tls.WANTS_CERTIFICATE) as home, Origin(tls=Tls.WANTS_CERTIFICATE) as other:
        monkeypatch.setenv("SSL_CERT_FILE", str(home.ca_file))
        there = other.add("/b", Resource(SMALL))
        job = all_of_it(engine, home.add("/a", Resource(faults=[Redirect(to=there)])), tmp_path / "me.pem")
        job.resume()
        engine.until_state(job, JobState.TRANSFERRED, *ERRONEOUS)
        assert (len(home.requests), len(other.requests)) == (1, 0)
        assert job.copy_error().code == hresult.WININET_E_CLIENT_AUTH_CERT_NEEDED


def test_a_proxy_s_login_is_told_to_the_proxy_alone_and_shown_to_nobody(
    start_engine: StartEngine, origin: Origin, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    url = origin.add("/a", Resource(SMALL))
    with socks_proxy(("otto", OF_PROXY)) as (good, _), socks_proxy(("otto", "another")) as (refuses, _):
        engine = start_engine(
            replace(PATIENT, proxy=Proxy(ProxyKind.FIXED, f"socks5://otto:{OF_PROXY}@127.0.0.1:{good}"))
        )
        arrives = engine.job((url, "a"))
        assert engine.until_state(arrives, JobState.TRANSFERRED, *ERRONEOUS) is JobState.TRANSFERRED
        engine.manager.set_proxy(Proxy(ProxyKind.FIXED, f"socks5://otto:{OF_PROXY}@127.0.0.1:{refuses}"))
        fails = engine.job((url, "b"), resumed=False)
        fails.set_credentials(AuthTarget.PROXY, AuthScheme.BASIC, "otto", JOBS_PROXY)
        fails.resume()
        assert engine.until_state(fails, *ERRONEOUS) is JobState.ERROR
        assert fails.copy_error().code == hresult.HTTP_STATUS + 407
    assert HINT not in repr(origin.requests)
    assert HINT not in shown(engine, [arrives, fails]) + caplog.text
