from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domonitor.jobs.rate import WINDOW_S, RateMeter, remaining_s


def steady(seconds: float, every_s: float, bytes_per_s: int, from_s: float = 0.0) -> RateMeter:
    meter = RateMeter()
    for sample in range(round(seconds / every_s) + 1):
        meter.add(from_s + sample * every_s, round(sample * every_s * bytes_per_s))
    return meter


def test_one_sample_is_no_speed() -> None:
    meter = RateMeter()
    assert meter.bytes_per_s(0.0) is None
    meter.add(0.0, 1000)
    assert meter.bytes_per_s(1.0) is None


def test_two_samples_of_one_moment_are_no_speed() -> None:
    meter = RateMeter()
    meter.add(3.0, 0)
    meter.add(3.0, 500)
    assert meter.bytes_per_s(3.0) is None


@pytest.mark.parametrize("every_s", [0.05, 0.5, 1.0, 2.0, 4.0, 7.0])
def test_a_steady_transfer_shows_its_speed_however_often_it_is_looked_at(every_s: float) -> None:
    assert steady(28, every_s, 1000).bytes_per_s(28.0) == pytest.approx(1000, rel=0.001)


def test_before_the_window_is_full_the_speed_is_that_since_the_start() -> None:
    assert steady(2, 0.5, 300).bytes_per_s(2.0) == pytest.approx(300)


def test_a_stall_lets_the_speed_sink_to_nothing_within_the_window() -> None:
    meter = steady(10, 0.5, 1000)
    assert meter.bytes_per_s(12.0) == pytest.approx(600)
    assert meter.bytes_per_s(10 + WINDOW_S) == 0.0
    assert meter.bytes_per_s(1000.0) == 0.0


def test_what_came_before_the_window_does_not_count() -> None:
    meter = RateMeter()
    for now_s, done_bytes in ((0.0, 0), (1.0, 1_000_000), (6.0, 1_000_000), (7.0, 1_000_500)):
        meter.add(now_s, done_bytes)
    assert meter.bytes_per_s(7.0) == pytest.approx(100)


def test_a_sample_on_the_window_s_edge_is_its_beginning() -> None:
    meter = RateMeter()
    for now_s, done_bytes in ((0.0, 0), (2.0, 700), (7.0, 1700)):
        meter.add(now_s, done_bytes)
    assert meter.bytes_per_s(7.0) == pytest.approx(200)


def test_a_count_that_goes_back_starts_the_measurement_again() -> None:
    meter = steady(4, 1.0, 1000)
    meter.add(5.0, 0)
    assert meter.bytes_per_s(5.5) is None
    meter.add(6.0, 50)
    assert meter.bytes_per_s(6.0) == pytest.approx(50)


def test_a_cleared_meter_knows_nothing() -> None:
    meter = steady(4, 1.0, 1000)
    meter.clear()
    assert meter.bytes_per_s(4.0) is None


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(0, 1 << 45)), max_size=60), st.floats(0, 100))
def test_no_course_of_a_transfer_gives_a_negative_speed(steps: list[tuple[float, int]], later_s: float) -> None:
    meter = RateMeter()
    now_s = 0.0
    for pause_s, done_bytes in steps:
        now_s += pause_s
        meter.add(now_s, done_bytes)
    speed = meter.bytes_per_s(now_s + later_s)
    assert speed is None or speed >= 0


@pytest.mark.parametrize(
    ("bytes_left", "bytes_per_s", "expected"),
    [(1000, 100.0, 10.0), (0, 100.0, 0.0), (None, 100.0, None), (1000, None, None), (1000, 0.0, None), (10, 0.5, None)],
)
def test_the_remaining_time_is_said_only_where_it_is_known(
    bytes_left: int | None, bytes_per_s: float | None, expected: float | None
) -> None:
    assert remaining_s(bytes_left, bytes_per_s) == expected
