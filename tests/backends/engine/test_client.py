"""The host's clients, with the real program as the host: how they come to it, lose it, and come back."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from domonitor.backends.engine import HostBackend, RemoteManager, starting
from domonitor.backends.engine.client import Lost
from domonitor.backends.engine.host import Host
from domonitor.backends.engine.manager import EngineManager
from domonitor.backends.engine.meeting import meeting_of
from domonitor.backends.engine.starting import HostUnavailable
from domonitor.backends.interface import CopyErrorObject, CopyJob
from domonitor.jobs.change import Health, HealthState
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import QUICK
from tests.backends.engine.hosting import PATIENCE_S, ROOT, Waiter, host_on
from tests.server import Hold, Origin, Pattern, Resource, Stall

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")

CONTENT = Pattern(400_000, seed=3)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """An engine's folder, for which clients of this process start hosts; none is left at the end."""
    before = list(starting._started)
    yield tmp_path / "engine"
    for process in starting._started:
        if process not in before:
            process.terminate()
            process.wait(PATIENCE_S)


@pytest.fixture
def manager(folder: Path) -> Iterator[RemoteManager]:
    with closing(RemoteManager(folder, settings=QUICK)) as manager:
        yield manager


def process_of(manager: RemoteManager) -> int:
    assert manager.client.process_id is not None
    return manager.client.process_id


def is_running(process_id: int) -> bool:
    """Whether the process lives. One that we have started and that has ended is waited for."""
    for process in starting._started:
        if process.pid == process_id:
            return process.poll() is None
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def until(condition: Callable[[], bool]) -> None:
    """Asked again and again, for what nobody tells of."""
    for _ in range(int(PATIENCE_S / 0.01)):
        if condition():
            return
        threading.Event().wait(0.01)
    raise TimeoutError("it did not come to that")


class Followed:
    """A backend as the monitor follows it. health: all that was told of it, each once."""

    def __init__(self, backend: HostBackend) -> None:
        self._backend = backend
        self._woken = threading.Event()
        self.health: list[Health] = []
        self.names: dict[str, str] = {}
        backend.open(self._woken.set)

    def until(self, condition: Callable[[], bool]) -> None:
        while True:
            self._woken.clear()
            change = self._backend.poll()
            if change.health is not None and change.health not in self.health[-1:]:
                self.health.append(change.health)
            self.names.update({job.key.id: job.display_name for job in change.upserts})
            for key in change.removals:
                self.names.pop(key.id, None)
            if condition():
                return
            assert self._woken.wait(PATIENCE_S), f"it did not come to that: {self.health}"

    def is_back(self) -> bool:
        """Whether the host was away, and is there again."""
        return len(self.health) > 1 and self.health[-1] == Health()


@pytest.fixture
def followed(folder: Path, manager: RemoteManager) -> Iterator[Followed]:
    with closing(HostBackend(folder, settings=QUICK)) as backend:
        yield Followed(backend)


# How they come to it.


def test_clients_that_start_a_host_at_once_all_meet_one(folder: Path) -> None:
    with ExitStack() as opened, ThreadPoolExecutor(6) as threads:

        def connect(_: int) -> RemoteManager:
            return opened.enter_context(closing(RemoteManager(folder, settings=QUICK)))

        assert len({process_of(manager) for manager in threads.map(connect, range(6))}) == 1


def test_who_does_not_want_one_started_is_told_that_none_is_there(folder: Path) -> None:
    with pytest.raises(HostUnavailable, match="not running") as refusal:
        RemoteManager(folder, start=False)
    assert not refusal.value.is_final


def test_a_folder_that_another_program_has_is_told_with_its_process(folder: Path) -> None:
    with closing(EngineManager(folder)), pytest.raises(HostUnavailable, match=f"in use by process {os.getpid()}"):
        RemoteManager(folder)


def test_a_host_that_is_about_to_end_lets_nobody_in(folder: Path) -> None:
    host = Host(EngineManager(folder, QUICK), meeting_of(folder), idle_s=0.05)
    try:
        with closing(RemoteManager(folder, start=False)) as manager:
            assert not host._close_if_idle()
            assert manager.enum_jobs() == ()
        until(host._close_if_idle)
        with pytest.raises(HostUnavailable):
            RemoteManager(folder, start=False)
    finally:
        host.close()


def test_a_host_that_says_nothing_is_not_waited_for_for_ever(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "ANSWERS_WITHIN_S", 0.3)
    with host_on(tmp_path) as host, ExitStack() as knocking:
        host.connect().close()
        host.process.send_signal(signal.SIGSTOP)
        with pytest.raises(HostUnavailable, match="does not answer"):
            RemoteManager(folder)
        with suppress(BlockingIOError):  # no more of them can wait
            while True:
                other = knocking.enter_context(socket.socket(socket.AF_UNIX))
                other.setblocking(False)
                other.connect(meeting_of(host.folder).address)
        with pytest.raises(HostUnavailable, match="does not answer"):
            RemoteManager(folder)


