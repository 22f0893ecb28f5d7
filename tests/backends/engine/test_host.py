"""The engine host, the real program: who gets in, who can't harm whom, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from multiprocessing.connection import Client, Connection
from pathlib import Path

import pytest

from domonitor.backends.engine import EngineManager, RemoteManager
from domonitor.backends.engine.connection import FRAME_BYTES, prove
from domonitor.backends.engine.greeting import introduce
from domonitor.backends.engine.meeting import meeting_of
from domonitor.backends.engine.remote import RemoteJob
from domonitor.jobs import hresult
from domonitor.jobs.state import JobState
from tests.backends.engine.hosting import ROOT, HostProcess, Waiter, host_on
from tests.backends.engine.nonsense import Talker
from tests.server import Hold, Origin, Pattern, Resource, Stall

CONTENT = Pattern(400_000, seed=9)
SEED = 20_261_101
CHANGES = 2_000
ENDS_WITHIN_S = 30.0

posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals or users")


@pytest.fixture
def host(tmp_path: Path) -> Iterator[HostProcess]:
    with host_on(tmp_path) as host:
        yield host


@pytest.fixture
def manager(host: HostProcess) -> Iterator[RemoteManager]:
    with closing(host.connect()) as manager:
        yield manager


def stranger(host: HostProcess) -> Connection:
    """A connection on which nothing has been said."""
    return Client(meeting_of(host.folder).address)


def acquaintance(host: HostProcess) -> Connection:
    """A connection of one who knows the key and was let in."""
    connection = stranger(host)
    prove(connection, meeting_of(host.folder).read_key(), is_host=False)
    introduce(connection)
    return connection


def until_left(connection: Connection) -> None:
    """Returns once the host has ended the connection."""
    with connection, suppress(EOFError, OSError):
        while True:
            connection.recv_bytes()


def is_well(manager: RemoteManager) -> bool:
    """Whether a job can be made, found and ended."""
    job = manager.create_job("a job")
    assert job in manager.enum_jobs()
    job.cancel()
    return job.get_state() is JobState.CANCELLED


def memory(process_id: int) -> int:
    """The memory that is the process's alone, or its share of what is shared, in bytes."""
    told = Path(f"/proc/{process_id}/smaps_rollup").read_text(encoding="ascii")
    return next(int(line.split()[1]) << 10 for line in told.splitlines() if line.startswith("Pss:"))


# Who gets in.


def test_a_silent_client_holds_nobody_up_and_is_left(host: HostProcess, manager: RemoteManager) -> None:
    silent = [stranger(host) for _ in range(30)]
    assert is_well(manager)
    with closing(host.connect()) as other:
        assert is_well(other)
    for connection in silent:
        until_left(connection)


def test_who_does_not_know_the_key_is_left(host: HostProcess, manager: RemoteManager) -> None:
    connection = stranger(host)
    with pytest.raises((EOFError, OSError)):
        prove(connection, b"a guess", is_host=False)
    until_left(connection)
    assert is_well(manager)


def test_who_knows_the_key_and_then_says_nothing_is_left(host: HostProcess, manager: RemoteManager) -> None:
    connection = stranger(host)
    prove(connection, meeting_of(host.folder).read_key(), is_host=False)
    until_left(connection)
    assert is_well(manager)


@posix_only
def test_address_and_key_lie_where_nobody_else_can_enter(host: HostProcess, manager: RemoteManager) -> None:
    meeting = meeting_of(host.folder)
    folder = Path(meeting.address).parent.lstat()
    assert stat.S_IMODE(folder.st_mode) == 0o700
    assert folder.st_uid == os.geteuid()
    assert stat.S_IMODE(meeting.key_file.stat().st_mode) == 0o600
    assert len(os.fsencode(meeting.address)) < 107


