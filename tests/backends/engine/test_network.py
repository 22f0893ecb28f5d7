"""Networks that come and go: who notices, what ends, and what goes on."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from domonitor.backends.engine import network
from domonitor.backends.engine.network import NetworkWatch
from domonitor.jobs import hresult
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import QUICK, Engine, StartEngine
from tests.backends.engine.fake_clock import FakeClock
from tests.server import Answer, Origin, Pattern, Resource, Stall

SMALL = Pattern(300_000, seed=1)
SETTINGS = replace(QUICK, retry_delay_s=300, retry_delay_max_s=600, watches_network=False)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine(start_engine: StartEngine, clock: FakeClock) -> Engine:
    return start_engine(SETTINGS, clock)


# ------------------------------------------------------------ what the engine does


def test_what_waits_for_its_retry_tries_at_once(engine: Engine, clock: FakeClock, origin: Origin) -> None:
    urls = [origin.add(f"/{at}", Resource(SMALL, faults=[Answer(503, times=1)])) for at in range(3)]
    jobs = [engine.job((url, f"{at}")) for at, url in enumerate(urls)]
    for job in jobs:
        engine.until_state(job, JobState.TRANSIENT_ERROR)
    jobs[2].suspend()
    engine.manager.network_changed()
    for job in jobs[:2]:
        engine.until_state(job, JobState.TRANSFERRED)
    assert jobs[2].get_state() is JobState.SUSPENDED
    assert clock.due_in_s == []


def test_but_never_before_the_time_that_a_server_has_asked_for(
    engine: Engine, clock: FakeClock, origin: Origin
) -> None:
    busy = Answer(503, {"Retry-After": "100"}, times=1)
    job = engine.job((origin.add("/a", Resource(SMALL, faults=[busy])), "a"))
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    clock.advance(40)
    engine.manager.network_changed()
    assert job.get_error_count() == 1  # the engine has taken the news before it answers
    assert clock.due_in_s == [pytest.approx(60, abs=1)]
    clock.advance(61)
    engine.until_state(job, JobState.TRANSFERRED)
    assert len(origin.requests) == 2


def test_a_server_s_wish_outlives_a_restart(engine: Engine, clock: FakeClock, origin: Origin) -> None:
    busy = Answer(503, {"Retry-After": "1000"}, times=1)
    job = engine.job((origin.add("/a", Resource(SMALL, faults=[busy])), "a"))
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    engine.restart()
    (job,) = engine.manager.enum_jobs()
    engine.manager.network_changed()
    assert job.get_error_count() == 1
    assert clock.due_in_s == [pytest.approx(1_000, abs=1)]


def test_connections_from_an_address_that_is_gone_end_and_their_files_go_on(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    stall = Stall(after_bytes=100_000, times=1)
    job = engine.job((origin.add("/a", Resource(SMALL, faults=[stall])), "a"))
    other = engine.job((origin.add("/b", Resource(SMALL, faults=[Stall(after_bytes=100_000, times=1)])), "b"))
    engine.until(lambda: job.get_progress().bytes_transferred == other.get_progress().bytes_transferred == 100_000)
    engine.manager.network_changed()
    assert [each.get_error_count() for each in (job, other)] == [0, 0]
    monkeypatch.setattr(network, "is_own", lambda address: address != "127.0.0.1")
    engine.manager.network_changed()
    for each in (job, other):
        engine.until_state(each, JobState.TRANSFERRED)
        assert each.get_error_count() == 1
    assert origin.requests_to("/a")[1].range == "bytes=100000-"
    events = engine.manager.timeline(job.get_id())
    assert hresult.WININET_E_CONNECTION_ABORTED in {event.code for event in events}


def test_after_a_change_no_older_connection_is_used(start_engine: StartEngine, origin: Origin) -> None:
    engine = start_engine(replace(SETTINGS, retry_delay_s=0.01))
    url = origin.add("/a", Resource(SMALL))
    held = origin.add("/held", Resource(SMALL))
    for at, address in enumerate([url, held, url]):
        engine.until_state(engine.job((address, f"{at}")), JobState.TRANSFERRED)
    assert {each.connection for each in origin.requests} == {1}
    http = engine.manager._loop.http
    engine.manager.network_changed()
    assert engine.manager.create_job("to wait").get_state() is JobState.SUSPENDED
    assert http._renewed_s is not None
    http._renewed_s -= 0.0
    # The age is counted in whole seconds: only a connection of more than one is known for an old one.
    threading.Event().wait(1.2)
    for at, address in enumerate([url, url]):
        engine.until_state(engine.job((address, f"again {at}")), JobState.TRANSFERRED)
    assert [each.connection for each in origin.requests][-2:] == [2, 2]


# ------------------------------------------------------------ who notices


def message(kind: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def link(changed_flags: int) -> bytes:
    return message(16, struct.pack("=BxHiII", 0, 1, 2, 0x1043, changed_flags))


def route(table: int, flags: int = 0) -> bytes:
    return message(24, struct.pack("=BBBBBBBBI", 2, 24, 0, 0, table, 2, 0, 1, flags))


def address(host: int, flags: int = 0, lifetime_s: int = 0, kind: int = 20) -> bytes:
    body = struct.pack("=BBBBi", 2, 24, flags, 0, 2)
    body += struct.pack("=HH4s", 8, 2, bytes((192, 0, 2, host))) + struct.pack("=HHI", 8, 6, lifetime_s)
    return message(kind, body)


ADDRESS = address(1)


@pytest.mark.parametrize(
    ("data", "is_change"),
    [
        (ADDRESS, True),
        (message(21, b"\0" * 8), True),
        (message(17, b"\0" * 16), True),
        (link(0x1), True),
        (link(0), False),  # what a wireless card says of its searching
        (route(254), True),
        (route(255), False),
        (route(254, 0x200), False),
        (link(0) + route(255) + ADDRESS, True),
        (message(28, b"\0" * 12), False),
        (b"", False),
        (b"\0" * 16, False),
        (ADDRESS[:20], False),
        (struct.pack("=IHHII", 17, 16, 0, 0, 0) + b"\0", False),
    ],
)
def test_what_is_a_change_and_what_is_none(data: bytes, is_change: bool) -> None:
    assert network.is_change(data, {}) is is_change


def test_an_address_that_is_kept_for_longer_is_no_change_but_another_one_is() -> None:
    news = [
        (address(1, lifetime_s=100), True),
        (address(1, lifetime_s=200), False),
        (address(2, lifetime_s=200), True),
        (address(1) + address(2), False),
        (address(2, flags=0x40) + address(1), True),  # not to be used for now
        (address(2), True),
        (address(2, kind=21), True),
        (address(2), True),
        (address(2), False),
        (message(20, struct.pack("=BBBBiHH", 2, 24, 0, 0, 2, 3, 2)), True),  # an attribute that is cut off
        (address(3)[:30], False),
    ]
    known: network.KnownAddresses = {}
    assert [network.is_change(data, known) for data, _ in news] == [is_change for _, is_change in news]


def test_many_news_are_one_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "LONGEST_S", 60.0)
    told: list[int] = []
    has_told = threading.Event()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    def changed() -> None:
        told.append(1)
        has_told.set()

    watch = NetworkWatch(changed, theirs, quiet_s=0.5)
    for host in range(50):
        ours.send(address(host))
    assert has_told.wait(20)
    has_told.clear()
    ours.send(link(0))
    ours.send(link(1))
    assert has_told.wait(20)
    watch.close()
    ours.close()
    assert len(told) == 2


def test_where_it_never_becomes_quiet_it_is_told_nonetheless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "LONGEST_S", 0.2)
    has_told = threading.Event()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    watch = NetworkWatch(has_told.set, theirs, quiet_s=60)
    ours.send(ADDRESS)
    assert has_told.wait(20)
    watch.close()
    ours.close()


@pytest.mark.expected_log("who is told of the network's changes failed")
def test_whoever_fails_when_told_is_told_again() -> None:
    has_told = threading.Semaphore(0)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    def changed() -> None:
        has_told.release()
        raise RuntimeError("no")

    watch = NetworkWatch(changed, theirs, quiet_s=0.0)
    for host in range(2):
        ours.send(address(host))
        assert has_told.acquire(timeout=20)
    watch.close()
    ours.close()


def test_an_address_is_ours_or_not() -> None:
    assert network.is_own("127.0.0.1")
    assert network.is_own("::1")
    assert not network.is_own("192.0.2.1")  # for documentation alone
    assert not network.is_own("2001:db8::1")
    assert network.is_own("fe80::1")  # can't be tried without its link


IN_A_NETWORK_OF_ITS_OWN = """
import subprocess, sys, threading
from pathlib import Path
from domonitor.backends.engine import EngineManager, EngineSettings
from domonitor.jobs.state import JobState
from tests.server import Origin, Pattern, Resource, Stall