def test_a_client_that_is_closed_while_it_waits_for_its_host_leaves(folder: Path, tmp_path: Path) -> None:
    with host_on(tmp_path) as host:
        assert host.folder == folder
        manager = host.connect()
        host.end(signal.SIGKILL)
        asking = ThreadPoolExecutor(1)
        with closing(EngineManager(host.folder)):  # so that no host can start
            manager.client._host = starting.Starting()
            before = list(starting._started)
            asked = asking.submit(manager.enum_jobs)
            until(lambda: any(process not in before for process in starting._started))
            manager.close()
            with pytest.raises(HostUnavailable):
                asked.result(PATIENCE_S)
        asking.shutdown()


# How they lose it and come back.


def test_a_host_that_was_killed_is_started_again_and_all_is_there(manager: RemoteManager, followed: Followed) -> None:
    job = manager.create_job("before")
    followed.until(lambda: "before" in followed.names.values())
    first = process_of(manager)
    os.kill(first, signal.SIGKILL)
    followed.until(followed.is_back)
    away = [health for health in followed.health if health.state is HealthState.UNAVAILABLE]
    assert "started again" in away[0].reason
    job.set_display_name("after")
    followed.until(lambda: list(followed.names.values()) == ["after"])
    assert process_of(manager) != first


def test_a_host_that_was_stopped_starts_again_with_the_next_call_alone(
    folder: Path, manager: RemoteManager, followed: Followed
) -> None:
    job = manager.create_job("a job")
    first = process_of(manager)
    os.kill(first, signal.SIGTERM)
    followed.until(lambda: followed.health[-1].state is HealthState.UNAVAILABLE)
    assert "next command" in followed.health[-1].reason
    until(lambda: not is_running(first))
    with pytest.raises(HostUnavailable):
        RemoteManager(folder, start=False)
    assert job.get_state() is JobState.SUSPENDED
    followed.until(followed.is_back)


def test_what_got_lost_is_asked_again_unless_it_changes_something(manager: RemoteManager) -> None:
    job = manager.create_job("a job")
    with ThreadPoolExecutor(2) as threads:
        first = process_of(manager)
        os.kill(first, signal.SIGSTOP)
        reading = threads.submit(job.get_display_name)
        changing = threads.submit(manager.create_job, "another one")
        until(lambda: len(manager.client._waiting) == 2)
        os.kill(first, signal.SIGKILL)
        assert reading.result(PATIENCE_S) == "a job"
        with pytest.raises(Lost, match="before it answered"):
            changing.result(PATIENCE_S)
    assert process_of(manager) != first


class Told:
    """A callback object."""

    def __init__(self) -> None:
        self.transferred = threading.Event()
        self.errors: list[int] = []
        self.failed = threading.Event()

    def job_transferred(self, job: CopyJob) -> None:
        self.transferred.set()

    def job_error(self, job: CopyJob, error: CopyErrorObject) -> None:
        self.errors.append(error.get_error()[1])
        self.failed.set()


