"""Commands that change what a job is to do, as requests to the engine's backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from domonitor.backends.engine import EngineBackend
from domonitor.jobs.job import Priority
from domonitor.jobs.request import CommandRequest, NewFile, NewJob, Outcome
from domonitor.jobs.state import Command, JobState
from tests.backends.engine.conftest import QUICK


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[EngineBackend]:
    backend = EngineBackend(tmp_path / "engine", QUICK)
    backend.open(lambda: None)
    yield backend
    backend.close()


@pytest.fixture
def job_id(backend: EngineBackend, tmp_path: Path) -> str:
    """A job of two files that waits to be resumed."""
    files = tuple(NewFile(f"http://127.0.0.1:9/{name}", str(tmp_path / name)) for name in "ab")
    (outcome,) = backend.add([NewJob("two", files, is_suspended=True)])
    assert outcome.job_id is not None
    return outcome.job_id


def ask(backend: EngineBackend, command: Command, job_id: str, **arguments: object) -> Outcome:
    (outcome,) = backend.execute(CommandRequest(command, (job_id,), arguments, "somebody"))
    return outcome


def test_a_job_that_is_added_suspended_waits(backend: EngineBackend, job_id: str) -> None:
    (job,) = backend.poll().upserts
    assert job.state is JobState.SUSPENDED
    assert [event.state for event in backend.timeline(job_id)] == [JobState.SUSPENDED]


def test_each_changes_what_it_says_and_tells_who_asked(backend: EngineBackend, job_id: str) -> None:
    assert ask(backend, Command.SET_PRIORITY, job_id, priority=0) == Outcome(job_id)
    assert ask(backend, Command.SET_LIMITS, job_id, bytes_per_second=100_000, segments=4) == Outcome(job_id)
    assert ask(backend, Command.SET_LIMITS, job_id, bytes_per_second=None) == Outcome(job_id)
    assert ask(backend, Command.SET_ADDRESS, job_id, address="http://127.0.0.1:9/c", file=1) == Outcome(job_id)
    (job,) = backend.poll().upserts
    assert job.priority is Priority.FOREGROUND
    assert [file.remote_name[-1] for file in backend.files(job_id)] == ["a", "c"]
    limits = backend._job(job_id).get_limits()
    assert (limits.bytes_per_second, limits.segments) == (None, 4)
    commands = [(event.detail, event.origin) for event in backend.timeline(job_id) if event.kind == "command"]
    assert {origin for _, origin in commands} == {"somebody"}
    assert "set priority" in dict(commands)
    assert "set address" in dict(commands)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (Command.SET_PRIORITY, {}),
        (Command.SET_PRIORITY, {"priority": "high"}),
        (Command.SET_PRIORITY, {"priority": 4}),
        (Command.SET_LIMITS, {}),
        (Command.SET_LIMITS, {"bytes_per_second": 1}),
        (Command.SET_LIMITS, {"segments": 9}),
        (Command.SET_LIMITS, {"segments": True}),
        (Command.SET_ADDRESS, {}),
        (Command.SET_ADDRESS, {"address": "ftp://127.0.0.1/"}),
        (Command.SET_ADDRESS, {"address": "http://127.0.0.1:9/c", "file": 2}),
        (Command.SET_ADDRESS, {"address": "http://127.0.0.1:9/c", "file": -1}),
    ],
    ids=str,
)
def test_what_cant_be_used_is_refused_and_changes_nothing(
    backend: EngineBackend, job_id: str, command: Command, arguments: dict[str, object]
) -> None:
    before = backend.poll().upserts, backend.files(job_id)
    outcome = ask(backend, command, job_id, **arguments)
    assert outcome.is_refused
    assert outcome.message.endswith(".")
    assert backend.files(job_id) == before[1]
    assert backend.poll().upserts == ()
    assert ask(backend, command, "no such job", **arguments).is_refused
