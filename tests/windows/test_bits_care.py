"""What is taken care of at BITS: other people's jobs, files that are there, secrets, and calls that fail."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path
from threading import Event
from typing import Any
from uuid import UUID

import pytest

from domonitor.backends.bits import watch
from domonitor.backends.bits.job import BitsJob
from domonitor.backends.bits.manager import BitsManager
from domonitor.jobs import hresult
from domonitor.jobs.change import Health
from domonitor.jobs.codes import refusal
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import Origin, Progress
from domonitor.jobs.request import CommandRequest, Digest, Existing, NewFile, NewJob, Outcome
from domonitor.jobs.state import SETTING, Command, JobState
from tests.server import Origin as Server
from tests.server import Pattern, Resource
from tests.windows import bits
from tests.windows.bits import Watched
from tests.windows.conftest import IS_WINE, program

CONTENT = Pattern(20_000, seed=4)
NOWHERE = "http://127.0.0.1:1/a"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Watched]:
    with bits.watched(tmp_path) as it:
        yield it


@pytest.fixture
def other_program() -> Iterator[BitsManager]:
    """Another program's way to BITS."""
    with bits.manager() as it:
        yield it


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that BITS may hold connections to at the end: under Wine nothing wakes who reads one."""
    with suppress(RuntimeError) if IS_WINE else nullcontext(), Server() as it:
        yield it


def theirs(other_program: BitsManager, tmp_path: Path, name: str = "theirs", url: str = NOWHERE) -> BitsJob:
    job = other_program.create_job(name)
    job.add_file(url, str(tmp_path / name.replace(" ", "")))
    return job


def give(service: Watched, command: Command, job_id: str, **arguments: object) -> Outcome:
    (outcome,) = service.backend.execute(CommandRequest(command, (job_id,), arguments))
    return outcome


def added(service: Watched, job: NewJob) -> str:
    (outcome,) = service.backend.add([job])
    assert not outcome.is_refused, outcome.message
    assert outcome.job_id is not None
    return outcome.job_id


def one_file(target: Path, url: str = NOWHERE, **fields: Any) -> NewJob:
    return NewJob("a job", (NewFile(url, str(target), **fields),), is_suspended=url == NOWHERE)


def refusing_for(job_id: str, method: Callable[[BitsJob], object], code: int) -> Callable[[BitsJob], object]:
    """The method, which fails for that job alone: Wine's BITS refuses nobody."""

    def refuse(job: BitsJob) -> object:
        if str(job.get_id()) == job_id:
            raise refusal(code)
        return method(job)

    return refuse


# Jobs of others.


def test_a_job_of_another_program_is_completed_and_changed_by_nobody_else(
    service: Watched, other_program: BitsManager, tmp_path: Path
) -> None:
    job = theirs(other_program, tmp_path)
    job_id = str(job.get_id())
    outcome = give(service, Command.COMPLETE, job_id)  # also before a poll has seen it
    assert (outcome.is_refused, outcome.code) == (True, hresult.E_ACCESSDENIED)
    service.until(lambda: job_id in service.jobs)
    shown = service.jobs[job_id]
    assert shown.origin is Origin.MY_ACCOUNT
    assert {Command.COMPLETE, *SETTING} == shown.refusals.keys()
    for command in (Command.COMPLETE, Command.SET_PRIORITY, Command.SET_ADDRESS):
        outcome = give(service, command, job_id, priority=1, address=NOWHERE, file=0)
        assert outcome.is_refused
        assert outcome.message == shown.refusals[command]
    assert job.get_state() is JobState.SUSPENDED
    assert not give(service, Command.RESUME, job_id).is_refused


def test_jobs_of_one_kind_share_their_refusals(service: Watched, other_program: BitsManager, tmp_path: Path) -> None:
    """The window asks once for each kind of job what is offered, and tells kinds apart by that."""
    ids = [str(theirs(other_program, tmp_path, name).get_id()) for name in ("one", "other")]
    service.until(lambda: set(ids) <= service.jobs.keys())
    one, other = (service.jobs[job_id].refusals for job_id in ids)
    assert one is other