@posix_only
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user")
def test_another_user_cant_connect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as open_folder:
        Path(open_folder).chmod(0o755)
        monkeypatch.setenv("XDG_RUNTIME_DIR", open_folder)
        with host_on(tmp_path) as host, closing(host.connect()):
            meeting = meeting_of(host.folder)
            attempt = (
                f"import os, socket, sys\n"
                f"from pathlib import Path; from multiprocessing.connection import Client\n"
                f"os.setuid(65534)\n"
                f"for call in (lambda: Client({meeting.address!r}), Path({str(meeting.key_file)!r}).read_bytes):\n"
                f"    try: call(); sys.exit('it could')\n"
                f"    except PermissionError: pass\n"
            )
            done = subprocess.run([sys.executable, "-c", attempt], capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")
            monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
            (tmp_path / "domonitor").mkdir(mode=0o755)
            assert not meeting_of(host.folder).address.startswith(str(tmp_path)), "a folder that others can enter"


def test_another_folder_is_another_host(tmp_path: Path) -> None:
    long = tmp_path / ("long" * 40) / ("name" * 40)
    addresses = {meeting_of(folder).address for folder in (tmp_path, tmp_path / "a", long)}
    assert len(addresses) == 3
    assert meeting_of(tmp_path / "a" / ".." / "b") == meeting_of(tmp_path / "b")


# Who can't harm whom.


def header(length: int) -> bytes:
    return struct.pack("!i", length)


@posix_only
@pytest.mark.parametrize(
    "said",
    [
        header(100) + b"torn",
        header(100),
        b"\0",
        header(FRAME_BYTES + 1) + b"x" * 10,
        header(0x7FFFFFFF),
        header(-1) + struct.pack("!Q", 1 << 63),
        header(-5),
        header(0),
    ],
    ids=lambda said: said[:12].hex(),
)
def test_a_frame_that_is_none_ends_that_connection_alone(
    host: HostProcess, manager: RemoteManager, said: bytes
) -> None:
    with acquaintance(host) as connection, socket.socket(fileno=os.dup(connection.fileno())) as raw:
        raw.sendall(said)
        raw.shutdown(socket.SHUT_WR)
        until_left(connection)
    assert is_well(manager)


@pytest.mark.parametrize(
    "said",
    [
        b"no json",
        b"[]",
        b"{}",
        b'{"id":1}',
        b'{"id":1,"call":"no such call"}',
        b'{"id":1,"call":"close"}',
        b'{"id":1,"call":"__init__","with":{}}',
        b'{"id":"1","call":"list_jobs","with":{}}',
        b'{"id":1,"call":["list_jobs"],"with":{}}',
        b'{"id":1,"call":"create_job","with":{}}',
        b'{"id":1,"call":"create_job","with":{"display_name":7}}',
        b'{"id":1,"call":"create_job","with":{"display_name":"a","colour":"red"}}',
        b'{"id":1,"call":"create_job","with":{"display_name":"a"},"items":[]}',
        b'{"id":1,"call":"add","with":{},"items":[{"file":{"remote_name":"http://h/","local_name":"/a"}}]}',
        b'{"id":1,"call":"execute","with":{"command":"cancel","arguments":[],"origin":""}}',
        b'{"id":1,"call":"get_state","with":{},"job":"no id"}',
        b'{"id":1,"call":"get_state","with":[],"job":"12345678-1234-5678-1234-567812345678"}',
        b'{"id":1,"call":"list_jobs","with":{},"also":1}',
    ],
    ids=bytes.decode,
)
def test_a_message_that_is_none_ends_that_connection_alone(
    host: HostProcess, manager: RemoteManager, said: bytes
) -> None:
    connection = acquaintance(host)
    connection.send_bytes(said)
    until_left(connection)
    assert is_well(manager)
    assert manager.enum_jobs() == ()


def test_a_call_on_a_job_that_is_not_there_is_refused_and_no_more(host: HostProcess, manager: RemoteManager) -> None:
    with acquaintance(host) as connection:
        for number, name in enumerate(["get_state", "cancel", "names"]):
            given = {"index": 5} if name == "names" else {}
            job = "12345678-1234-5678-1234-567812345678"
            connection.send_bytes(json.dumps({"id": number, "call": name, "job": job, "with": given}).encode())
            answer = json.loads(connection.recv_bytes())
            assert (answer["id"], answer["refused"]["name"]) == (number, "DO_E_JOB_NOT_FOUND")


def test_random_messages_harm_nobody(host: HostProcess, manager: RemoteManager) -> None:
    talker = Talker(lambda: acquaintance(host), SEED)
    talker.say(3_000)
    assert talker.answers > 0, "none of it was understood"
    assert talker.ends > 0, "all of it was understood"
    for job in manager.enum_jobs():
        job.cancel()
    assert is_well(manager)
    assert host.process.poll() is None
    assert " ERROR " not in host.log(), "it met a bug"


@pytest.mark.parametrize(
    ("call", "given"),
    [("resume", {"origin": "\ud800"}), ("cancel", {"origin": "x" * 65}), ("names", {"index": 7})],
)
def test_what_no_store_can_keep_or_no_job_has_is_refused(
    host: HostProcess, manager: RemoteManager, call: str, given: dict[str, object]
) -> None:
    job = manager.create_job("a job")
    with acquaintance(host) as connection:
        message = {"id": 1, "call": call, "job": str(job.get_id()), "with": given}
        connection.send_bytes(json.dumps(message).encode())
        assert json.loads(connection.recv_bytes())["refused"]["code"] == hresult.E_INVALIDARG
    assert job.get_state() is JobState.SUSPENDED
    assert " ERROR " not in host.log()


@posix_only
@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process is asked of /proc")
@pytest.mark.timeout(180)
def test_a_stopped_client_costs_the_host_a_set_and_the_others_nothing(
    host: HostProcess, manager: RemoteManager
) -> None:
    program = (
        "import sys, threading\n"
        "from domonitor.backends.engine import HostBackend\n"
        "from pathlib import Path\n"
        "changed, backend, names = threading.Event(), HostBackend(Path(sys.argv[1]), start=False), {}\n"
        "backend.open(changed.set)\n"
        "while 'the end' not in names.values():\n"
        "    changed.wait(30)\n"
        "    changed.clear()\n"
        "    names.update({job.key.id: job.display_name for job in backend.poll().upserts})\n"
        "    print(len(names), flush=True)\n"
        "print('caught up', flush=True)\n"
        "backend.close()\n"
    )
    jobs = [manager.create_job(f"job {at}") for at in range(20)]
    follower = subprocess.Popen(
        [sys.executable, "-c", program, str(host.folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert follower.stdout is not None
    try:
        while follower.stdout.readline() != "20\n":
            assert follower.poll() is None
        follower.send_signal(signal.SIGSTOP)
        describe(host, jobs, CHANGES // 10)  # what the host needs anyway is not counted
        before = memory(host.process.pid)
        describe(host, jobs, CHANGES)
        grown = memory(host.process.pid) - before
        assert grown < 1_000_000  # the changes themselves would be more than that
        with closing(host.connect()) as other:
            assert is_well(other)
        jobs[0].set_display_name("the end")
        follower.send_signal(signal.SIGCONT)
        assert follower.communicate(timeout=60)[0].endswith("caught up\n")
    finally:
        follower.kill()
        follower.communicate()


def describe(host: HostProcess, jobs: list[RemoteJob], changes: int) -> None:
    """So many changes, asked for by ten clients, for what comes at once is written at once."""

    def change(manager: RemoteManager, part: int) -> None:
        for at in range(changes // 10):
            job = manager.get_job(jobs[(part + at) % len(jobs)].get_id())
            job.set_description(f"{part} {at} {'x' * 900}")

    with ExitStack() as opened, ThreadPoolExecutor(10) as threads:
        managers = [opened.enter_context(closing(host.connect())) for _ in range(10)]
        list(threads.map(change, managers, range(10)))


# How it starts and ends.


def test_of_two_hosts_that_start_at_once_one_serves(tmp_path: Path) -> None:
    with host_on(tmp_path) as one, host_on(tmp_path) as other, closing(one.connect()) as manager:
        served = {one.process.pid: one, other.process.pid: other}
        winner = served.pop(manager.client.process_id or 0)
        (loser,) = served.values()
        assert loser.wait() == 3
        assert f"in use by process {winner.process.pid}" in loser.errors
        assert is_well(manager)


@posix_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_in_mid_transfer_ends_it_cleanly_and_nothing_is_lost(
    host: HostProcess, origin: Origin, number: int
) -> None:
    half = CONTENT.size // 2
    url = origin.add("/a.bin", Resource(CONTENT, faults=[Stall(half)]))
    with closing(host.connect()) as manager:
        job = manager.create_job("a download")
        job.add_file(url, str(host.downloads / "a.bin"))
        job.resume()
        Waiter(manager).until(lambda: job.get_progress().bytes_transferred == half)
        assert host.end(number) == 0
    origin.mend("/a.bin")
    host.start()
    with closing(host.connect()) as manager:
        again = manager.get_job(job.get_id())
        Waiter(manager).until(lambda: again.get_state() is JobState.TRANSFERRED)
        assert again.complete() is False
    assert (host.downloads / "a.bin").read_bytes() == CONTENT.bytes()
    assert str(origin.requests_to("/a.bin")[-1].range).startswith(f"bytes={half}-")
    assert list(Path(meeting_of(host.folder).address).parent.glob("*.new")) == []


def test_it_ends_by_itself_when_nobody_is_there_and_nothing_is_left_to_do(tmp_path: Path, origin: Origin) -> None:
    held = Hold()
    url = origin.add("/a.bin", Resource(CONTENT, faults=[held]))
    with host_on(tmp_path, idle_minutes=0.3 / 60) as host:
        with closing(host.connect()) as manager:
            job = manager.create_job("a download")
            job.add_file(url, str(host.downloads / "a.bin"))
            job.resume()
            with pytest.raises(subprocess.TimeoutExpired):
                host.process.wait(timeout=0.8)
        with pytest.raises(subprocess.TimeoutExpired):
            host.process.wait(timeout=0.8)
        held.release()
        assert host.wait() == 0
    with closing(EngineManager(tmp_path / "engine")) as manager_here:
        assert manager_here.get_job(job.get_id()).get_state() is JobState.TRANSFERRED


def test_it_says_why_it_cant_start(tmp_path: Path) -> None:
    with closing(EngineManager(tmp_path / "engine")), host_on(tmp_path) as host:
        assert host.wait() == 3
        assert f"in use by process {os.getpid()}" in host.errors


@posix_only
@pytest.mark.parametrize("way", ["killed", "ended"])
def test_what_an_earlier_host_left_keeps_no_new_one_from_starting(host: HostProcess, way: str) -> None:
    host.connect().close()
    host.end(signal.SIGKILL if way == "killed" else signal.SIGTERM)
    assert Path(meeting_of(host.folder).address).exists() is (way == "killed")
    host.start()
    with closing(host.connect()) as manager:
        assert is_well(manager)


def test_it_has_loaded_no_window_no_command_line_and_no_event_loop(tmp_path: Path) -> None:
    loaded = tmp_path / "loaded"
    note = f"import atexit; atexit.register(lambda: open({str(loaded)!r}, 'w').write(' '.join(sys.modules)))"
    with host_on(tmp_path, before=note) as host:
        with closing(host.connect()) as manager:
            assert is_well(manager)
        assert host.end() == 0
    modules = set(loaded.read_text(encoding="utf-8").split())
    assert "domonitor.backends.engine.host" in modules
    assert {"PySide6", "qasync", "typer", "click", "rich", "asyncio"} & modules == set()


def test_it_has_no_threads_left_of_clients_that_have_gone(host: HostProcess, manager: RemoteManager) -> None:
    if sys.platform != "linux":
        pytest.skip("the threads of a process are counted by /proc")
    threads = Path(f"/proc/{host.process.pid}/task")
    before = len(list(threads.iterdir()))
    for _ in range(20):
        host.connect().close()
    deadline_s = time.monotonic() + ENDS_WITHIN_S
    while len(list(threads.iterdir())) > before and time.monotonic() < deadline_s:
        threading.Event().wait(0.01)
    assert len(list(threads.iterdir())) <= before
    assert len(list(Path(f"/proc/{host.process.pid}/fd").iterdir())) < 64
