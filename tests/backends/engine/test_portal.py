"""A web page instead of the file: it is never taken for the file, and what is there of the file stays."""

from __future__ import annotations

import hashlib

import pytest

from domonitor.backends.engine import portal
from domonitor.backends.engine.job import EngineJob
from domonitor.backends.engine.records import FileRecord
from domonitor.backends.engine.response import Response
from domonitor.jobs import codes, hresult
from domonitor.jobs.request import Digest, Existing, NewFile, NewJob
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import Engine
from tests.server import Answer, Chunked, Cut, NoRanges, Origin, Pattern, Redirect, Resource

LARGE = Pattern(3_000_000, seed=2)

PAGE = (
    b"\n<!DOCTYPE html>\n<html><head><title>Welcome to the train</title></head><body>Sign in, please.</body></html>\n"
)
AS_PAGE = {"Content-Type": "text/html; charset=utf-8"}

SIGN_IN = hresult.WININET_E_LOGIN_FAILURE_DISPLAY_ENTITY_BODY


def page(**how_often: int) -> Answer:
    return Answer(200, AS_PAGE, PAGE, **how_often)


def job_of(engine: Engine, url: str, name: str, **known: object) -> EngineJob:
    job = engine.manager.create_job("a job")
    job.add_file(url, str(engine.downloads / name), **known)  # type: ignore[arg-type]
    job.set_minimum_retry_delay(1_000)
    job.resume()
    return job


def errors(engine: Engine, job: EngineJob) -> set[int | None]:
    return {event.code for event in engine.manager.timeline(job.get_id()) if event.error is not None}


def saved(engine: Engine, job: EngineJob, name: str) -> bytes:
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    return (engine.downloads / name).read_bytes()