def ip(*words):
    subprocess.run(["ip", *words], check=True, timeout=20)

folder = Path(sys.argv[1])
content = Pattern(300_000, seed=1)
ip("link", "set", "lo", "up")
ip("address", "add", "10.9.8.7/32", "dev", "lo")
changed = threading.Event()
manager = EngineManager(folder / "engine", EngineSettings(retry_delay_s=600))
manager.add_reader(changed.set)

def until(condition):
    while not condition():
        assert changed.wait(30), "it did not come to that"
        changed.clear()

with Origin(host="10.9.8.7") as origin:
    url = origin.add("/a", Resource(content, faults=[Stall(after_bytes=100_000, times=1)]))
    job = manager.create_job("a job")
    job.add_file(url, str(folder / "a"))
    job.resume()
    until(lambda: job.get_progress().bytes_transferred == 100_000)
    ip("address", "del", "10.9.8.7/32", "dev", "lo")
    until(lambda: job.get_error_count() >= 1)
    ip("address", "add", "10.9.8.7/32", "dev", "lo")
    until(lambda: job.get_state() is JobState.TRANSFERRED)
    job.complete()
    assert (folder / "a").read_bytes() == content.bytes()
manager.close()
print("well")
"""


WHAT_THE_KERNEL_SAYS = """
import subprocess
from domonitor.backends.engine import network

