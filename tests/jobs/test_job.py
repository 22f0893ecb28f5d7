from __future__ import annotations

from dataclasses import FrozenInstanceError
from itertools import product

import pytest

from domonitor.jobs.job import Progress
from domonitor.jobs.state import ALLOWED, Command, JobState
from tests.jobs.samples import a_job

WITH_A_FINISHED_FILE = Progress(100, 50, files_total=2, files_transferred=1)
WITHOUT_A_FINISHED_FILE = Progress(100, 50, files_total=2, files_transferred=0)


@pytest.mark.parametrize(("command", "state"), list(product(Command, JobState)), ids=lambda value: value.name)
def test_a_job_allows_what_its_state_allows(command: Command, state: JobState) -> None:
    assert a_job(state=state, progress=WITH_A_FINISHED_FILE).allows(command) == (command in ALLOWED[state])


@pytest.mark.parametrize(("command", "state"), list(product(Command, JobState)), ids=lambda value: value.name)
def test_a_refusal_takes_the_command_away_in_every_state(command: Command, state: JobState) -> None:
    job = a_job(state=state, progress=WITH_A_FINISHED_FILE, refusals={command: "It belongs to another program."})
    assert not job.allows(command)
    assert all(job.allows(other) == (other in ALLOWED[state]) for other in Command if other is not command)


@pytest.mark.parametrize("state", list(JobState), ids=lambda state: state.name)
def test_complete_is_not_offered_where_it_would_keep_nothing(state: JobState) -> None:
    job = a_job(state=state, progress=WITHOUT_A_FINISHED_FILE)
    assert not job.allows(Command.COMPLETE)
    assert job.allows(Command.CANCEL) == (Command.CANCEL in ALLOWED[state])


@pytest.mark.parametrize(
    ("progress", "fraction"),
    [
        (Progress(None, 500), None),
        (Progress(None, 500, files_total=2, files_transferred=1), None),
        (Progress(None, 500, files_total=2, files_transferred=2), 1.0),
        (Progress(1000, 0), 0.0),
        (Progress(1000, 250), 0.25),
        (Progress(1000, 1000), 1.0),
        (Progress(1000, 1200), 1.0),
        (Progress(0, 0, files_total=1, files_transferred=0), 0.0),
        (Progress(0, 0, files_total=1, files_transferred=1), 1.0),
        (Progress(0, 0), 0.0),
        (Progress(3 << 40, 3 << 39), 0.5),
    ],
    ids=str,
)
def test_the_fraction_is_what_has_arrived_of_the_total(progress: Progress, fraction: float | None) -> None:
    assert progress.fraction == fraction


def test_the_missing_files_are_those_that_complete_would_drop() -> None:
    assert Progress(files_total=5, files_transferred=4).files_missing == 1


def test_a_snapshot_can_not_be_changed_and_equals_one_of_the_same_values() -> None:
    job = a_job()
    with pytest.raises(FrozenInstanceError):
        job.state = JobState.ERROR  # type: ignore[misc]
    assert job == a_job()
    assert len({job, a_job(), a_job("2")}) == 2


def test_two_jobs_that_differ_in_refusals_only_are_different() -> None:
    assert a_job() != a_job(refusals={Command.CANCEL: "No."})
