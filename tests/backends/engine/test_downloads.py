"""Files arrive whole, or the job says why not."""

from __future__ import annotations

import hashlib
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domonitor.backends.engine import EngineManager
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed, ErrorContext, ErrorFile, FolderInUse
from domonitor.jobs.event import EventKind
from domonitor.jobs.job import Priority
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import QUICK, Engine
from tests.server import (
    Answer,
    Chunked,
    Cut,
    Gzip,
    Hold,
    NoRanges,
    Origin,
    Pattern,
    Redirect,
    Resource,
    Stall,
    Tls,
    WrongLength,
    WrongRange,
    refused_url,
)

SMALL = Pattern(300_000, seed=1)
LARGE = Pattern(3_000_000, seed=2)


def content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("faults", [[Chunked()], [Gzip()], [NoRanges()]], ids=["chunked", "gzip", "no ranges"])
def test_bodies_of_every_kind_are_stored_as_they_came(engine: Engine, origin: Origin, faults: list) -> None:
    job = engine.job((origin.add("/a.bin", Resource(SMALL, faults=faults)), "a.bin"))
    engine.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    if not isinstance(faults[0], Gzip):
        assert content(engine.downloads / "a.bin") == SMALL.sha256()


def test_redirects_are_followed_and_loops_end(engine: Engine, origin: Origin) -> None:
    good = origin.add("/good", Resource(SMALL))
    passed_on = origin.add("/old", Resource(faults=[Redirect(to=good, status=302)]))
    loop = origin.add("/loop", Resource(faults=[Redirect(to="/loop")]))
    elsewhere = origin.add("/elsewhere", Resource(faults=[Redirect(to="ftp://127.0.0.1/x")]))
    job = engine.job((passed_on, "a"))
    endless = engine.job((loop, "b"))
    other_scheme = engine.job((elsewhere, "c"))
    engine.until_state(job, JobState.TRANSFERRED)
    engine.until_state(endless, JobState.ERROR)
    assert endless.get_error().get_error() == (ErrorContext.REMOTE_FILE, hresult.WININET_E_REDIRECT_FAILED)
    engine.until_state(other_scheme, JobState.ERROR)
    assert other_scheme.get_error().get_error()[1] == hresult.WININET_E_UNRECOGNIZED_SCHEME


def test_https_with_the_systems_trust(tmp_path: Path, tls_origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls_origin.ca_file))
    engine = Engine(tmp_path)
    try:
        job = engine.job((tls_origin.add("/a", Resource(SMALL)), "a"))
        engine.until_state(job, JobState.TRANSFERRED)
        job.complete()
        assert content(engine.downloads / "a") == SMALL.sha256()
    finally:
        engine.stop()


@pytest.mark.parametrize(
    ("tls", "code"),
    [
        (Tls.UNKNOWN_AUTHORITY, hresult.WININET_E_INVALID_CA),
        (Tls.WRONG_HOST, hresult.WININET_E_SEC_CERT_CN_INVALID),
        (Tls.EXPIRED, hresult.WININET_E_SEC_CERT_DATE_INVALID),
        (Tls.NOT_YET_VALID, hresult.WININET_E_SEC_CERT_DATE_INVALID),
        (Tls.OLD_PROTOCOL, hresult.WINHTTP_SECURE_FAILURE),
    ],
    ids=lambda value: value.name if isinstance(value, Tls) else "",
)
def test_a_certificate_that_does_not_hold_is_an_error_of_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: Tls, code: int
) -> None:
    with Origin(tls=tls) as origin:
        if tls is not Tls.UNKNOWN_AUTHORITY:
            monkeypatch.setenv("SSL_CERT_FILE", str(origin.ca_file))
        engine = Engine(tmp_path)
        try:
            job = engine.job((origin.add("/a", Resource(SMALL)), "a"))
            engine.until_state(job, JobState.ERROR)
            assert job.get_error().get_error() == (ErrorContext.GENERAL_TRANSPORT, code)
        finally:
            engine.stop()


def test_a_transient_error_says_when_it_tries_again(tmp_path: Path, origin: Origin) -> None:
    engine = Engine(tmp_path, replace(QUICK, retry_delay_s=60, retry_delay_max_s=60))
    try:
        with refused_url("/x") as url:
            job = engine.job((url, "a"))
            engine.until_state(job, JobState.TRANSIENT_ERROR)
            error = job.copy_error()
        assert (error.context, error.code) == (ErrorContext.GENERAL_TRANSPORT, hresult.WININET_E_CANNOT_CONNECT)
        assert error.retry_at is not None
        assert 55 < (error.retry_at - datetime.now(UTC)).total_seconds() <= 75
    finally:
        engine.stop()


def test_a_name_that_does_not_resolve(engine: Engine) -> None:
    job = engine.job(("http://nowhere.invalid/a", "a"))
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    assert job.copy_error().code == hresult.WININET_E_NAME_NOT_RESOLVED
    assert "nowhere.invalid" in job.copy_error().description


