"""What is kept of a job's speed over a minute, an hour and a day, and in how much room."""

from __future__ import annotations

import sys

import pytest

from domonitor.jobs.job import JobKey
from domonitor.jobs.speeds import MOST_JOBS, Span, SpeedHistory

KEY = JobKey("engine", "1")
MB = 1_000_000
START_S = 1_000_000.0


def fed(
    seconds: int, bytes_per_s: float = 2 * MB, every_s: float = 0.5, history: SpeedHistory | None = None
) -> tuple[SpeedHistory, float]:
    """A job that runs evenly for so long; the history, and the moment of its end."""
    history = history or SpeedHistory()
    steps = int(seconds / every_s)
    for step in range(steps + 1):
        history.add(KEY, START_S + step * every_s, int(step * every_s * bytes_per_s), is_moving=True)
    return history, START_S + steps * every_s


@pytest.mark.parametrize("every_s", [0.05, 1.0, 5.0])
def test_an_even_speed_is_even_however_often_it_is_sampled(every_s: float) -> None:
    history, now_s = fed(60, every_s=every_s)
    curve = history.curve(KEY, Span.MINUTE, now_s)
    assert len(curve.bytes_per_s) == 60
    assert all(speed == pytest.approx(2 * MB, rel=0.02) for speed in curve.known)
    assert len(curve.known) >= 58
    assert curve.mean == pytest.approx(2 * MB, rel=0.02)
    assert curve.still_s == 0


def test_before_the_first_sample_nothing_is_known() -> None:
    history, now_s = fed(20)
    known = [speed is not None for speed in history.curve(KEY, Span.MINUTE, now_s).bytes_per_s]
    assert known.index(True) == 60 - 21, "the step that runs is not over, and the one before the first is not known"
    assert history.curve(JobKey("engine", "other"), Span.DAY, now_s).known == []


def test_a_day_says_something_after_some_seconds() -> None:
    history, now_s = fed(10)
    assert history.curve(KEY, Span.DAY, now_s).known == [pytest.approx(2 * MB, rel=0.05)]
    assert len(history.curve(KEY, Span.DAY, now_s).bytes_per_s) == 288


def test_an_hour_holds_what_a_minute_has_forgotten() -> None:
    history, now_s = fed(600, every_s=1.0)
    later_s = now_s + 120
    minute, hour = (history.curve(KEY, span, later_s) for span in (Span.MINUTE, Span.HOUR))
    assert minute.highest == 0
    assert minute.still_s >= 59
    assert hour.highest == pytest.approx(2 * MB, rel=0.05)
    assert 100 <= hour.still_s <= 140


def test_a_day_forgets_after_a_day() -> None:
    history, now_s = fed(600, every_s=1.0)
    assert history.curve(KEY, Span.DAY, now_s + 90_000).highest == 0


def test_what_came_while_it_did_not_transfer_is_no_speed() -> None:
    """A file found on the disk after a restart, or counted again, is not a burst."""
    history, now_s = fed(10)
    history.add(KEY, now_s + 1, 20 * MB, is_moving=False)
    history.add(KEY, now_s + 30, 900 * MB, is_moving=True)
    assert history.curve(KEY, Span.MINUTE, now_s + 31).highest < 3 * MB


def test_a_count_that_goes_back_is_no_speed_either() -> None:
    history, now_s = fed(10)
    history.add(KEY, now_s + 1, 0, is_moving=True)
    history.add(KEY, now_s + 2, 2 * MB, is_moving=True)
    curve = history.curve(KEY, Span.MINUTE, now_s + 3)
    assert min(curve.known) >= 0
    assert curve.highest < 3 * MB


def test_the_room_is_bounded_whatever_happens() -> None:
    history = SpeedHistory()
    for number in range(MOST_JOBS * 3):
        history.add(JobKey("engine", str(number)), START_S + number * 60, 0, is_moving=True)
    assert len(history) == MOST_JOBS
    last = JobKey("engine", str(MOST_JOBS * 3 - 1))
    now_s = START_S + MOST_JOBS * 180
    history.add(last, now_s, 100, is_moving=True)
    assert history.curve(last, Span.MINUTE, now_s + 1).known
    ring = history._tracks[last].rings[Span.DAY]
    assert sys.getsizeof(ring._bytes) < 3_000


def test_the_job_that_rested_longest_is_forgotten_first() -> None:
    history = SpeedHistory(most_jobs=2)
    keys = [JobKey("engine", name) for name in ("a", "b", "c")]
    for after_s, key in ((0, keys[0]), (1, keys[1]), (2, keys[0]), (50, keys[2])):
        history.add(key, START_S + after_s, after_s * MB, is_moving=True)
    now_s = START_S + 60
    assert history.curve(keys[0], Span.MINUTE, now_s).known
    assert not history.curve(keys[1], Span.MINUTE, now_s).known


def test_jobs_that_still_run_keep_their_place() -> None:
    history = SpeedHistory(most_jobs=2)
    for second in range(5):
        for name in ("a", "b", "c"):
            history.add(JobKey("engine", name), START_S + second, second * MB, is_moving=True)
    known = [bool(history.curve(JobKey("engine", name), Span.MINUTE, START_S + 5).known) for name in ("a", "b", "c")]
    assert known == [True, True, False]


def test_a_job_that_never_transfers_costs_nothing() -> None:
    history = SpeedHistory()
    for number in range(1_000):
        history.add(JobKey("bits", str(number)), START_S, 5, is_moving=False)
    assert len(history) == 0
