"""A file counts as arrived only when it is the one that was expected, by its size and its checksum."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from domonitor.backends.engine import disk
from domonitor.backends.engine.job import EngineJob
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.request import Digest
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import Engine
from tests.server import Chunked, Cut, Origin, Pattern, Resource

RIGHT = Pattern(3_000_000, seed=1)
WRONG = Pattern(3_000_000, seed=2)
OTHER_SIZE = Pattern(2_000_000, seed=3)

SHA256 = Digest("sha256", RIGHT.sha256())


def spelt(algorithm: str) -> str:
    return hashlib.new(algorithm, RIGHT.bytes()).hexdigest()


def job_of(engine: Engine, url: str, name: str = "setup.iso", **known: object) -> EngineJob:
    job = engine.manager.create_job("a job")
    job.add_file(url, str(engine.downloads / name), **known)  # type: ignore[arg-type]
    job.resume()
    return job


def part_bytes(engine: Engine) -> int:
    (part,) = engine.downloads.glob(".domonitor-*")
    return part.stat().st_size


class Gate:
    """Stands in for the reading of files: the first block comes at once, the others when it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, is_endless: bool = False) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()
        self.threads: set[str] = set()
        self._is_endless = is_endless
        self._blocks = disk.blocks
        monkeypatch.setattr(disk, "blocks", self._read)

    def _read(self, part: str) -> Iterator[memoryview]:
        self.threads.add(threading.current_thread().name)
        for block in self._blocks(part):
            yield block
            self.reached.set()
            while self._is_endless and not self.opened.is_set():
                yield block  # as a file that takes very long
            assert self.opened.wait(20)


@pytest.mark.parametrize(
    "expected",
    [
        SHA256,
        Digest("SHA-256", RIGHT.sha256().upper()),
        Digest("sha256", " ".join(RIGHT.sha256()) + "\n"),
        Digest("md5", ":".join(spelt("md5")[at : at + 2] for at in range(0, 32, 2))),
        Digest("sha1", spelt("sha1")),
        Digest("SHA3-512", spelt("sha3_512")),
        Digest("blake2b", spelt("blake2b")),
    ],
    ids=lambda expected: repr(expected.value[:12]),
)
def test_a_file_with_the_right_checksum_arrives_however_that_is_written(
    engine: Engine, origin: Origin, expected: Digest
) -> None:
    job = job_of(engine, origin.add("/a", Resource(RIGHT)), size=RIGHT.size, expected=expected)
    engine.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    assert (engine.downloads / "setup.iso").read_bytes() == RIGHT.bytes()


def test_an_empty_file_has_a_checksum_too(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(b""))
    job = job_of(engine, url, size=0, expected=Digest("sha256", hashlib.sha256().hexdigest()))
    engine.until_state(job, JobState.TRANSFERRED)


