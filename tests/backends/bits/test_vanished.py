"""Jobs that just are not listed any more: how they ended, as far as Windows' event log knows."""

from __future__ import annotations

import pytest

from domonitor.backends.bits.vanished import WAIT_S, Vanished
from domonitor.jobs.job import Job, Progress, Times
from domonitor.jobs.state import JobState
from tests.backends.bits.logged import AT, JOB, OTHER, Channel, cancelled, completed
from tests.jobs.samples import SOME_DAY, a_job

LAST = a_job(
    str(JOB),
    JobState.ERROR,
    "bits",
    progress=Progress(1_000, 400, 2, 1),
    times=Times(SOME_DAY, SOME_DAY),
    error_code=0x80190194,
)


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def settled(channel: Channel, last: Job = LAST) -> Job | None:
    vanished = Vanished(channel.log())
    vanished.add(last)
    return vanished.told()[last.key]


@pytest.mark.parametrize(
    ("text", "state"), [(completed(), JobState.ACKNOWLEDGED), (cancelled(), JobState.CANCELLED)], ids=["4", "5"]
)
def test_a_job_has_the_end_that_the_log_names(text: str, state: JobState) -> None:
    final = settled(Channel(text))
    assert final is not None
    assert (final.state, final.error_code, final.times) == (state, None, Times(SOME_DAY, AT))
    assert final.display_name == LAST.display_name


def test_a_completed_job_has_what_the_log_says_has_arrived() -> None:
    final = settled(Channel(completed(bytes_transferred=1_000)))
    assert final is not None
    assert final.progress == Progress(1_000, 1_000, 2, 2)
    final = settled(Channel(completed(bytes_transferred=500)))
    assert final is not None
    assert final.progress == Progress(1_000, 500, 2, 1)


def test_an_end_that_is_written_a_little_later_is_waited_for() -> None:
    channel, clock = Channel(), Clock()
    vanished = Vanished(channel.log(), clock)
    vanished.add(LAST)
    assert vanished.told() == {}
    assert vanished.is_any_waiting
    channel.texts = [completed()]
    clock.now_s += 1
    final = vanished.told()[LAST.key]
    assert final is not None
    assert final.state is JobState.ACKNOWLEDGED
    assert not vanished.is_any_waiting


def test_a_job_that_the_log_does_not_name_is_gone() -> None:
    channel, clock = Channel(completed(OTHER)), Clock()
    vanished = Vanished(channel.log(), clock)
    vanished.add(LAST)
    assert vanished.told() == {}
    clock.now_s += WAIT_S
    assert vanished.told() == {LAST.key: None}


def test_where_the_log_can_t_be_read_a_job_is_gone_at_once() -> None:
    assert settled(Channel(completed(), problem=PermissionError("access is denied"))) is None


def test_the_log_is_not_looked_at_while_nothing_has_vanished() -> None:
    channel = Channel(completed())
    vanished = Vanished(channel.log())
    for _ in range(3):
        assert vanished.told() == {}
    assert channel.looks == 0