def ip(*words):
    subprocess.run(["ip", *words], check=True, timeout=20)

ip("link", "set", "lo", "up")
events = network._route_socket()
events.settimeout(20)
for family, address in ((), "10.9.8.7/32"), (("-6",), "2001:db8::7/128"):
    ip(*family, "address", "add", address, "dev", "lo", "valid_lft", "1000", "preferred_lft", "500")
    ip(*family, "address", "change", address, "dev", "lo", "valid_lft", "2000", "preferred_lft", "900")
    ip(*family, "address", "change", address, "dev", "lo", "valid_lft", "3000", "preferred_lft", "950")
    ip(*family, "address", "del", address, "dev", "lo")
    known, found, kind = {}, [], 0
    while kind != network._DEL_ADDRESS:
        message = events.recv(65_536)
        kind = network._HEADER.unpack_from(message)[1]
        if kind in (network._NEW_ADDRESS, network._DEL_ADDRESS):
            found.append(network.is_change(message, known))
    assert found[0] and found[-1] and len(found) >= 4 and not any(found[-3:-1]), found
print("well")
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="network namespaces are Linux's")
@pytest.mark.parametrize("script", [IN_A_NETWORK_OF_ITS_OWN, WHAT_THE_KERNEL_SAYS], ids=["address lost", "kernel"])
def test_in_a_network_of_its_own(tmp_path: Path, script: str) -> None:
    if os.getuid() != 0 or not shutil.which("ip") or not shutil.which("unshare"):
        pytest.skip("needs root, ip and unshare")
    if subprocess.run(["unshare", "--net", "ip", "link"], capture_output=True, check=False, timeout=20).returncode:
        pytest.skip("this system makes no network namespaces")
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", script, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
        timeout=55,
    )
    assert done.stdout == "well\n", done.stderr
