"""A service under an administrator's policies: window and commands are refused the same, by the same sentence."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from domonitor.backends.guarded import NOT_OURS, GuardedBackend
from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs import hresult
from domonitor.jobs.change import Change
from domonitor.jobs.job import Job, JobKey, Origin
from domonitor.jobs.request import CommandRequest, NewFile, NewJob
from domonitor.jobs.state import Command, JobState
from domonitor.monitor import Monitor
from domonitor.words.question import is_offered, why_not
from tests.commands.played import Say, Service, say
from tests.jobs.samples import a_job

__all__ = ["say"]

OTHERS = [Origin.MY_ACCOUNT, Origin.OTHER_USER, Origin.SYSTEM]


def of(origin: Origin, job_id: str = "theirs") -> Job:
    return a_job(job_id, JobState.TRANSFERRING, "bits", origin=origin)


def polled(*jobs: Job) -> tuple[GuardedBackend, ScriptedBackend]:
    service = ScriptedBackend((), "bits")
    guarded = GuardedBackend(service, may_command_others=False)
    guarded.open(lambda: None)
    service.publish(Change(jobs))
    guarded.poll()
    return guarded, service


@pytest.mark.parametrize("origin", OTHERS)
@pytest.mark.parametrize("command", Command)
def test_every_command_on_a_job_of_others_is_refused_with_the_reason(command: Command, origin: Origin) -> None:
    guarded, service = polled(of(origin), of(Origin.OURS, "ours"))
    theirs, ours = guarded.execute(CommandRequest(command, ("theirs", "ours")))
    assert (theirs.job_id, theirs.code, theirs.message) == ("theirs", hresult.E_ACCESSDENIED, NOT_OURS)
    assert theirs.is_refused
    assert not ours.is_refused
    assert [request.job_ids for request in service.requests] == [("ours",)]


def test_such_a_job_is_shown_and_says_why_nothing_can_be_done_with_it() -> None:
    guarded, service = polled()
    service.publish(Change((of(Origin.SYSTEM), of(Origin.OURS, "ours"))))
    theirs, ours = guarded.poll().upserts
    assert [is_offered(theirs, each, frozenset(Command)) for each in Command] == [False] * len(Command)
    assert why_not([theirs], Command.CANCEL) == NOT_OURS
    assert is_offered(ours, Command.CANCEL, frozenset(Command))


def test_a_job_that_nobody_has_seen_is_taken_for_another_program_s() -> None:
    guarded, service = polled()
    assert guarded.execute(CommandRequest(Command.CANCEL, ("unseen",)))[0].is_refused
    assert service.requests == []


def test_a_job_that_was_taken_over_is_not_ours_any_more() -> None:
    guarded, service = polled(of(Origin.OURS, "one"))
    service.publish(Change((of(Origin.OTHER_USER, "one"),)))
    guarded.poll()
    assert guarded.execute(CommandRequest(Command.CANCEL, ("one",)))[0].is_refused


def new(path: Path) -> NewJob:
    return NewJob("a job", (NewFile("https://a.de/1", str(path)),))


def test_new_jobs_go_to_the_folder_or_below_it_and_nowhere_else(tmp_path: Path) -> None:
    service = ScriptedBackend()
    guarded = GuardedBackend(service, folder=tmp_path / "here")
    guarded.open(lambda: None)
    inside = [tmp_path / "here" / "1", tmp_path / "here" / "deeper" / "1"]
    outside = [tmp_path / "1", tmp_path / "hereafter" / "1", tmp_path / "here" / os.pardir / "1"]
    answers = guarded.add([new(path) for path in (outside[0], inside[0], outside[1], inside[1], outside[2])])
    assert [answer.is_refused for answer in answers] == [True, False, True, False, True]
    assert [added.files[0].local_name for added in service.added] == list(map(str, inside))
    assert answers[0].message.endswith(f"go to {tmp_path / 'here'}, and nowhere else.")


def test_a_job_that_was_just_added_is_ours() -> None:
    service = ScriptedBackend((), "bits")
    guarded = GuardedBackend(service, may_command_others=False)
    guarded.open(lambda: None)
    (answer,) = guarded.add([new(Path("/tmp/1"))])
    assert answer.job_id is not None
    assert not guarded.execute(CommandRequest(Command.CANCEL, (answer.job_id,)))[0].is_refused


def test_the_window_s_way_down_is_closed() -> None:
    async def test() -> None:
        service = ScriptedBackend((of(Origin.MY_ACCOUNT),), "bits")
        monitor = Monitor([GuardedBackend(service, may_command_others=False)])
        monitor.start()
        key = JobKey("bits", "theirs")
        seen = asyncio.Event()
        monitor.subscribe(lambda *_: seen.set())
        await seen.wait()
        assert monitor.jobs[key].refusals[Command.RESUME] == NOT_OURS
        outcomes = await monitor.execute(Command.RESUME, [key])
        assert outcomes[key].message == NOT_OURS
        await monitor.close()

    asyncio.run(test())


@pytest.mark.parametrize("more", [[], ["--service", "bits", "--not-mine"]])
@pytest.mark.parametrize("command", ["suspend", "cancel", "resume"])
def test_the_commands_way_down_is_closed(say: Say, command: str, more: list[str]) -> None:
    service = Service([of(Origin.MY_ACCOUNT)], "bits")
    yes = [] if command == "resume" else ["--yes"]
    code, written, said = say([GuardedBackend(service, may_command_others=False)], command, "theirs", *yes, *more)
    assert (code, written) == (4, "")
    assert said.endswith(f": {NOT_OURS}\n")
    assert service.requests == []
