"""Against servers that others wrote: nginx by HTTP/1.1, TLS and HTTP/2, with limits and passwords, and tinyproxy."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from domonitor.backends.engine import AuthScheme, AuthTarget, Proxy, ProxyKind, segments
from domonitor.backends.engine.job import EngineJob
from domonitor.jobs import hresult
from domonitor.jobs.job import FileRange
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import ERRONEOUS, JobState
from tests.backends.engine.conftest import QUICK, Engine, StartEngine
from tests.server import Pattern
from tests.server.nginx import LIMIT_BYTES, PASSWORD, USER, Nginx, nginx
from tests.server.real_proxy import LOGIN, real_proxy

CONTENT = Pattern(3_000_000, seed=7)
SMALL_FILES = 100
PATIENT = replace(QUICK, retry_delay_s=1_000, retry_delay_max_s=1_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    with nginx(tmp_path_factory.mktemp("nginx") / "server") as running:
        (running.files / "large").write_bytes(CONTENT.bytes())
        for number in range(SMALL_FILES):
            (running.files / f"small-{number}").write_bytes(Pattern(4_096, seed=number).bytes())
        yield running


@pytest.fixture
def engine(start_engine: StartEngine, server: Nginx, monkeypatch: pytest.MonkeyPatch) -> Engine:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_file))
    return start_engine(PATIENT)


def fetched(engine: Engine, url: str, **limits: int) -> bytes:
    """What arrives from there, as a job of its own."""
    job = engine.manager.create_job("a job")
    name = hashlib.sha256(url.encode()).hexdigest()[:12]
    job.add_file(url, str(engine.downloads / name))
    if limits:
        job.set_limits(**limits)
    job.resume()
    return saved(engine, job, name)


def saved(engine: Engine, job: EngineJob, name: str) -> bytes:
    engine.until_state(job, JobState.TRANSFERRED, *ERRONEOUS)
    assert job.get_state() is JobState.TRANSFERRED, job.copy_error().description
    job.complete()
    return (engine.downloads / name).read_bytes()


def asked_for(server: Nginx, path: str) -> list[tuple[str, int, str]]:
    """Protocol, status and range of each request for the path that is over."""
    return [(each.protocol, each.status, each.range) for each in server.asked if each.path == path]


@pytest.mark.parametrize(("way", "protocol"), [("plain", "HTTP/1.1"), ("secure", "HTTP/1.1"), ("second", "HTTP/2.0")])
def test_a_file_arrives_by_each_protocol_and_goes_on_where_it_was(
    engine: Engine, server: Nginx, way: str, protocol: str
) -> None:
    url = f"{getattr(server, way)}/limited/large"
    job = engine.job((url, way))
    engine.until(lambda: job.get_progress().bytes_transferred > 100_000)
    job.suspend()
    done = job.get_progress().bytes_transferred
    job.add_file(f"{getattr(server, way)}/large?{way}", str(engine.downloads / f"{way} too"))
    job.enum_files()[0].set_remote_name(f"{getattr(server, way)}/large?{way}")
    job.resume()
    assert saved(engine, job, way) == CONTENT.bytes()
    assert (engine.downloads / f"{way} too").read_bytes() == CONTENT.bytes()
    asked = asked_for(server, f"/large?{way}")
    assert sorted(status for _, status, _ in asked) == [200, 206]
    assert {said for said, _, _ in asked} == {protocol}
    (from_byte,) = {byte_range for _, status, byte_range in asked if status == 206}
    assert int(from_byte.removeprefix("bytes=").removesuffix("-")) >= done


def test_many_small_files_share_one_connection_by_http_2(engine: Engine, server: Nginx) -> None:
    before = len(server.asked)
    urls = [f"{server.second}/small-{number}" for number in range(SMALL_FILES)]
    files = tuple(NewFile(url, str(engine.downloads / url.rpartition("/")[2])) for url in urls)
    (job,) = engine.manager.add_many([NewJob("small files", files, auto_complete=False)])
    assert isinstance(job, EngineJob)
    engine.until_state(job, JobState.TRANSFERRED, *ERRONEOUS)
    job.complete()
    for number in range(SMALL_FILES):
        assert (engine.downloads / f"small-{number}").read_bytes() == Pattern(4_096, seed=number).bytes()
    asked = server.asked[before:]
    assert len(asked) == SMALL_FILES
    assert {each.protocol for each in asked} == {"HTTP/2.0"}
    assert len({each.connection for each in asked}) == 1


def test_jobs_that_follow_each_other_keep_the_connection(engine: Engine, server: Nginx) -> None:
    before = len(server.asked)
    for number in range(3):
        assert fetched(engine, f"{server.secure}/small-{number}") == Pattern(4_096, seed=number).bytes()
    assert len({each.connection for each in server.asked[before:]}) == 1


@pytest.mark.parametrize("way", ["plain", "second"])
def test_four_segments_come_over_four_connections_and_sooner_than_over_one(
    engine: Engine, server: Nginx, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "SMALLEST_BYTES", 256 * 1024)
    content = Pattern(8 * LIMIT_BYTES, seed=8)
    (server.files / "larger").write_bytes(content.bytes())
    begun_s = time.monotonic()
    assert fetched(engine, f"{getattr(server, way)}/limited/larger?{way}", segments=4) == content.bytes()
    # What a second has, nginx gives at once.
    over_one_s = content.size / LIMIT_BYTES - 1
    assert time.monotonic() - begun_s < over_one_s
    asked = [each for each in server.asked if each.path == f"/limited/larger?{way}"]
    assert {each.status for each in asked} == {206}
    assert len({each.connection for each in asked}) >= 4


def test_ranges_arrive_in_the_order_given(engine: Engine, server: Nginx) -> None:
    job = engine.manager.create_job("ranges")
    ranges = (FileRange(2_000_000, 1_000), FileRange(10, 500), FileRange(2_999_990, None))
    job.add_file(f"{server.second}/large", str(engine.downloads / "ranges"), ranges)
    job.resume()
    whole = CONTENT.bytes()
    assert saved(engine, job, "ranges") == whole[2_000_000:2_001_000] + whole[10:510] + whole[2_999_990:]


def test_a_limit_holds_for_a_stream_of_http_2_and_ends_with_it(engine: Engine, server: Nginx) -> None:
    job = engine.manager.create_job("slow")
    job.add_file(f"{server.second}/large?slow", str(engine.downloads / "slow"))
    job.set_limits(bytes_per_second=200_000)
    job.resume()
    engine.until(lambda: job.get_progress().bytes_transferred > 0)
    assert fetched(engine, f"{server.second}/large?beside") == CONTENT.bytes()
    assert job.get_progress().bytes_transferred < 1_500_000
    job.set_limits(bytes_per_second=None)
    assert saved(engine, job, "slow") == CONTENT.bytes()


def test_a_password_is_asked_for_told_and_not_passed_on(engine: Engine, server: Nginx) -> None:
    job = engine.job((f"{server.secure}/private/large", "private"))
    engine.until_state(job, JobState.ERROR)
    assert job.copy_error().code == hresult.HTTP_STATUS + 401
    job.set_credentials(AuthTarget.SERVER, AuthScheme.BASIC, USER, PASSWORD)
    job.resume()
    assert saved(engine, job, "private") == CONTENT.bytes()


def test_a_redirect_is_followed(engine: Engine, server: Nginx) -> None:
    assert fetched(engine, f"{server.second}/passed/large") == CONTENT.bytes()


@pytest.mark.parametrize("way", ["plain", "secure", "second"])
@pytest.mark.parametrize("wants_login", [False, True], ids=["for all", "with a login"])
def test_files_come_through_a_real_proxy(
    start_engine: StartEngine,
    server: Nginx,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    wants_login: bool,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_file))
    url = f"{getattr(server, way)}/large"
    with real_proxy(tmp_path / "proxy", wants_login=wants_login) as proxy:
        engine = start_engine(replace(PATIENT, proxy=Proxy(ProxyKind.FIXED, proxy.address)))
        if wants_login:
            job = engine.job((url, "refused"))
            engine.until_state(job, *ERRONEOUS)
            assert job.copy_error().code == hresult.HTTP_STATUS + 407
            engine.manager.set_proxy(Proxy(ProxyKind.FIXED, proxy.address_with_login))
        assert fetched(engine, url) == CONTENT.bytes()
        assert "127.0.0.1" in proxy.logged


@pytest.mark.parametrize("way", ["plain", "secure"])
def test_a_job_s_own_login_for_the_proxy_is_forgotten_with_the_process_and_asked_for_in_plain_words(
    start_engine: StartEngine, server: Nginx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.ca_file))
    with real_proxy(tmp_path / "proxy", wants_login=True) as proxy:
        engine = start_engine(replace(PATIENT, proxy=Proxy(ProxyKind.FIXED, proxy.address)))
        job = engine.job((f"{getattr(server, way)}/limited/large", "large"), resumed=False)
        login = (AuthTarget.PROXY, AuthScheme.ANY, *LOGIN)
        job.set_credentials(*login)
        job.resume()
        engine.until(lambda: job.get_progress().bytes_transferred > 100_000)
        engine.restart()
        (job,) = engine.manager.enum_jobs()
        engine.until_state(job, *ERRONEOUS)
        error = job.copy_error()
        assert (job.get_state(), error.code) == (JobState.ERROR, hresult.HTTP_STATUS + 407)
        assert error.description.endswith("They are never stored: after a restart they have to be given again.")
        job.set_credentials(*login)
        job.enum_files()[0].set_remote_name(f"{getattr(server, way)}/large")
        job.resume()
        assert saved(engine, job, "large") == CONTENT.bytes()


def test_a_server_that_ends_in_mid_file_is_waited_for_and_then_gone_on_with(
    start_engine: StartEngine, tmp_path: Path
) -> None:
    engine = start_engine(PATIENT)
    with nginx(tmp_path / "first") as first:
        (first.files / "large").write_bytes(CONTENT.bytes())
        job = engine.job((f"{first.plain}/limited/large", "large"))
        engine.until(lambda: job.get_progress().bytes_transferred > 100_000)
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    done = job.get_progress().bytes_transferred
    with nginx(tmp_path / "second") as second:
        (second.files / "large").write_bytes(CONTENT.bytes())
        times = (first.files / "large").stat()
        os.utime(second.files / "large", ns=(times.st_atime_ns, times.st_mtime_ns))
        job.enum_files()[0].set_remote_name(f"{second.plain}/large")
        job.resume()
        assert saved(engine, job, "large") == CONTENT.bytes()
        assert second.asked[-1].range == f"bytes={done}-"
