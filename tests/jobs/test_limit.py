"""Limits and the weekly schedule, as data."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domonitor.jobs.error import InvalidInput
from domonitor.jobs.limit import (
    LEAST_BYTES_PER_SECOND,
    MINUTES_A_DAY,
    MOST_RULES,
    JobLimits,
    Limits,
    Rule,
    Schedule,
    limits_from_json,
    limits_to_json,
    until,
)

MONDAY = datetime(2030, 1, 7, tzinfo=UTC)
WEEK = 7 * MINUTES_A_DAY
WORKDAYS = frozenset(range(5))

speeds = st.none() | st.integers(LEAST_BYTES_PER_SECOND, 10**9)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    begin, end = draw(
        st.tuples(st.integers(0, MINUTES_A_DAY - 1), st.integers(1, MINUTES_A_DAY)).filter(lambda it: it[0] != it[1])
    )
    days = draw(st.frozensets(st.integers(0, 6), min_size=1))
    return Rule(days, begin, end, draw(st.just(0) | speeds))


schedules = st.builds(Schedule, st.lists(rules(), max_size=5).map(tuple))
moments = st.integers(0, WEEK - 1).map(lambda minute: MONDAY + timedelta(minutes=minute))


def speed_at(schedule: Schedule, local: datetime) -> tuple[bool, int | None]:
    rule = schedule.rule_at(local)
    return rule is not None, rule and rule.bytes_per_second


@given(rules(), moments)
def test_a_rule_holds_from_its_beginning_for_its_length_on_each_of_its_days(rule: Rule, local: datetime) -> None:
    length = (rule.end_minute - rule.begin_minute) % MINUTES_A_DAY or MINUTES_A_DAY
    week_minute = (local - MONDAY) // timedelta(minutes=1)
    since = [(week_minute - day * MINUTES_A_DAY - rule.begin_minute) % WEEK for day in rule.days]
    assert rule.covers(local) == any(minutes < length for minutes in since)


def test_seconds_do_not_count() -> None:
    rule = Rule(WORKDAYS, 8 * 60, 18 * 60, 0)
    assert rule.covers(MONDAY.replace(hour=17, minute=59, second=59, microsecond=999_999))
    assert not rule.covers(MONDAY.replace(hour=18))


def test_of_two_rules_that_hold_the_first_counts() -> None:
    evening, day = Rule(WORKDAYS, 18 * 60, 24 * 60, 5_000), Rule(WORKDAYS, 0, 24 * 60, 0)
    schedule = Schedule((evening, day))
    assert schedule.rule_at(MONDAY.replace(hour=19)) is evening
    assert schedule.rule_at(MONDAY.replace(hour=9)) is day
    assert schedule.rule_at(MONDAY + timedelta(days=5)) is None


@given(schedules, moments, st.floats(0, 1, exclude_max=True))
def test_until_the_next_change_the_same_speed_counts_and_then_another_one(
    schedule: Schedule, local: datetime, share: float
) -> None:
    change = schedule.next_change(local)
    end = local + timedelta(days=14) if change is None else change
    between = min(local + share * (end - local), end - timedelta(microseconds=1))  # a share near 1 is rounded up
    assert speed_at(schedule, between) == speed_at(schedule, local)
    if change is not None:
        assert local < change
        assert speed_at(schedule, change - timedelta(microseconds=1)) == speed_at(schedule, local)
        assert speed_at(schedule, change) != speed_at(schedule, local)


def test_a_schedule_that_always_says_the_same_never_changes() -> None:
    assert Schedule().next_change(MONDAY) is None
    assert Schedule((Rule(frozenset(range(7)), 0, 24 * 60, 0),)).next_change(MONDAY) is None


def test_two_rules_of_one_speed_that_follow_each_other_are_one() -> None:
    schedule = Schedule((Rule(WORKDAYS, 8 * 60, 12 * 60, 0), Rule(WORKDAYS, 12 * 60, 18 * 60, 0)))
    assert schedule.next_change(MONDAY.replace(hour=9)) == MONDAY.replace(hour=18)


@given(st.builds(Limits, speeds, schedules, st.none() | st.integers(1, 256)))
def test_limits_are_the_same_after_they_were_written_and_read(limits: Limits) -> None:
    assert limits_from_json(limits_to_json(limits)) == limits


def test_a_schedule_can_be_written_by_hand() -> None:
    text = '{"schedule": [{"days": [0, 4], "begin": "22:30", "end": "06:00", "bytes_per_second": null}]}'
    assert limits_from_json(text).schedule == Schedule((Rule(frozenset({0, 4}), 22 * 60 + 30, 6 * 60, None),))


def test_what_limits_leave_out_is_not_limited() -> None:
    assert limits_from_json("{}") == Limits()


def refusal_of(read: Callable[[str], object], text: str) -> str:
    """The words with which the text is refused, "" where it is taken."""
    try:
        read(text)
    except InvalidInput as refusal:
        return str(refusal)
    return ""


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["bytes_per_second", "slots", "schedule", "days", "begin", "end"]) | st.text(), inner
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_whatever_is_written_there_it_is_taken_or_refused_in_a_sentence(value: object) -> None:
    for text in (json.dumps(value), json.dumps({"schedule": value})):
        assert refusal_of(limits_from_json, text)[-1:] in ("", ".")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("{}", "a list of rules"),
        ('[{"days": [0], "begin": "08:00", "end": "18:00"}]', "lacks bytes_per_second"),
        ('[{"days": [0], "begin": "08:00", "end": "18:00", "bytes_per_second": 0, "speed": 1}]', '"speed"'),
        ('[{"days": [], "begin": "08:00", "end": "18:00", "bytes_per_second": 0}]', "at least one day"),
        ('[{"days": [7], "begin": "08:00", "end": "18:00", "bytes_per_second": 0}]', "0 for Monday to 6 for Sunday"),
        ('[{"days": ["Mon"], "begin": "08:00", "end": "18:00", "bytes_per_second": 0}]', "0 for Monday"),
        ('[{"days": [0], "begin": "8", "end": "18:00", "bytes_per_second": 0}]', "Write it as 08:00"),
        ('[{"days": [0], "begin": "24:00", "end": "18:00", "bytes_per_second": 0}]', "begins between 00:00 and 23:59"),
        ('[{"days": [0], "begin": "08:00", "end": "24:30", "bytes_per_second": 0}]', "ends between"),
        ('[{"days": [0], "begin": "08:00", "end": "08:00", "bytes_per_second": 0}]', "00:00 to 24:00"),
        ('[{"days": [0], "begin": "08:00", "end": "18:00", "bytes_per_second": 12}]', "at least 1,024"),
        ('[{"days": [0], "begin": "08:00", "end": "18:00", "bytes_per_second": true}]', "whole number"),
        ('[{"days": [0], "begin": "08:00", "end": "18:00", "bytes_per_second": false}]', "whole number"),
    ],
)
def test_a_schedule_that_can_t_be_is_refused_in_clear_words(text: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        limits_from_json(f'{{"schedule": {text}}}')


def test_a_schedule_has_only_so_many_rules() -> None:
    with pytest.raises(InvalidInput, match=f"at most {MOST_RULES} rules"):
        Schedule((Rule(WORKDAYS, 0, 60, 0),) * (MOST_RULES + 1))


@pytest.mark.parametrize("slots", [0, 257, True, 2.0])
def test_a_number_of_downloads_that_can_t_be_is_refused(slots: int) -> None:
    with pytest.raises(InvalidInput, match="From 1 to 256 downloads"):
        Limits(slots=slots)


@pytest.mark.parametrize("speed", [0, -1, LEAST_BYTES_PER_SECOND - 1, 1e6, 1 << 41, True])
def test_a_speed_that_can_t_be_kept_to_is_refused(speed: int) -> None:
    with pytest.raises(InvalidInput, match="speed limit"):
        Limits(speed)
    with pytest.raises(InvalidInput, match="speed limit"):
        JobLimits(speed)


@pytest.mark.parametrize("segments", [0, 9, True])
def test_a_number_of_connections_that_can_t_be_is_refused(segments: int) -> None:
    with pytest.raises(InvalidInput, match="1 to 8 connections"):
        JobLimits(segments=segments)


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (MONDAY.replace(hour=18), "18:00"),
        (MONDAY.replace(day=8, hour=8), "tomorrow 08:00"),
        (MONDAY.replace(day=11, hour=8, minute=5), "Friday 08:05"),
    ],
)
def test_when_it_ends_is_said_as_a_person_says_it(moment: datetime, said: str) -> None:
    assert until(MONDAY.replace(hour=9), moment) == said
