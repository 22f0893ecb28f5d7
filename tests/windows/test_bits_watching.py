"""BITS where it is only watched: nothing is changed, completed or written, and callbacks stay with their owner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest

from domonitor.backends.bits.backend import BitsBackend
from domonitor.jobs import hresult
from domonitor.jobs.change import Change
from domonitor.jobs.job import Job, Origin
from domonitor.jobs.request import CommandRequest, NewFile, NewJob
from domonitor.jobs.state import Command, JobState
from tests.server import Origin as Server
from tests.server import Pattern, Resource
from tests.windows import bits
from tests.windows.bits import OWN_JOBS, Watched, until
from tests.windows.conftest import IS_WINE


class Watching:
    """A backend that only watches, polled by hand."""

    def __init__(self, own_jobs: Path) -> None:
        self.wakes = 0
        self.backend = BitsBackend(own_jobs, watches_only=True)
        self.jobs: dict[str, Job] = {}
        self.gone: dict[str, Job | None] = {}
        self.backend.open(self._wake)

    def poll(self) -> Change:
        change = self.backend.poll()
        self.jobs |= {job.key.id: job for job in change.upserts}
        self.gone |= {key.id: final for key, final in change.removals.items()}
        return change

    def _wake(self) -> None:
        self.wakes += 1


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Watched]:
    with bits.watched(tmp_path) as it:
        yield it


@pytest.fixture
def watching(service: Watched, tmp_path: Path) -> Iterator[Watching]:
    it = Watching(tmp_path / OWN_JOBS)
    yield it
    it.backend.close()


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that BITS may hold connections to at the end: under Wine nothing wakes who reads one."""
    with suppress(RuntimeError) if IS_WINE else nullcontext(), Server() as it:
        yield it


def own_jobs(folder: Path) -> list[str]:
    return [path.name for path in (folder / OWN_JOBS).iterdir()]


def added(service: Watched, url: str, target: Path, *, is_suspended: bool = False) -> str:
    (outcome,) = service.backend.add([NewJob("a job", (NewFile(url, str(target)),), is_suspended=is_suspended)])
    assert outcome.job_id is not None, outcome.message
    return outcome.job_id


def test_a_job_that_has_arrived_is_left_to_who_made_it(
    service: Watched, watching: Watching, server: Server, tmp_path: Path
) -> None:
    job_id = added(service, server.add("/a.bin", Resource(Pattern(20_000, seed=1))), tmp_path / "a.bin")
    kept = own_jobs(tmp_path)

    def has_arrived() -> bool:
        watching.poll()
        return job_id in watching.jobs and watching.jobs[job_id].state is JobState.TRANSFERRED

    until(has_arrived)
    for _ in range(20):
        watching.poll()
    assert watching.jobs[job_id].state is JobState.TRANSFERRED
    assert watching.jobs[job_id].origin is Origin.OURS
    assert not (tmp_path / "a.bin").exists()
    service.until(lambda: job_id in service.gone)
    assert (tmp_path / "a.bin").exists()
    until(lambda: (watching.poll(), job_id in watching.gone)[1])
    assert watching.wakes == 0
    assert (len(kept), own_jobs(tmp_path)) == (1, []), "who made it has forgotten it"


def test_an_ended_job_is_forgotten_by_who_made_it_alone(service: Watched, watching: Watching, tmp_path: Path) -> None:
    job_id = added(service, "http://127.0.0.1:1/a", tmp_path / "a", is_suspended=True)
    service.poll()
    watching.poll()
    kept = own_jobs(tmp_path)
    service.backend.execute(CommandRequest(Command.CANCEL, (job_id,)))
    until(lambda: (watching.poll(), job_id in watching.gone)[1])
    assert own_jobs(tmp_path) == kept
    service.until(lambda: job_id in service.gone)
    assert own_jobs(tmp_path) == []


@pytest.mark.parametrize("command", sorted(BitsBackend.commands))
def test_every_command_is_refused(service: Watched, watching: Watching, tmp_path: Path, command: Command) -> None:
    job_id = added(service, "http://127.0.0.1:1/a", tmp_path / "a", is_suspended=True)
    arguments = {"priority": 1, "file": 0, "address": "http://127.0.0.1:1/b"}
    (outcome,) = watching.backend.execute(CommandRequest(command, (job_id,), arguments))
    assert (outcome.is_refused, outcome.code) == (True, hresult.E_ACCESSDENIED)
    assert outcome.message == "BITS is only watched here."
    service.poll()
    assert service.jobs[job_id].state is JobState.SUSPENDED


def test_nothing_is_added(watching: Watching, tmp_path: Path) -> None:
    (outcome,) = watching.backend.add([NewJob("a job", (NewFile("http://127.0.0.1:1/a", str(tmp_path / "a")),))])
    assert (outcome.is_refused, outcome.job_id) == (True, None)
    assert watching.poll().upserts == ()
    assert not (tmp_path / OWN_JOBS).exists()
