"""The proxy that the engine goes through: which one, with whom, and what it says when it does not want to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domonitor.backends.engine import AuthScheme, AuthTarget, Proxy, ProxyKind
from domonitor.backends.engine.job import EngineJob
from domonitor.jobs import hresult
from domonitor.jobs.error import ErrorContext
from domonitor.jobs.state import ERRONEOUS, JobState
from tests.backends.engine.conftest import QUICK, Engine, StartEngine
from tests.server import Origin, Pattern, Resource, port_that_says, refused_url, socks_proxy

SMALL = Pattern(300_000, seed=1)
PATIENT = replace(QUICK, retry_delay_s=1_000, retry_delay_max_s=1_000)
LOGIN = ("otto", "streng")


def through(address: str, *bypass: str) -> Proxy:
    return Proxy(ProxyKind.FIXED, address, bypass)


def found(engine: Engine, job: EngineJob) -> tuple[JobState, ErrorContext, int]:
    engine.until_state(job, JobState.TRANSFERRED, *ERRONEOUS)
    error = job.copy_error()
    return job.get_state(), error.context, error.code


def arrives(engine: Engine, job: EngineJob, name: str = "a") -> bool:
    engine.until_state(job, JobState.TRANSFERRED, *ERRONEOUS)
    assert job.get_state() is JobState.TRANSFERRED, job.copy_error().description
    job.complete()
    return (engine.downloads / name).read_bytes() == SMALL.bytes()


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
@pytest.mark.parametrize("login", [None, LOGIN], ids=["for all", "with a login"])
def test_a_socks_proxy_passes_us_on(
    start_engine: StartEngine, origin: Origin, scheme: str, login: tuple[str, str] | None
) -> None:
    url = origin.add("/a", Resource(SMALL)).replace("127.0.0.1", "localhost")
    with socks_proxy(login) as (port, asked):
        who = "" if login is None else f"{login[0]}:{login[1]}@"
        engine = start_engine(replace(PATIENT, proxy=through(f"{scheme}://{who}127.0.0.1:{port}")))
        assert arrives(engine, engine.job((url, "a")))
        names = {"socks5": ("127.0.0.1", "::1"), "socks5h": ("localhost",)}[scheme]
        assert asked[0] in {f"{name}:{origin.port}" for name in names}
        assert len(asked) == 1


@pytest.mark.parametrize(
    ("who", "reply", "state", "code"),
    [
        ("", 0, JobState.ERROR, hresult.HTTP_STATUS + 407),
        ("otto:falsch@", 0, JobState.ERROR, hresult.HTTP_STATUS + 407),
        ("otto:streng@", 2, JobState.ERROR, hresult.HTTP_STATUS + 403),
        ("otto:streng@", 5, JobState.TRANSIENT_ERROR, hresult.WININET_E_CANNOT_CONNECT),
        ("otto:streng@", 7, JobState.TRANSIENT_ERROR, hresult.WININET_E_PROXY_SERVER_UNREACHABLE),
    ],
    ids=["no login", "wrong login", "not allowed", "server refuses", "anything else"],
)
def test_what_a_socks_proxy_refuses_is_told(
    start_engine: StartEngine, origin: Origin, who: str, reply: int, state: JobState, code: int
) -> None:
    with socks_proxy(LOGIN, reply=reply) as (port, _):
        engine = start_engine(replace(PATIENT, proxy=through(f"socks5h://{who}127.0.0.1:{port}")))
        job = engine.job((origin.add("/a", Resource(SMALL)), "a"))
        assert found(engine, job) == (state, ErrorContext.GENERAL_TRANSPORT, code)
    description = job.copy_error().description
    assert "proxy" in description.lower()
    assert "streng" not in description
    assert origin.requests == []


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("target", ["http", "https"])
def test_a_proxy_that_does_not_listen_is_named_as_such(start_engine: StartEngine, scheme: str, target: str) -> None:
    with refused_url("") as nobody:
        engine = start_engine(replace(PATIENT, proxy=through(nobody.replace("http", scheme))))
        job = engine.job((f"{target}://files.invalid/a" if scheme == "http" else f"{target}://127.0.0.1/a", "a"))
        assert found(engine, job) == (
            JobState.TRANSIENT_ERROR,
            ErrorContext.GENERAL_TRANSPORT,
            hresult.WININET_E_PROXY_SERVER_UNREACHABLE,
        )
    assert "proxy" in job.copy_error().description


def test_a_proxy_that_wants_a_login_for_a_plain_request_says_so(start_engine: StartEngine) -> None:
    wants = b'HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm="p"\r\nContent-Length: 4\r\n\r\nwho?'
    with port_that_says(wants) as port:
        engine = start_engine(replace(PATIENT, proxy=through(f"http://127.0.0.1:{port}")))
        job = engine.job(("http://files.example/a", "a"))
        assert found(engine, job) == (
            JobState.ERROR,
            ErrorContext.GENERAL_TRANSPORT,
            hresult.HTTP_STATUS + 407,
        )
    assert job.copy_error().description == (
        "The proxy answered 407 instead of passing us on to files.example. It wants a user name and a password, or "
        "does not accept those that it was told. They are never stored: after a restart they have to be given again."
    )


def test_without_a_proxy_means_without_whatever_the_environment_says(
    start_engine: StartEngine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = origin.add("/a", Resource(SMALL))
    with refused_url("") as nobody:
        monkeypatch.setenv("http_proxy", nobody)
        monkeypatch.setenv("all_proxy", nobody)
        engine = start_engine(replace(PATIENT, proxy=Proxy(ProxyKind.NONE)))
        assert arrives(engine, engine.job((url, "a")))
        engine.manager.set_proxy(Proxy())
        assert found(engine, engine.job((url, "b")))[2] == hresult.WININET_E_PROXY_SERVER_UNREACHABLE
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert arrives(engine, engine.job((url, "c")), "c")


def test_another_proxy_counts_from_the_next_transfer_on(start_engine: StartEngine, origin: Origin) -> None:
    url = origin.add("/a", Resource(SMALL))
    engine = start_engine(PATIENT)
    with socks_proxy() as (port, asked), socks_proxy() as (other_port, also_asked):
        for at, proxy in enumerate(
            (
                Proxy(),
                through(f"socks5://127.0.0.1:{port}"),
                through(f"socks5://127.0.0.1:{other_port}"),
                through(f"socks5://127.0.0.1:{port}", "example.com", "127.0.0.0/8"),
                Proxy(ProxyKind.NONE),
                Proxy(),
            )
        ):
            engine.manager.set_proxy(proxy)
            assert arrives(engine, engine.job((url, f"{at}")), f"{at}")
        assert (len(asked), len(also_asked)) == (1, 1)


def test_the_bypass_of_the_environment_does_not_count_for_a_fixed_proxy(
    start_engine: StartEngine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socks_proxy() as (port, asked):
        engine = start_engine(replace(PATIENT, proxy=through(f"socks5://127.0.0.1:{port}")))
        assert arrives(engine, engine.job((origin.add("/a", Resource(SMALL)), "a")))
        assert len(asked) == 1


def test_a_job_may_bring_its_own_login_for_the_proxy(start_engine: StartEngine, origin: Origin) -> None:
    url = origin.add("/a", Resource(SMALL))
    with socks_proxy(LOGIN) as (port, _):
        engine = start_engine(replace(PATIENT, proxy=through(f"socks5://127.0.0.1:{port}")))
        job = engine.job((url, "a"), resumed=False)
        job.set_credentials(AuthTarget.PROXY, AuthScheme.BASIC, *LOGIN)
        job.resume()
        assert arrives(engine, job)
        assert "authorization" not in str(origin.requests[0].headers).lower()
        assert found(engine, engine.job((url, "b")))[2] == hresult.HTTP_STATUS + 407


@pytest.mark.parametrize(
    "address", ["", "proxy:3128", "ftp://proxy", "http://", "http://proxy:99999", "http://a b", "http://[x", "http://ä"]
)
def test_what_is_no_proxy_s_address_is_refused_without_repeating_it(address: str) -> None:
    with pytest.raises(ValueError, match="no proxy's address") as refusal:
        Proxy(ProxyKind.FIXED, address)
    assert not address or address not in str(refusal.value).replace("http://proxy.example:3128", "")


def test_a_proxy_s_login_is_not_shown() -> None:
    assert "streng" not in repr(replace(QUICK, proxy=through("http://otto:streng@proxy:3128")))