@pytest.mark.parametrize(
    ("expected", "sentence"),
    [
        (Digest("sha257", "0" * 64), r'called "sha257"\. There are blake2b, .*sha256, .* and '),
        (Digest("", "0" * 64), r'called ""\. There are blake2b, '),
        (Digest("shake_128", "0" * 64), r'called "shake_128"\. There are (?!.*shake)'),
        (Digest("sha256", "0" * 40), r"A sha256 checksum has 64 digits .*\. So many have .*sha1\."),
        (Digest("sha256", "0" * 63), r"A sha256 checksum has 64 digits .*\. Copy it again, all of it\."),
        (Digest("SHA256", "g" * 64), r"A sha256 checksum has 64 digits .*\. Copy it again"),
        (Digest("md5", ""), r"A md5 checksum has 32 digits"),
        (Digest("md5", "\u0661" * 32), r"A md5 checksum has 32 digits"),
        (Digest("md5", "0" * 32 + " " * 1_000_000), r"A md5 checksum has 32 digits"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_checksum_that_cant_be_one_is_refused_with_what_there_is(
    engine: Engine, expected: Digest, sentence: str
) -> None:
    job = engine.manager.create_job("a job")
    with pytest.raises(CallFailed, match=sentence) as refusal:
        job.add_file("http://127.0.0.1:9/a", str(engine.downloads / "a"), expected=expected)
    assert refusal.value.code == hresult.E_INVALIDARG
    assert job.enum_files() == ()


def test_another_file_is_an_error_is_never_saved_and_is_fetched_anew_on_resume(engine: Engine, origin: Origin) -> None:
    exhibit = Resource(WRONG)
    url = origin.add("/a", exhibit)
    job = job_of(engine, url, expected=SHA256)
    engine.until_state(job, JobState.ERROR)
    error = job.copy_error()
    assert error.code == hresult.CRYPT_E_HASH_VALUE
    assert error.description == (
        f"setup.iso is not the file that was expected. Its sha256 checksum should be {RIGHT.sha256()} and is "
        f"{WRONG.sha256()}."
    )
    assert job.get_progress().bytes_transferred == 0
    origin.change("/a", content=RIGHT)
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    assert "range" not in origin.requests_to("/a")[-1].headers
    job.complete()
    assert (engine.downloads / "setup.iso").read_bytes() == RIGHT.bytes()


def test_complete_keeps_the_right_files_and_drops_another_one(engine: Engine, origin: Origin) -> None:
    job = engine.manager.create_job("a job")
    job.add_file(origin.add("/a", Resource(RIGHT)), str(engine.downloads / "a"), expected=SHA256)
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    job.add_file(origin.add("/b", Resource(WRONG)), str(engine.downloads / "b"), expected=SHA256)
    engine.until_state(job, JobState.ERROR)
    assert job.complete() is True
    assert engine.on_disk == {"a"}


def test_what_was_expected_outlives_a_restart(engine: Engine, origin: Origin) -> None:
    job = engine.manager.create_job("a job")
    job.add_file(origin.add("/a", Resource(WRONG)), str(engine.downloads / "a"), size=3_000_000, expected=SHA256)
    engine.restart()
    job = engine.manager.get_job(job.get_id())
    known = engine.manager.read_job(
        job.get_id(), lambda record: (record.files[0].expected_size, record.files[0].digest)
    )
    assert known == (3_000_000, SHA256)
    job.resume()
    engine.until_state(job, JobState.ERROR)
    assert job.copy_error().code == hresult.CRYPT_E_HASH_VALUE


def test_many_files_wait_for_their_checks(engine: Engine, origin: Origin) -> None:
    job = engine.manager.create_job("a job")
    for at in range(20):
        job.add_file(origin.add(f"/{at}", Resource(RIGHT)), str(engine.downloads / f"{at}"), expected=SHA256)
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    assert len(engine.on_disk) == 20


def test_another_size_is_an_error_before_a_byte_is_written(engine: Engine, origin: Origin) -> None:
    job = job_of(engine, origin.add("/a", Resource(OTHER_SIZE)), size=RIGHT.size)
    engine.until_state(job, JobState.ERROR)
    error = job.copy_error()
    assert error.code == hresult.DO_E_HTTP_BLOCKSIZE_MISMATCH
    assert error.description == (
        "setup.iso is not the file that was expected: it should have 3,000,000 bytes, and the server announces "
        "2,000,000."
    )
    assert part_bytes(engine) == 0
    assert job.get_progress().bytes_transferred == 0
    origin.change("/a", content=RIGHT)
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)


def test_another_size_in_mid_file_leaves_what_is_there(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(RIGHT, faults=[Cut(after_bytes=1_000_000, times=1)]))
    job = engine.manager.create_job("a job")
    job.add_file(url, str(engine.downloads / "a"), size=RIGHT.size)
    job.set_minimum_retry_delay(1_000)
    job.resume()
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    origin.change("/a", content=OTHER_SIZE)
    job.resume()
    engine.until_state(job, JobState.ERROR)
    assert job.copy_error().code == hresult.DO_E_HTTP_BLOCKSIZE_MISMATCH
    there = job.get_progress().bytes_transferred
    assert there > 0
    origin.change("/a", content=RIGHT)
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    assert origin.requests_to("/a")[-1].headers["range"] == f"bytes={there}-"


def test_a_size_that_nobody_announces_is_known_all_the_same_and_checked_at_the_end(
    engine: Engine, origin: Origin
) -> None:
    job = job_of(engine, origin.add("/a", Resource(OTHER_SIZE, faults=[Chunked()])), size=RIGHT.size)
    engine.until_state(job, JobState.ERROR)
    error = job.copy_error()
    assert error.code == hresult.DO_E_HTTP_BLOCKSIZE_MISMATCH
    assert "should have 3,000,000 bytes, and 2,000,000 arrived." in error.description
    assert job.get_progress().bytes_transferred == 0
    assert job.get_progress().bytes_total == RIGHT.size
    origin.change("/a", content=RIGHT)
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)


def test_a_check_runs_on_a_thread_of_its_own_and_nothing_waits_for_it(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    job = job_of(engine, origin.add("/a", Resource(RIGHT)), expected=SHA256)
    assert gate.reached.wait(20)
    other = engine.job((origin.add("/b", Resource(WRONG)), "b"))
    engine.until_state(other, JobState.TRANSFERRED)
    assert job.get_state() is JobState.TRANSFERRING
    assert job.get_progress().files_transferred == 0
    assert gate.threads == {"domonitor-verify"}
    gate.opened.set()
    engine.until_state(job, JobState.TRANSFERRED)


def test_an_engine_that_closes_in_mid_check_checks_again_at_its_next_start(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch, is_endless=True)
    job = job_of(engine, origin.add("/a", Resource(WRONG)), expected=SHA256)
    assert gate.reached.wait(20)
    engine.stop()
    requests = len(origin.requests_to("/a"))
    gate.opened.set()
    engine.start()
    job = engine.manager.get_job(job.get_id())
    engine.until_state(job, JobState.ERROR)
    assert job.copy_error().code == hresult.CRYPT_E_HASH_VALUE
    assert len(origin.requests_to("/a")) == requests, "it was whole: there was nothing to be fetched"


def test_a_cancelled_job_is_checked_no_further(engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, is_endless=True)
    job = job_of(engine, origin.add("/a", Resource(RIGHT)), expected=SHA256)
    assert gate.reached.wait(20)
    assert job.cancel() is False
    assert engine.on_disk == set()
    monkeypatch.undo()
    other = job_of(engine, origin.url("/a"), "other", expected=SHA256)
    engine.until_state(other, JobState.TRANSFERRED)  # the thread is free for it


def test_a_suspended_job_is_checked_to_the_end_and_has_arrived_when_resumed(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    job = job_of(engine, origin.add("/a", Resource(RIGHT)), expected=SHA256)
    assert gate.reached.wait(20)
    job.suspend()
    gate.opened.set()
    engine.until(lambda: job.get_progress().files_transferred == 1)
    assert job.get_state() is JobState.SUSPENDED
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    assert len(origin.requests_to("/a")) == 1


def test_a_file_that_somebody_cuts_in_mid_check_is_fetched_again(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    job = job_of(engine, origin.add("/a", Resource(RIGHT)), expected=SHA256)
    assert gate.reached.wait(20)
    (part,) = engine.downloads.glob(".domonitor-*")
    with Path(part).open("r+b") as file:
        file.truncate(1 << 20)
    gate.opened.set()
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert (engine.downloads / "setup.iso").read_bytes() == RIGHT.bytes()