@pytest.mark.parametrize(
    "change",
    [
        {"content": Pattern(2_500_000, seed=9)},
        {"faults": [NoRanges()]},
        {"faults": [WrongRange(start_by=1)]},
        {"content": Pattern(400_000, seed=9)},
    ],
    ids=["changed", "no ranges any more", "wrong range", "shorter than what is there"],
)
def test_another_content_at_resume_starts_again(engine: Engine, origin: Origin, change: dict) -> None:
    stall = Stall(after_bytes=1_000_000, times=1)
    url = origin.add("/a", Resource(LARGE, faults=[stall]))
    job = engine.job((url, "a"))
    engine.until(lambda: job.get_progress().bytes_transferred == 1_000_000)
    job.suspend()
    stall.release()
    origin.change("/a", **{"faults": [], **change})
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert content(engine.downloads / "a") == change.get("content", LARGE).sha256()


def test_without_a_validator_a_file_starts_again_rather_than_being_patched(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(LARGE, etag=None, faults=[Cut(after_bytes=1_000_000, times=1)]))
    job = engine.job((url, "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert content(engine.downloads / "a") == LARGE.sha256()


def test_a_body_longer_or_shorter_than_announced_is_never_taken_for_the_file(engine: Engine, origin: Origin) -> None:
    shorter = origin.add("/shorter", Resource(SMALL, faults=[WrongLength(by=1_000)]))
    job = engine.job((shorter, "a"))
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    assert job.copy_error().code == hresult.WININET_E_CONNECTION_ABORTED


def test_a_job_completes_itself_where_it_was_told_to(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"), resumed=False)
    job.set_auto_complete(True)
    job.resume()
    engine.until_state(job, JobState.ACKNOWLEDGED)
    assert engine.on_disk == {"a"}


def test_a_job_that_cant_complete_itself_says_why_and_resume_finishes_it(engine: Engine, origin: Origin) -> None:
    held = Hold()
    job = engine.job((origin.add("/a", Resource(SMALL, faults=[held])), "a"), resumed=False)
    job.set_auto_complete(True)
    job.resume()
    origin.wait_requests("/a", 1)
    (engine.downloads / "a").write_text("somebody else's")
    held.release()
    engine.until_state(job, JobState.ERROR)
    assert job.copy_error().code == hresult.ERROR_FILE_EXISTS
    assert job.copy_error().context is ErrorContext.LOCAL_FILE
    (engine.downloads / "a").unlink()
    job.resume()
    engine.until_state(job, JobState.ACKNOWLEDGED)
    assert content(engine.downloads / "a") == SMALL.sha256()


def test_a_removed_folder_is_an_error_of_the_local_file(engine: Engine, origin: Origin) -> None:
    held = Hold()
    folder = engine.downloads / "sub"
    folder.mkdir()
    job = engine.job((origin.add("/a", Resource(SMALL, faults=[held])), "sub/a"))
    origin.wait_requests("/a", 1)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    held.release()
    engine.until_state(job, JobState.ERROR)
    assert (job.copy_error().context, job.copy_error().code) == (
        ErrorContext.LOCAL_FILE,
        hresult.ERROR_PATH_NOT_FOUND,
    )
    folder.mkdir()
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)


def test_a_full_disk_is_an_error_and_never_a_traceback(
    engine: Engine, origin: Origin, capfd: pytest.CaptureFixture[str]
) -> None:
    stall = Stall(after_bytes=1_000_000, times=1)
    job = engine.job((origin.add("/a", Resource(LARGE, faults=[stall])), "a"))
    engine.until(lambda: job.get_progress().bytes_transferred == 1_000_000)

    resource = pytest.importorskip("resource", reason="limits the size of files as only POSIX can")
    # A limit on file sizes stands for the full disk: the write fails in the same place, in the middle of a transfer.
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, old[1]))
    try:
        stall.release()
        engine.until_state(job, JobState.ERROR)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert (job.copy_error().context, job.copy_error().code) == (ErrorContext.LOCAL_FILE, hresult.ERROR_DISK_FULL)
    assert job.get_progress().bytes_transferred == 1_500_000
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert content(engine.downloads / "a") == LARGE.sha256()
    assert "Traceback" not in capfd.readouterr().err


def test_several_jobs_run_at_once_and_slots_keep_the_others_waiting(tmp_path: Path, origin: Origin) -> None:
    engine = Engine(tmp_path, replace(QUICK, slots=2))
    try:
        stalls = [Stall(after_bytes=1_000) for _ in range(4)]
        jobs = [
            engine.job((origin.add(f"/{at}", Resource(SMALL, faults=[stall])), f"{at}"))
            for at, stall in enumerate(stalls)
        ]
        engine.until(lambda: [job.get_state() for job in jobs].count(JobState.TRANSFERRING) == 2)
        assert [job.get_state() for job in jobs[2:]] == [JobState.QUEUED] * 2
        jobs[3].set_priority(Priority.FOREGROUND)
        engine.until_state(jobs[3], JobState.TRANSFERRING)
        assert jobs[2].get_state() is JobState.QUEUED
        for stall in stalls:
            stall.release()
        for job in jobs:
            engine.until_state(job, JobState.TRANSFERRED)
    finally:
        engine.stop()