@pytest.mark.parametrize("auto_complete", [False, True])
def test_what_happened_before_the_next_host_could_call_back_is_told_as_well(
    manager: RemoteManager, tmp_path: Path, origin: Origin, auto_complete: bool
) -> None:
    good, bad = Told(), Told()
    for name, told in (("a.bin", good), ("b.bin", bad)):
        url = origin.add(f"/{name}", Resource(CONTENT, faults=[Stall(CONTENT.size // 2)]))
        job = manager.create_job("a download")
        job.add_file(url, str(tmp_path / name))
        job.set_auto_complete(auto_complete)
        job.set_notify_interface(told)  # type: ignore[arg-type]
        job.resume()
    Waiter(manager).until(lambda: all(job.get_progress().bytes_transferred > 0 for job in manager.enum_jobs()))
    os.kill(process_of(manager), signal.SIGKILL)
    origin.mend("/a.bin")
    origin.remove("/b.bin")
    assert good.transferred.wait(PATIENCE_S)
    assert bad.failed.wait(PATIENCE_S)
    assert set(bad.errors) == {0x80190194}  # not found


# Who is newer.


@contextmanager
def program(code: str, argument: Path) -> Iterator[IO[str]]:
    """What a program of its own writes; it is ended at the end."""
    process = subprocess.Popen([sys.executable, "-c", code, str(argument)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout
    finally:
        process.kill()
        process.communicate()


def read_until(lines: IO[str], part: str) -> None:
    for line in lines:
        if part in line:
            return
    raise EOFError(f"it has ended without a word of: {part}")


OLD = "import domonitor; domonitor.__version__ = '0.0.1'"
NEW = "import domonitor; domonitor.__version__ = '99.0'"

OLD_CLIENT = f"""
import sys, threading
from pathlib import Path
{OLD}
from domonitor.backends.engine import HostBackend
from domonitor.jobs.change import HealthState
woken, backend = threading.Event(), HostBackend(Path(sys.argv[1]))
backend.open(woken.set)
while True:
    health = backend.poll().health
    if health is not None:
        print(health.state.value, health.reason, flush=True)
    woken.wait(60)
    woken.clear()
"""


def test_a_newer_client_takes_the_engine_over_and_its_downloads_go_on(
    folder: Path, tmp_path: Path, origin: Origin
) -> None:
    held = Hold()
    url = origin.add("/a.bin", Resource(CONTENT, faults=[held]))
    with ExitStack() as opened:
        host = opened.enter_context(host_on(tmp_path, before=OLD))
        until(Path(meeting_of(host.folder).address).exists)
        older = opened.enter_context(program(OLD_CLIENT, host.folder))
        read_until(older, "ok")
        newer = opened.enter_context(closing(RemoteManager(folder, settings=QUICK)))
        assert host.wait() == 0
        assert process_of(newer) != host.process.pid
        read_until(older, "took the downloads over")
        job = newer.create_job("a download")
        job.add_file(url, str(tmp_path / "downloads" / "a.bin"))
        job.resume()
        held.release()
        Waiter(newer).until(lambda: job.get_state() is JobState.TRANSFERRED)


def test_an_older_client_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with host_on(tmp_path, before=NEW) as host:
        with pytest.raises(HostUnavailable) as refusal:
            host.connect()
        assert str(refusal.value) == (
            "A newer version of domonitor (99.0) runs the downloads. "
            "Close this program and start it again, or install that version."
        )
        assert refusal.value.is_final
        assert host.process.poll() is None


# Where it is found.


@pytest.mark.parametrize("what", ["address", "key", "folder"])
def test_a_host_whose_place_was_tidied_up_listens_anew(tmp_path: Path, what: str) -> None:
    with host_on(tmp_path) as host, closing(host.connect()) as before:
        meeting = meeting_of(host.folder)
        if what == "folder":  # as at a log-out, and the log-in after it
            shutil.rmtree(meeting.key_file.parent)
        else:
            Path(meeting.address if what == "address" else meeting.key_file).unlink()
        with closing(host.connect()) as after:
            assert process_of(after) == host.process.pid
            job = after.create_job("a job")
        assert before.get_job(job.get_id()).get_display_name() == "a job"


def test_a_log_out_and_the_next_log_in_leave_the_host_where_clients_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as short:
        session, fallback = Path(short, "session"), Path(short, "fallback")
        session.mkdir()
        fallback.mkdir()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(session))
        monkeypatch.setenv("TMPDIR", str(fallback))
        with host_on(tmp_path) as host, closing(host.connect()) as before:
            job = before.create_job("a job")
            for change in (lambda: shutil.rmtree(session), session.mkdir):
                change()
                with closing(host.connect()) as after:
                    assert process_of(after) == host.process.pid
                    assert after.get_job(job.get_id()).get_display_name() == "a job"
            assert before.client.process_id == host.process.pid


SLOW = replace(QUICK, bytes_per_second=1_024)
"""CONTENT would take minutes."""


def test_a_host_that_runs_already_is_told_of_the_user_s_settings_and_of_every_change(
    manager: RemoteManager, folder: Path, origin: Origin
) -> None:
    with closing(HostBackend(folder, settings=SLOW)) as backend:
        followed = Followed(backend)
        job = manager.create_job("slow")
        job.add_file(origin.add("/a", CONTENT), str(folder.parent / "a"))
        job.resume()
        followed.until(lambda: job.get_progress().bytes_transferred > 0)
        assert job.get_progress().bytes_transferred < CONTENT.size
        backend.choose(QUICK)
        followed.until(lambda: job.get_state() is JobState.TRANSFERRED)
        job.cancel()


def test_a_host_that_has_to_be_started_again_begins_with_what_was_last_chosen(folder: Path, origin: Origin) -> None:
    with closing(HostBackend(folder, settings=QUICK)) as backend:
        followed = Followed(backend)
        backend.choose(SLOW)
        service = backend._open_manager
        os.kill(process_of(service), signal.SIGKILL)
        followed.until(followed.is_back)
        job = service.create_job("slow")
        job.add_file(origin.add("/a", CONTENT), str(folder.parent / "a"))
        job.resume()
        followed.until(lambda: job.get_progress().bytes_transferred > 0)
        assert job.get_progress().bytes_transferred < CONTENT.size
        job.cancel()
