from __future__ import annotations

import threading
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from domonitor.jobs.change import Change, Health, HealthState, PendingChange, diff
from domonitor.jobs.job import Job, JobKey
from domonitor.jobs.state import JobState
from tests.jobs.samples import a_job, transferring


def known(*jobs: Job) -> dict[JobKey, Job]:
    return {job.key: job for job in jobs}


def test_a_list_that_stayed_the_same_is_no_change() -> None:
    assert diff(known(a_job("1"), a_job("2")), [a_job("2"), a_job("1")]).is_empty


def test_new_and_different_jobs_are_upserts_in_the_order_of_the_list() -> None:
    change = diff(known(a_job("1"), a_job("2")), [a_job("3"), a_job("2", JobState.ERROR), a_job("1")])
    assert change.upserts == (a_job("3"), a_job("2", JobState.ERROR))
    assert not change.removals


def test_a_known_job_that_is_not_listed_has_vanished() -> None:
    change = diff(known(a_job("1"), a_job("2")), [a_job("1")])
    assert dict(change.removals) == {JobKey("scripted", "2"): None}
    assert not change.upserts


@given(
    st.dictionaries(st.integers(0, 9), st.sampled_from(JobState)),
    st.dictionaries(st.integers(0, 9), st.sampled_from(JobState)),
)
def test_a_change_leads_from_what_was_known_to_the_list(
    before: dict[int, JobState], after: dict[int, JobState]
) -> None:
    jobs = known(*(a_job(str(number), state) for number, state in before.items()))
    listed = known(*(a_job(str(number), state) for number, state in after.items()))
    change = diff(jobs, listed.values())
    for key in change.removals:
        del jobs[key]
    jobs.update(known(*change.upserts))
    assert jobs == listed


def test_health_alone_is_a_change() -> None:
    assert Change().is_empty
    assert not Change(health=Health()).is_empty


def test_nothing_is_pending_at_first() -> None:
    assert PendingChange().take(500) == (Change(), False)


def test_only_the_newest_snapshot_of_a_job_is_pending() -> None:
    pending = PendingChange()
    for done_bytes in range(100):
        pending.add(Change((transferring("1", done_bytes),)))
    change, is_more_left = pending.take(500)
    assert change.upserts == (transferring("1", 99),)
    assert not is_more_left
    assert pending.take(500)[0].is_empty


def test_a_removal_takes_the_place_of_a_snapshot_and_keeps_the_final_job() -> None:
    pending = PendingChange()
    done = a_job("1", JobState.ACKNOWLEDGED)
    pending.add(Change((a_job("1"),)))
    pending.add(Change(removals={done.key: done}))
    change, _ = pending.take(500)
    assert not change.upserts
    assert dict(change.removals) == {done.key: done}


def test_a_job_that_comes_back_before_it_was_read_as_removed_is_an_upsert() -> None:
    pending = PendingChange()
    pending.add(Change(removals={a_job("1").key: None}))
    pending.add(Change((a_job("1"),)))
    assert pending.take(500) == (Change((a_job("1"),)), False)


def test_no_more_jobs_than_the_limit_are_taken_and_the_rest_stays_in_order() -> None:
    pending = PendingChange()
    pending.add(Change(tuple(a_job(str(number)) for number in range(7)), health=Health()))
    pending.add(Change(removals={a_job("8").key: None, a_job("9").key: None}))
    first, is_more_left = pending.take(5)
    assert [job.key.id for job in first.upserts] == ["0", "1", "2", "3", "4"]
    assert not first.removals
    assert first.health == Health()
    assert is_more_left
    second, is_more_left = pending.take(3)
    assert [job.key.id for job in second.upserts] == ["5", "6"]
    assert [key.id for key in second.removals] == ["8"]
    assert second.health is None
    assert is_more_left
    third, is_more_left = pending.take(3)
    assert [key.id for key in third.removals] == ["9"]
    assert not is_more_left


def test_a_job_that_changes_again_keeps_its_place_in_the_order() -> None:
    pending = PendingChange()
    pending.add(Change((a_job("1"), a_job("2"))))
    pending.add(Change((a_job("1", JobState.ERROR),)))
    assert pending.take(1)[0].upserts == (a_job("1", JobState.ERROR),)


def test_the_newest_health_stands() -> None:
    pending = PendingChange()
    pending.add(Change(health=Health(HealthState.UNAVAILABLE, "It is stopped.")))
    pending.add(Change(health=Health()))
    pending.add(Change())
    assert pending.take(1)[0].health == Health()


def test_a_taken_change_can_not_be_changed() -> None:
    pending = PendingChange()
    pending.add(Change(removals={a_job("1").key: None}))
    assert isinstance(pending.take(1)[0].removals, MappingProxyType)


def test_nothing_is_lost_between_writers_and_a_reader_on_other_threads() -> None:
    pending = PendingChange()
    last = 300

    def write(job_id: str) -> None:
        for done_bytes in range(last + 1):
            pending.add(Change((transferring(job_id, done_bytes),)))

    writers = [threading.Thread(target=write, args=(str(writer),)) for writer in range(4)]
    seen: dict[str, list[int]] = {str(writer): [] for writer in range(4)}
    for writer in writers:
        writer.start()
    is_left = True
    while is_left or any(writer.is_alive() for writer in writers):
        change, is_left = pending.take(2)
        for job in change.upserts:
            seen[job.key.id].append(job.progress.bytes_transferred)
    for job in pending.take(500)[0].upserts:
        seen[job.key.id].append(job.progress.bytes_transferred)
    assert all(counts == sorted(set(counts)) and counts[-1] == last for counts in seen.values())