def test_bad_input_is_refused_with_a_sentence_and_changes_nothing(engine: Engine, origin: Origin) -> None:
    good = origin.add("/a", Resource(SMALL))
    (engine.downloads / "there").write_text("x")
    (engine.downloads / "folder").mkdir()
    job = engine.manager.create_job("a job")
    job.add_file(good, str(engine.downloads / "a"))
    before = sorted(engine.downloads.iterdir())
    cases = [
        ("example.com/a", "b", hresult.E_INVALIDARG, "Put http:// or https://"),
        ("ftp://example.com/a", "b", hresult.E_INVALIDARG, "begin with ftp"),
        ("http://example.com/a b", "b", hresult.E_INVALIDARG, "contain a space"),
        ("http://example.com/" + "a" * 3_000, "b", hresult.E_INVALIDARG, "3,019 characters"),
        ("http:///a", "b", hresult.E_INVALIDARG, "names no server"),
        ("http://example.com:99999/a", "b", hresult.E_INVALIDARG, "The port"),
        (good, "missing/b", hresult.ERROR_PATH_NOT_FOUND, "The folder is not there"),
        (good, "there", hresult.ERROR_FILE_EXISTS, "already there"),
        (good, "folder", hresult.ERROR_FILE_EXISTS, "A folder of that name"),
        (good, "a", hresult.ERROR_FILE_EXISTS, "Another download already goes to"),
        (good, "n" * 300, hresult.ERROR_FILENAME_EXCED_RANGE, "name is too long"),
    ]
    sentences = set()
    for url, name, code, words in cases:
        with pytest.raises(CallFailed, match=words) as refused:
            job.add_file(url, str(engine.downloads / name))
        assert refused.value.code == code
        sentences.add(str(refused.value))
    with pytest.raises(CallFailed, match="no full path"):
        job.add_file(good, "b")
    assert len(sentences) >= len(cases) - 3
    assert sorted(engine.downloads.iterdir()) == before
    assert len(job.enum_files()) == 1


def test_add_many_refuses_what_is_wrong_and_starts_the_rest(engine: Engine, origin: Origin) -> None:
    good = origin.add("/a", Resource(SMALL))

    def new_job(url: str, name: str) -> NewJob:
        return NewJob(name, (NewFile(url, str(engine.downloads / name)),))

    answers = engine.manager.add_many(
        [
            new_job(good, "a"),
            new_job("nonsense", "b"),
            new_job(good, "missing/c"),
            new_job(good, "d"),
            new_job(good, "a"),
        ]
    )
    codes = [getattr(answer, "code", 0) for answer in answers]
    assert codes == [0, hresult.E_INVALIDARG, hresult.ERROR_PATH_NOT_FOUND, 0, hresult.ERROR_FILE_EXISTS]
    engine.until(lambda: engine.manager.enum_jobs() == ())
    assert engine.on_disk == {"a", "d"}


def test_the_timeline_tells_what_happened_also_after_the_end(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(SMALL, faults=[Answer(404, times=1)]))
    job = engine.job((url, "a"))
    engine.until_state(job, JobState.ERROR)
    job.resume(origin="window")
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    engine.restart()
    events = engine.manager.timeline(job.get_id())
    assert [event.state.name for event in events if event.kind is EventKind.STATE and event.state is not None] == [
        "SUSPENDED",
        "QUEUED",
        "CONNECTING",
        "ERROR",
        "QUEUED",
        "CONNECTING",
        "TRANSFERRING",
        "TRANSFERRED",
        "ACKNOWLEDGED",
    ]
    (failed,) = [event for event in events if event.kind is EventKind.ERROR]
    assert failed.code == 0x80190194
    assert failed.error is not None
    assert failed.error.file == ErrorFile(url, str(engine.downloads / "a"))
    assert failed.error.description == "The server answered 404 Not Found."
    assert [event.origin for event in events if event.kind is EventKind.COMMAND] == ["program", "window", "program"]


def test_a_second_engine_on_a_folder_is_refused_with_the_process_that_holds_it(engine: Engine) -> None:
    with pytest.raises(FolderInUse) as refused:
        EngineManager(engine.folder / "engine")
    assert refused.value.process_id == os.getpid()
    assert str(os.getpid()) in str(refused.value)


def test_calls_after_close_are_refused_and_never_hang(tmp_path: Path) -> None:
    engine = Engine(tmp_path)
    job = engine.manager.create_job("a job")
    engine.stop()
    with pytest.raises(CallFailed, match="closed"):
        job.resume()
