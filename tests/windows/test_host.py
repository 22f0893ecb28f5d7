"""The engine host on Windows, the real program: its named pipe, who gets in, and how it ends and comes again."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.connection import Client
from pathlib import Path

import pytest

from domonitor.backends.engine import RemoteManager
from domonitor.backends.engine.connection import prove
from domonitor.backends.engine.meeting import meeting_of
from domonitor.backends.engine.wire import WireError
from domonitor.jobs.state import JobState
from tests.backends.engine.hosting import HostProcess, Waiter, host_on
from tests.server import Origin, Pattern, Resource

CONTENT = Pattern(400_000, seed=9)


@pytest.fixture
def host(tmp_path: Path, origin: Origin) -> Iterator[HostProcess]:
    """It ends before the origin does, and lets go of it."""
    with host_on(tmp_path) as host:
        yield host


@pytest.fixture
def manager(host: HostProcess) -> Iterator[RemoteManager]:
    with closing(host.connect()) as manager:
        yield manager


def test_two_clients_share_one_list_and_a_file_arrives(
    host: HostProcess, manager: RemoteManager, origin: Origin
) -> None:
    url = origin.add("/a.bin", Resource(CONTENT))
    with closing(host.connect()) as other:
        job = manager.create_job("a job")
        job.add_file(url, str(host.downloads / "a.bin"))
        job.resume()
        waiter = Waiter(other)
        waiter.until(lambda: other.get_job(job.get_id()).get_state() is JobState.TRANSFERRED)
        assert other.get_job(job.get_id()).complete() is False
        Waiter(manager).until(lambda: job.get_state() is JobState.ACKNOWLEDGED)
    assert (host.downloads / "a.bin").read_bytes() == CONTENT.bytes()
    assert "begins" in (host.folder / "engine.log").read_text(encoding="utf-8")


def test_who_does_not_know_the_key_is_left_and_a_silent_one_holds_nobody_up(
    host: HostProcess, manager: RemoteManager
) -> None:
    address = meeting_of(host.folder).address
    assert address.startswith("\\\\.\\pipe\\domonitor-")
    with Client(address), Client(address) as stranger:
        with pytest.raises((WireError, EOFError, OSError)):
            prove(stranger, b"another key of 32 bytes, no less", is_host=False)
        assert manager.create_job("meanwhile") in manager.enum_jobs()


def test_a_host_that_is_killed_comes_again_with_all_its_jobs(host: HostProcess, manager: RemoteManager) -> None:
    job = manager.create_job("it stays")
    host.process.kill()
    host.wait()
    with closing(RemoteManager(host.folder)) as again:  # which starts one
        number = again.client.process_id
        assert number not in (None, host.process.pid)
        try:
            assert [each.get_id() for each in again.enum_jobs()] == [job.get_id()]
        finally:
            os.kill(number, signal.SIGTERM)  # Windows: ends it without a word
