"""What a failure is called: every status that a server can answer, and every error of a file on this computer."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from domonitor.backends.engine import failures
from domonitor.jobs import codes, hresult
from domonitor.jobs.error import CallFailed, ErrorContext
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import ERRONEOUS, JobState
from tests.backends.engine.conftest import QUICK, Engine, StartEngine
from tests.server import Answer, Garbage, Origin, Pattern, Resource, Stall

SMALL = Pattern(300_000, seed=1)
LARGE = Pattern(3_000_000, seed=2)

STATUSES = [101, *range(200, 600), 600, 777, 999]
GIVE_THE_FILE = {200, 203}


def code_of(status: int) -> int:
    if status == 206:
        return hresult.WININET_E_INVALID_SERVER_RESPONSE  # a part, where the whole was asked for
    return hresult.DO_E_UNEXPECTED_HTTP_STATUS_2XX if 200 <= status < 300 else hresult.HTTP_STATUS + status


def passes(status: int) -> bool:
    """Source: the documented transitions; success without a file pauses, as Delivery Optimization does."""
    return status in (408, 429) or 500 <= status < 600 or 200 <= status < 300


def test_every_status_that_is_no_file_ends_in_the_state_of_its_kind(start_engine: StartEngine, origin: Origin) -> None:
    engine = start_engine(replace(QUICK, retry_delay_s=1_000, retry_delay_max_s=1_000, slots=16))
    urls = [origin.add(f"/{status}", Resource(faults=[Answer(status, body=b"no file")])) for status in STATUSES[1:]]
    urls.insert(0, origin.add("/101", Resource(faults=[Garbage(b"HTTP/1.1 101 Switching\r\n\r\n")])))
    new = [
        NewJob(str(status), (NewFile(url, str(engine.downloads / str(status))),), auto_complete=False)
        for status, url in zip(STATUSES, urls, strict=True)
    ]
    jobs = engine.manager.add_many(new)
    ends = {*ERRONEOUS, JobState.TRANSFERRED}
    engine.until(lambda: all(job.get_state() in ends for job in jobs))
    for status, job in zip(STATUSES, jobs, strict=True):
        if status in GIVE_THE_FILE:
            assert job.get_state() is JobState.TRANSFERRED
            continue
        assert job.get_state() is (JobState.TRANSIENT_ERROR if passes(status) else JobState.ERROR), status
        error = job.copy_error()
        assert (error.context, error.code) == (ErrorContext.REMOTE_FILE, code_of(status))
        assert codes.explain(error.code).passes_by_itself("engine") is passes(status), status
        assert (error.retry_at is not None) is passes(status)
        assert status == 206 or str(status) in error.description


def test_any_status_has_words_for_it() -> None:
    for status in range(100, 1000):
        failure = failures.of_status(status, "", 0)
        assert failure.description.startswith(f"The server answered {status}.")
        explanation = codes.explain(failure.code)
        assert explanation.headline
        assert "HTTP" not in explanation.headline
        assert explanation.steps
        assert failure.passes_by_itself is passes(status), status


@pytest.mark.parametrize("status", [0, 1, 99, 1000, 1 << 40])
def test_a_number_that_is_no_status_is_an_answer_without_sense(status: int) -> None:
    assert failures.of_status(status, "", 0).code == hresult.WININET_E_INVALID_SERVER_RESPONSE


def os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def windows_error(number: int) -> OSError:
    """As Windows raises it; elsewhere winerror is no more than a name."""
    error = OSError(errno.EACCES, "It does not work.")
    error.winerror = number  # type: ignore[attr-defined]
    return error


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, hresult.ERROR_DISK_FULL),
        (errno.EDQUOT, hresult.ERROR_DISK_QUOTA_EXCEEDED),
        (errno.EFBIG, hresult.ERROR_FILE_TOO_LARGE),
        (errno.EIO, hresult.ERROR_IO_DEVICE),
        (errno.EACCES, hresult.E_ACCESSDENIED),
        (errno.EPERM, hresult.E_ACCESSDENIED),
        (errno.EROFS, hresult.ERROR_WRITE_PROTECT),
        (errno.ENOENT, hresult.ERROR_PATH_NOT_FOUND),
        (errno.ENOTDIR, hresult.ERROR_PATH_NOT_FOUND),
        (errno.EISDIR, hresult.ERROR_FILE_EXISTS),
        (errno.EEXIST, hresult.ERROR_FILE_EXISTS),
        (errno.ENAMETOOLONG, hresult.ERROR_FILENAME_EXCED_RANGE),
        (errno.EMFILE, hresult.ERROR_TOO_MANY_OPEN_FILES),
        (errno.ENFILE, hresult.ERROR_TOO_MANY_OPEN_FILES),
        (errno.ENOMEM, hresult.E_OUTOFMEMORY),
        (errno.EBUSY, hresult.ERROR_SHARING_VIOLATION),
        (errno.EINVAL, hresult.ERROR_INVALID_NAME),
        (errno.ECHILD, hresult.ERROR_WRITE_FAULT),
        (0, hresult.ERROR_WRITE_FAULT),
    ],
    ids=lambda value: errno.errorcode.get(value, ""),
)
def test_an_error_of_a_file_has_its_code_and_stays(number: int, code: int) -> None:
    failure = failures.of_error(os_error(number))
    assert (failure.context, failure.code) == (ErrorContext.LOCAL_FILE, code)
    assert failure.passes_by_itself is False
    assert failure.description == f"The operating system says: {os.strerror(number)}."


def test_every_error_of_a_file_is_explained() -> None:
    for code in {*failures.OS_ERRORS.values(), *failures.WINDOWS_ERRORS.values()}:
        assert codes.explain(code).passes_by_itself("engine") is False


@pytest.mark.parametrize(
    ("winerror", "code"),
    [
        (2, hresult.ERROR_PATH_NOT_FOUND),
        (3, hresult.ERROR_PATH_NOT_FOUND),
        (4, hresult.ERROR_TOO_MANY_OPEN_FILES),
        (5, hresult.E_ACCESSDENIED),
        (14, hresult.E_OUTOFMEMORY),
        (15, 0x8007000F),  # the drive is gone
        (19, hresult.ERROR_WRITE_PROTECT),
        (21, 0x80070015),  # no disk in the drive
        (29, hresult.ERROR_WRITE_FAULT),
        (32, hresult.ERROR_SHARING_VIOLATION),
        (33, hresult.ERROR_SHARING_VIOLATION),
        (39, hresult.ERROR_DISK_FULL),
        (64, 0x80070040),  # the network drive is gone
        (80, hresult.ERROR_FILE_EXISTS),
        (112, hresult.ERROR_DISK_FULL),
        (123, hresult.ERROR_INVALID_NAME),
        (183, hresult.ERROR_FILE_EXISTS),
        (206, hresult.ERROR_FILENAME_EXCED_RANGE),
        (223, hresult.ERROR_FILE_TOO_LARGE),
        (225, 0x800700E1),  # a virus scanner
        (1117, hresult.ERROR_IO_DEVICE),
        (1295, hresult.ERROR_DISK_QUOTA_EXCEEDED),
        (4242, hresult.ERROR_WRITE_FAULT),
        (1, hresult.ERROR_WRITE_FAULT),
    ],
)
def test_windows_own_number_decides_where_there_is_one(winerror: int, code: int) -> None:
    failure = failures.of_error(windows_error(winerror))
    assert (failure.context, failure.code) == (ErrorContext.LOCAL_FILE, code)
    assert failure.passes_by_itself is False
    assert failure.description == f"The operating system says: It does not work (Windows error {winerror})."


def test_any_error_of_windows_gets_a_code_with_plain_words_and_a_remedy() -> None:
    for winerror in range(1, 9_000):
        explanation = codes.explain(failures.code_of_os_error(windows_error(winerror)))
        assert explanation.meanings[0].headline, winerror
        assert explanation.meanings[0].steps, winerror
        assert explanation.passes_by_itself("engine") is False, winerror


def test_a_bug_is_named_and_stays() -> None:
    failure = failures.of_error(KeyError("secret"))
    assert (failure.code, failure.passes_by_itself) == (hresult.E_UNEXPECTED, False)
    assert failure.description == "An error inside: KeyError."


def test_what_a_server_says_of_its_status_is_shortened_and_made_harmless() -> None:
    failure = failures.of_status(404, "\x1b[31m" + "n" * 5_000, 0)
    assert failure.description.isprintable()
    assert len(failure.description) < 120
    assert failures.of_proxy_status(403, "h").description == "The proxy answered 403 instead of passing us on to h."


# Real files.


def test_a_name_longer_than_the_disk_allows_is_refused_with_its_code(engine: Engine, origin: Origin) -> None:
    job = engine.manager.create_job("a job")
    with pytest.raises(CallFailed) as refusal:
        job.add_file(origin.add("/a", Resource(SMALL)), str(engine.downloads / ("n" * 256)))
    assert refusal.value.code == hresult.ERROR_FILENAME_EXCED_RANGE
    assert engine.on_disk == set()


@pytest.mark.skipif(sys.platform == "win32", reason="an open file's folder can't be removed there")
def test_a_folder_removed_in_mid_transfer_is_an_error_and_resume_fetches_all_anew(
    engine: Engine, origin: Origin
) -> None:
    stall = Stall(after_bytes=1_000_000, times=1)
    folder = engine.downloads / "sub"
    folder.mkdir()
    job = engine.job((origin.add("/a", Resource(LARGE, faults=[stall])), "sub/a"))
    engine.until(lambda: job.get_progress().bytes_transferred == 1_000_000)
    shutil.rmtree(folder)
    stall.release()
    engine.until_state(job, JobState.ERROR)
    error = job.copy_error()
    assert (error.context, error.code) == (ErrorContext.LOCAL_FILE, hresult.ERROR_PATH_NOT_FOUND)
    assert error.file is not None
    assert error.file.local_name == str(folder / "a")
    folder.mkdir()
    job.resume()
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert (folder / "a").read_bytes() == LARGE.bytes()


@pytest.mark.parametrize("completes_itself", [False, True])
def test_a_target_that_became_a_folder_meanwhile_is_left_alone(
    engine: Engine, origin: Origin, completes_itself: bool
) -> None:
    stall = Stall(after_bytes=1_000_000, times=1)
    job = engine.job((origin.add("/a", Resource(LARGE, faults=[stall])), "a"), resumed=False)
    job.set_auto_complete(completes_itself)
    job.resume()
    engine.until(lambda: job.get_progress().bytes_transferred == 1_000_000)
    (engine.downloads / "a").mkdir()
    (engine.downloads / "a" / "mine").write_text("mine")
    stall.release()
    if completes_itself:
        engine.until_state(job, JobState.ERROR)
        error = job.copy_error()
        assert (error.context, error.code) == (ErrorContext.LOCAL_FILE, hresult.ERROR_FILE_EXISTS)
        assert error.retry_at is None
    else:
        engine.until_state(job, JobState.TRANSFERRED)
        with pytest.raises(CallFailed) as refusal:
            job.complete()
        assert refusal.value.code == hresult.ERROR_FILE_EXISTS
    assert (engine.downloads / "a" / "mine").read_text() == "mine"
    shutil.rmtree(engine.downloads / "a")
    if completes_itself:
        job.resume()
        engine.until_state(job, JobState.ACKNOWLEDGED)
    else:
        job.complete()
    assert Path(engine.downloads / "a").read_bytes() == LARGE.bytes()