@pytest.mark.parametrize(
    ("name", "program"), [("CCMDTS Job", "Configuration Manager"), ("MozillaUpdate 12", "Firefox")]
)
def test_which_program_a_job_is_of_is_a_guess_and_says_so(
    service: Watched, other_program: BitsManager, tmp_path: Path, name: str, program: str
) -> None:
    job_id = str(theirs(other_program, tmp_path, name).get_id())
    service.until(lambda: job_id in service.jobs)
    said = service.jobs[job_id].reported["Program"]
    assert program in said
    assert "guess" in said


def test_what_a_header_holds_is_not_told(service: Watched, other_program: BitsManager, tmp_path: Path) -> None:
    job = theirs(other_program, tmp_path)
    job.set_custom_headers("Authorization: Bearer s3cret\r\nX-Other: s3cret")
    job_id = str(job.get_id())
    service.until(lambda: job_id in service.jobs)
    assert service.jobs[job_id].reported["CustomHeaders"] == "Authorization:\nX-Other:"
    assert "s3cret" not in repr(service.jobs[job_id].reported)


def test_a_command_that_windows_runs_at_the_end_of_a_job_is_flagged(
    service: Watched, other_program: BitsManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wine's BITS keeps no such command line: the call that reads it is a double here."""
    from domonitor.backends.bits import snapshot

    monkeypatch.setattr(snapshot, "_command_line", lambda job: r"C:\Temp\again.exe /quiet")
    job_id = str(theirs(other_program, tmp_path).get_id())
    service.until(lambda: job_id in service.jobs)
    reported = service.jobs[job_id].reported
    assert reported["NotifyCommandLine"] == r"C:\Temp\again.exe /quiet"
    assert "malware" in reported["Warning"].casefold()


def test_a_job_without_such_a_command_has_no_warning(
    service: Watched, other_program: BitsManager, tmp_path: Path
) -> None:
    job_id = str(theirs(other_program, tmp_path).get_id())
    service.until(lambda: job_id in service.jobs)
    assert not {"Warning", "NotifyCommandLine", "Program"} & service.jobs[job_id].reported.keys()


# Files that are there already.


@pytest.mark.parametrize("existing", [Existing.RENAME, Existing.REFUSE, Existing.REPLACE])
def test_a_file_that_is_there_is_overwritten_only_where_that_was_asked_for(
    service: Watched, server: Server, tmp_path: Path, existing: Existing
) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"somebody's")
    job = one_file(target, server.add("/a", Resource(CONTENT)), existing=existing)
    (outcome,) = service.backend.add([job])
    if existing is Existing.REFUSE:
        assert outcome.code == hresult.ERROR_FILE_EXISTS
        assert str(target) in outcome.message
        assert service.poll().upserts == ()
    else:
        assert outcome.job_id is not None
        service.until(lambda: outcome.job_id in service.gone)
        written = target if existing is Existing.REPLACE else tmp_path / "a (2).bin"
        assert written.read_bytes() == CONTENT.bytes()
    if existing is not Existing.REPLACE:
        assert target.read_bytes() == b"somebody's"


def test_two_downloads_that_wait_do_not_get_one_name(service: Watched, tmp_path: Path) -> None:
    for expected in ("a.bin", "a (2).bin", "a (3).bin"):
        job_id = added(service, one_file(tmp_path / "A.bin", existing=Existing.RENAME))
        (file,) = service.backend.files(job_id)
        assert Path(file.local_name).name.casefold() == expected


@pytest.mark.parametrize(
    "new",
    [
        NewJob("a job", (NewFile(NOWHERE, r"C:\a", expected=Digest("sha256", "0" * 64)),)),
        NewJob("a job", (NewFile(NOWHERE, r"C:\a"),), bytes_per_second=1_000),
    ],
    ids=["checksum", "limit"],
)
def test_what_bits_can_t_do_is_refused_and_not_left_out(service: Watched, new: NewJob) -> None:
    (outcome,) = service.backend.add([new])
    assert outcome.code == hresult.E_NOTIMPL
    assert "engine" in outcome.message
    with bits.manager() as other:
        assert list(other.enum_jobs()) == []