@pytest.mark.parametrize(
    ("head", "is_page"),
    [
        (PAGE, True),
        (b"<HTML lang=en>", True),
        (b"\xef\xbb\xbf  <!doctype HTML public", True),
        ("<html><head>".encode("utf-16"), True),
        (b'<?xml version="1.0"?>\n<!DOCTYPE html SYSTEM "x">', True),
        (b"<!-- made by hand --><body bgcolor=red>", True),
        (b"<script>location='/login'</script>", True),
        (b"PK\x03\x04<html>", False),
        (b"<?xml version='1.0'?><feed>", False),
        (b"<htmlx>", False),
        (b"<addresses>", False),
        (b" " * portal.HEAD_BYTES + b"<html>", False),
        (b"\xff\xfe\x00", False),
        (b"", False),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_a_page_is_known_by_how_it_begins(head: bytes, is_page: bool) -> None:
    assert portal.begins_like_a_page(head) is is_page


@pytest.mark.parametrize(
    ("path", "name", "is_wanted"),
    [
        ("/setup.iso", "setup.iso", False),
        ("/setup.zip?page=.html", "setup.zip", False),
        ("/a%2Ezip", "a", False),
        ("/download.php?id=3", "Setup.EXE", False),
        ("/download.php", "download.php", None),
        ("/latest", "latest", None),
        ("/index.html", "index.html", True),
        ("/index.html", "saved.txt", True),
        ("/article", "article.htm", True),
        ("/download.aspx", "page.xhtml", True),
        ("", "example.org", None),
    ],
)
def test_the_names_say_whether_a_page_is_wanted(path: str, name: str, is_wanted: bool | None) -> None:
    file = FileRecord(0, f"http://example.org{path}", f"/downloads/v1.zip/{name}", "")
    assert portal.is_a_page_wanted(file) is is_wanted


def test_a_name_that_is_only_a_guess_says_nothing() -> None:
    file = FileRecord(0, "http://example.org/get", "/downloads/get.zip", "", is_named_by_server=True)
    assert portal.is_a_page_wanted(file) is None


@pytest.mark.parametrize(
    ("kind", "disposition", "is_page"),
    [
        ("text/html", "", True),
        ("Text/HTML;charset=utf-8", "inline", True),
        ("application/xhtml+xml", "", True),
        ("text/html", 'Attachment; filename="a.html"', False),
        ("text/plain", "", False),
        ("application/octet-stream", "", False),
        ("", "", False),
    ],
)
def test_what_is_to_be_saved_does_not_call_itself_a_page(kind: str, disposition: str, is_page: bool) -> None:
    response = Response(200, headers={"content-type": kind, "content-disposition": disposition})
    assert portal.calls_itself_a_page(response) is is_page


def test_a_page_in_mid_file_leaves_what_is_there_and_the_file_goes_on_by_itself(engine: Engine, origin: Origin) -> None:
    faults = [Cut(after_bytes=1_000_000, times=1), page(skip=1, times=3)]
    job = engine.job((origin.add("/setup.zip", Resource(LARGE, faults=faults)), "setup.zip"))
    assert saved(engine, job, "setup.zip") == LARGE.bytes()
    assert SIGN_IN in errors(engine, job)
    asked = [request.headers.get("range", "") for request in origin.requests_to("/setup.zip")]
    assert len(asked) == 5
    assert len({*asked[1:]}) == 1
    assert asked[1].startswith("bytes=")


def test_it_is_told_whose_page_came_without_what_may_be_secret(engine: Engine, origin: Origin) -> None:
    origin.add("/login", Resource(PAGE, headers=AS_PAGE))
    to = origin.url("/login?token=secret").replace("127.0.0.1", "localhost")
    url = origin.add("/setup.zip", Resource(LARGE, faults=[Cut(1_000_000, times=1), Redirect(to, skip=1)]))
    job = job_of(engine, url, "setup.zip")
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    job.resume()
    engine.until(lambda: SIGN_IN in errors(engine, job))
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    error = job.copy_error()
    assert error.code == SIGN_IN
    assert error.description == "localhost sent a web page instead of setup.zip, perhaps one on which to sign in."
    assert error.retry_at is not None
    assert job.get_progress().bytes_transferred > 0


def test_a_server_that_calls_its_files_pages_and_sends_no_parts_starts_again(engine: Engine, origin: Origin) -> None:
    resource = Resource(LARGE, headers=AS_PAGE, faults=[Cut(after_bytes=1_000_000, times=1), NoRanges()])
    job = engine.job((origin.add("/setup.zip", resource), "setup.zip"))
    assert saved(engine, job, "setup.zip") == LARGE.bytes()
    assert SIGN_IN not in errors(engine, job)


@pytest.mark.parametrize("more", [[], [Chunked()]], ids=["of known length", "chunked"])
def test_a_page_from_the_first_byte_is_no_file(engine: Engine, origin: Origin, more: list) -> None:
    url = origin.add("/setup.zip", Resource(PAGE, headers=AS_PAGE, faults=more))
    job = job_of(engine, url, "setup.zip")
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    error = job.copy_error()
    assert error.code == SIGN_IN
    assert error.description == "127.0.0.1 sent a web page instead of setup.zip, perhaps one on which to sign in."
    assert job.get_progress().bytes_transferred == 0
    origin.change("/setup.zip", content=LARGE, headers={})
    job.resume()
    assert saved(engine, job, "setup.zip") == LARGE.bytes()
    assert "range" not in origin.requests_to("/setup.zip")[-1].headers


def test_a_page_gives_the_file_no_name(engine: Engine, origin: Origin) -> None:
    to = origin.add("/login.html", Resource(PAGE, headers=AS_PAGE))
    url = origin.add("/setup.zip", Resource(LARGE, faults=[Redirect(to, times=1)]))
    new_file = NewFile(url, str(engine.downloads / "setup.zip"), existing=Existing.RENAME, is_named_by_server=True)
    (job,) = engine.manager.add_many([NewJob("a job", (new_file,), auto_complete=False)])
    assert isinstance(job, EngineJob)
    job.set_minimum_retry_delay(1_000)
    job.resume()
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    assert job.copy_error().code == SIGN_IN
    assert job.enum_files()[0].get_local_name() == str(engine.downloads / "setup.zip")
    job.resume()
    assert hashlib.sha256(saved(engine, job, "setup.zip")).hexdigest() == LARGE.sha256()


def test_pages_are_no_progress_and_are_asked_for_ever_more_rarely(engine: Engine, origin: Origin) -> None:
    job = engine.job((origin.add("/setup.zip", Resource(PAGE, headers=AS_PAGE)), "setup.zip"))
    engine.until(lambda: job.get_error_count() >= 4)
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    job.set_minimum_retry_delay(1_000)
    engine.until(lambda: job.get_state() is JobState.TRANSIENT_ERROR and (job.copy_error().attempts or 0) >= 4)


@pytest.mark.parametrize(
    ("path", "name", "body", "headers"),
    [
        ("/setup.zip", "setup.zip", b"PK\x03\x04" + b"<html>" * 1_000, AS_PAGE),
        ("/index.html", "index.html", PAGE, AS_PAGE),
        ("/latest", "latest", PAGE, AS_PAGE),
        ("/notes.txt", "notes.txt", PAGE, AS_PAGE | {"Content-Disposition": "attachment"}),
        ("/notes.txt", "notes.txt", PAGE, {"Content-Type": "text/plain"}),
        ("/notes.txt", "notes.txt", b"", AS_PAGE),
    ],
    ids=["a real zip", "a page", "nobody knows", "to be saved", "calls itself text", "empty"],
)
def test_what_only_looks_like_a_page_or_is_wanted_as_one_arrives(
    engine: Engine, origin: Origin, path: str, name: str, body: bytes, headers: dict[str, str]
) -> None:
    job = engine.job((origin.add(path, Resource(body, headers=headers)), name))
    assert saved(engine, job, name) == body
    assert errors(engine, job) == set()


def test_a_page_with_the_right_checksum_is_what_was_wanted(engine: Engine, origin: Origin) -> None:
    url = origin.add("/notes.txt", Resource(PAGE, headers=AS_PAGE))
    digest = Digest("sha256", hashlib.sha256(PAGE).hexdigest())
    assert saved(engine, job_of(engine, url, "notes.txt", expected=digest), "notes.txt") == PAGE


@pytest.mark.parametrize("more", [[], [Chunked()]], ids=["of known length", "chunked"])
def test_a_page_of_another_size_is_known_even_without_a_telling_name(
    engine: Engine, origin: Origin, more: list
) -> None:
    job = job_of(engine, origin.add("/latest", Resource(PAGE, headers=AS_PAGE, faults=more)), "latest", size=LARGE.size)
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    assert job.copy_error().code == SIGN_IN
    assert job.get_progress().bytes_transferred == 0


def test_a_page_with_another_checksum_is_told_as_one(engine: Engine, origin: Origin) -> None:
    url = origin.add("/latest", Resource(PAGE, headers=AS_PAGE))
    job = job_of(engine, url, "latest", expected=Digest("sha256", LARGE.sha256()))
    engine.until_state(job, JobState.TRANSIENT_ERROR)
    error = job.copy_error()
    assert error.code == SIGN_IN
    assert LARGE.sha256() in error.description
    assert hashlib.sha256(PAGE).hexdigest() in error.description


def test_another_checksum_of_what_looks_like_a_page_says_so(engine: Engine, origin: Origin) -> None:
    url = origin.add("/setup.zip", Resource(PAGE, headers={"Content-Type": "application/zip"}))
    job = job_of(engine, url, "setup.zip", expected=Digest("sha256", LARGE.sha256()))
    engine.until_state(job, JobState.ERROR)
    error = job.copy_error()
    assert error.code == hresult.CRYPT_E_HASH_VALUE
    assert "begins like a web page" in error.description


def test_the_table_says_what_to_do_in_a_train() -> None:
    explanation = codes.explain(SIGN_IN)
    assert explanation.headline == "A sign-in page came instead of the file"
    assert explanation.passes_by_itself("engine") is True
    assert len(explanation.steps) == 3
