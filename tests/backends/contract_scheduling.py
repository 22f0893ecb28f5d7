"""Whose turn it is: foreground jobs at once, background jobs by priority, equal ones share the slots."""

from __future__ import annotations

import pytest

from domonitor.backends.interface import CopyJob
from domonitor.jobs.job import Priority
from domonitor.jobs.state import JobState
from tests.backends.contract_service import SMALL, Service
from tests.server import Answer, Fault, Hold

BACKGROUND = (Priority.HIGH, Priority.NORMAL, Priority.LOW)


def job_of(service: Service, name: str, priority: Priority, *faults: Fault) -> CopyJob:
    """A resumed job of one file that is named so."""
    job = service.job(service.serve(f"/{name}", SMALL, *faults), resumed=False)
    job.set_priority(priority)
    job.resume()
    return job


def pass_by(service: Service) -> None:
    """Returns once a foreground job has come and gone: whatever was to start by itself has started."""
    job = job_of(service, "passes", Priority.FOREGROUND)
    service.until_state(job, JobState.TRANSFERRED)
    job.cancel()


class SchedulingTests:
    """set_priority, and what comes of it."""

    def test_foreground_jobs_all_run_at_once_beside_the_background(self, service: Service) -> None:
        """Foreground jobs compete with nobody for a turn."""
        service.fill_slots()
        jobs = [job_of(service, f"foreground{at}", Priority.FOREGROUND, Hold()) for at in range(service.slots + 2)]
        for job in jobs:
            service.until_state(job, JobState.CONNECTING)
        assert all(blocker.get_state() is JobState.CONNECTING for blocker in service.blockers)

    @pytest.mark.parametrize("lower", [Priority.NORMAL, Priority.LOW])
    def test_a_lower_priority_waits_until_the_higher_ones_are_transferred(
        self, service: Service, lower: Priority
    ) -> None:
        """Also where a slot would be free."""
        held = Hold()
        higher = job_of(service, "higher", Priority(lower - 1), held)
        service.until_state(higher, JobState.CONNECTING)
        waiting = job_of(service, "lower", lower)
        pass_by(service)
        assert waiting.get_state() is JobState.QUEUED
        held.release()
        service.until_state(waiting, JobState.TRANSFERRED)
        assert higher.get_state() is JobState.TRANSFERRED

    def test_it_does_not_wait_for_one_that_is_in_error(self, service: Service) -> None:
        """A job in error leaves its slot at once."""
        failing = job_of(service, "failing", Priority.HIGH, Answer(404))
        waiting = job_of(service, "waiting", Priority.LOW)
        service.until_state(failing, JobState.ERROR)
        service.until_state(waiting, JobState.TRANSFERRED)

    def test_it_does_not_wait_for_one_that_waits_for_its_retry(self, service: Service) -> None:
        """Nor does a job that is interrupted keep its slot."""
        failing = service.job(service.serve("/failing", SMALL, Answer(503)), resumed=False)
        failing.set_priority(Priority.HIGH)
        service.retry_after(failing, 600.0)
        failing.resume()
        service.until_state(failing, JobState.TRANSIENT_ERROR)
        service.until_state(job_of(service, "waiting", Priority.LOW), JobState.TRANSFERRED)

    def test_it_does_not_wait_for_one_that_is_suspended(self, service: Service) -> None:
        """A suspended job wants no turn."""
        higher = job_of(service, "higher", Priority.HIGH, Hold())
        service.until_state(higher, JobState.CONNECTING)
        waiting = job_of(service, "waiting", Priority.LOW)
        higher.suspend()
        service.until_state(waiting, JobState.TRANSFERRED)

    def test_a_higher_priority_comes_before_those_that_wait_longer(self, service: Service) -> None:
        """Of the jobs that wait the one with the highest priority is next."""
        service.fill_slots()
        order = [job_of(service, priority.name, priority) for priority in reversed(BACKGROUND)]
        service.until_state(order[0], JobState.QUEUED)
        service.let_go()
        for job in order:
            service.until_state(job, JobState.TRANSFERRED)
        asked = [request.path for request in service.origin.requests if not request.path.startswith("/blocker")]
        assert asked == [f"/{priority.name}" for priority in BACKGROUND]

    def test_a_new_priority_counts_at_once(self, service: Service) -> None:
        """set_priority on a job that waits moves it to its new place."""
        service.fill_slots()
        waiting = job_of(service, "waiting", Priority.LOW)
        assert waiting.get_state() is JobState.QUEUED
        waiting.set_priority(Priority.FOREGROUND)
        service.until_state(waiting, JobState.TRANSFERRED)