# Calls that fail.


def test_a_job_that_can_t_be_completed_stays_ours_and_says_why(
    service: Watched, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = added(service, one_file(tmp_path / "a", server.add("/a", Resource(CONTENT)), existing=Existing.REFUSE))
    complete = BitsJob.complete
    with monkeypatch.context() as refused:
        refused.setattr(BitsJob, "complete", refusing_for(job_id, complete, hresult.ERROR_SHARING_VIOLATION))
        service.until(lambda: any(change.notices for change in service.changes))
        for _ in range(3):
            service.poll()
    (notice,) = [notice for change in service.changes for notice in change.notices]
    assert "a job" in notice
    assert service.gone == {}
    assert service.jobs[job_id].state is JobState.TRANSFERRED
    assert service.jobs[job_id].origin is Origin.OURS
    assert give(service, Command.COMPLETE, job_id) == Outcome(job_id)
    service.until(lambda: job_id in service.gone)
    assert (tmp_path / "a").read_bytes() == CONTENT.bytes()


@pytest.mark.parametrize("getter", ["get_progress", "get_display_name", "get_description", "get_type"])
def test_of_a_job_that_keeps_something_back_the_rest_is_shown(
    service: Watched, other_program: BitsManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, getter: str
) -> None:
    job_id, other_id = (str(theirs(other_program, tmp_path, name).get_id()) for name in ("one", "other"))
    refuse = refusing_for(job_id, getattr(BitsJob, getter), hresult.E_ACCESSDENIED)
    monkeypatch.setattr(BitsJob, getter, refuse)
    service.until(lambda: {job_id, other_id} <= service.jobs.keys())
    for _ in range(20):
        service.poll()
    assert service.gone == {}
    assert service.jobs[job_id].state is JobState.SUSPENDED
    assert service.jobs[other_id].display_name == "other"
    if getter == "get_progress":
        assert service.jobs[job_id].progress == Progress()


def test_a_job_that_tells_nothing_at_all_keeps_nobody_from_seeing_the_others(
    service: Watched, other_program: BitsManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id, other_id = (str(theirs(other_program, tmp_path, name).get_id()) for name in ("one", "other"))
    with monkeypatch.context() as refused:
        refused.setattr(BitsJob, "get_state", refusing_for(job_id, BitsJob.get_state, hresult.E_ACCESSDENIED))
        service.until(lambda: other_id in service.jobs)
        assert job_id not in service.jobs
    service.until(lambda: job_id in service.jobs)
    with monkeypatch.context() as refused:
        refused.setattr(BitsJob, "get_state", refusing_for(job_id, BitsJob.get_state, hresult.E_ACCESSDENIED))
        for _ in range(3):
            service.poll()
    assert service.gone == {}


def test_only_own_jobs_are_shown_where_windows_refuses_the_others_and_that_is_said(
    service: Watched, other_program: BitsManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wine's BITS shows everybody everything: the refusal is a double here."""
    count = BitsManager.count

    def refuse(manager: BitsManager, *, all_users: bool) -> int:
        if all_users:
            raise refusal(hresult.E_ACCESSDENIED)
        return count(manager, all_users=False)

    monkeypatch.setattr(BitsManager, "count", refuse)
    job_id = str(theirs(other_program, tmp_path).get_id())
    service.until(lambda: job_id in service.jobs)
    said = [change.health for change in service.changes if change.health is not None]
    assert said[-1].reason.startswith("Only your own jobs are shown")
    assert said[-1].is_partial


# More than one of us.


def test_what_one_of_our_programs_adds_the_others_know_as_ours(service: Watched, tmp_path: Path) -> None:
    service.poll()
    command = Watched(tmp_path)
    try:
        theirs_id = added(command, one_file(tmp_path / "a"))
        service.until(lambda: theirs_id in service.jobs)
        assert service.jobs[theirs_id].origin is Origin.OURS
        ours_id = added(service, one_file(tmp_path / "b"))
    finally:
        command.backend.close()
    later = Watched(tmp_path)
    try:
        later.until(lambda: {theirs_id, ours_id} <= later.jobs.keys())
        assert {later.jobs[job_id].origin for job_id in (theirs_id, ours_id)} == {Origin.OURS}
    finally:
        later.backend.close()


def test_it_looks_seldom_while_nobody_sees_the_list(service: Watched, tmp_path: Path) -> None:
    added(service, one_file(tmp_path / "a"))
    service.poll()
    assert service.backend.poll_interval_s == 5.0
    service.backend.is_hidden = True
    assert service.backend.poll_interval_s == 15.0
    service.backend.is_hidden = False
    assert service.backend.poll_interval_s == 5.0


def test_an_unknown_job_is_not_found(service: Watched) -> None:
    with pytest.raises(CallFailed) as failure:
        service.backend.files(str(UUID(int=1)))
    assert failure.value.code == hresult.BG_E_NOT_FOUND


def test_a_command_hands_a_download_to_bits_and_completes_it(service: Watched, server: Server, tmp_path: Path) -> None:
    url = server.add("/a.bin", Resource(CONTENT))
    done = program("add", url, "--service", "bits", "--keep-open", "-d", str(tmp_path), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    job_id = json.loads(done.stdout)["outcomes"][0]["id"]
    service.until(lambda: job_id in service.jobs and service.jobs[job_id].state is JobState.TRANSFERRED)
    assert not (tmp_path / "a.bin").exists()
    done = program("complete", job_id, "--service", "bits")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "a.bin").read_bytes() == CONTENT.bytes()


def test_commands_at_once_lose_no_job(service: Watched, server: Server, tmp_path: Path) -> None:
    """Had each asked for callbacks of all jobs, BITS under Wine would stand still after a few of them."""
    url = server.add("/a.bin", Resource(CONTENT))
    arguments = ("add", url, "--service", "bits", "--keep-open", "-d", str(tmp_path), "--json")
    with ThreadPoolExecutor(3) as commands:
        all_done = list(commands.map(lambda _: program(*arguments), range(6)))
    assert [done.returncode for done in all_done] == [0] * 6, [done.stderr for done in all_done]
    ids = {json.loads(done.stdout)["outcomes"][0]["id"] for done in all_done}
    listed = json.loads(program("list", "--service", "bits", "--json").stdout)["jobs"]
    assert {(job["id"], job["origin"]) for job in listed} == {(job_id, "ours") for job_id in ids}


def test_a_service_that_does_not_answer_holds_nobody_up_and_is_shown_when_it_does(
    service: Watched, other_program: BitsManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = Event()
    count = BitsManager.count

    def late(manager: BitsManager, *, all_users: bool) -> int:
        answers.wait(30)
        return count(manager, all_users=all_users)

    monkeypatch.setattr(BitsManager, "count", late)
    monkeypatch.setattr(watch, "ANSWERS_WITHIN_S", 0.1)
    job_id = str(theirs(other_program, tmp_path).get_id())
    for _ in range(3):
        with pytest.raises(CallFailed) as silence:
            service.poll()
        assert silence.value.code == hresult.RPC_E_TIMEOUT
    for outcome in (give(service, Command.RESUME, job_id), *service.backend.add([one_file(tmp_path / "a")])):
        assert (outcome.is_refused, outcome.code) == (True, hresult.RPC_E_TIMEOUT)
        assert "BITS has not answered" in outcome.message
    with pytest.raises(CallFailed):
        service.backend.files(job_id)
    answers.set()
    monkeypatch.setattr(watch, "ANSWERS_WITHIN_S", 20.0)
    service.until(lambda: job_id in service.jobs)
    assert service.changes[0].health == Health()  # so it is said that all is well again
    assert not give(service, Command.CANCEL, job_id).is_refused
