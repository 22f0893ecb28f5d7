"""Limits as a person chooses them: speed, slots, and the week in which they hold. Their text is JSON."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NoReturn

from domonitor.jobs.error import InvalidInput

LEAST_BYTES_PER_SECOND = 1_024
MOST_BYTES_PER_SECOND = 1 << 40
MOST_SEGMENTS = 8
MOST_SLOTS = 256
MOST_RULES = 100
MINUTES_A_DAY = 24 * 60

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_TIME = re.compile(r"([01]\d|2[0-4]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Rule:
    """On these days, from one minute of the day to another, downloads are this fast. Raises InvalidInput.

    days: 0 for Monday to 6 for Sunday. begin_minute: 0 to 1,439; end_minute: 1 to 1,440, not included. An end that is
    not behind the beginning lies on the next day: the days are those on which the rule begins.
    bytes_per_second: None for no limit, 0 for a pause.
    """

    days: frozenset[int]
    begin_minute: int
    end_minute: int
    bytes_per_second: int | None

    def __post_init__(self) -> None:
        if not self.days or not all(_is_number(day) and 0 <= day <= 6 for day in self.days):
            _refuse("A rule needs at least one day; the days are numbers from 0 for Monday to 6 for Sunday.")
        is_time = _is_number(self.begin_minute) and _is_number(self.end_minute)
        if not is_time or not (0 <= self.begin_minute < MINUTES_A_DAY and 0 < self.end_minute <= MINUTES_A_DAY):
            _refuse("A rule begins between 00:00 and 23:59 and ends between 00:01 and 24:00.")
        if self.begin_minute == self.end_minute:
            _refuse("A rule must not end when it begins. For a whole day write 00:00 to 24:00.")
        if self.bytes_per_second != 0 or not _is_number(self.bytes_per_second):
            check_speed(self.bytes_per_second)

    def covers(self, local: datetime) -> bool:
        """Whether the rule holds at that local time."""
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.begin_minute < self.end_minute:
            return day in self.days and self.begin_minute <= minute < self.end_minute
        is_evening = day in self.days and minute >= self.begin_minute
        return is_evening or ((day - 1) % 7 in self.days and minute < self.end_minute)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rules of a week; of those that hold, the first counts. Raises InvalidInput."""

    rules: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        if len(self.rules) > MOST_RULES:
            _refuse(f"A schedule has at most {MOST_RULES} rules. Put days together that are alike.")

    def rule_at(self, local: datetime) -> Rule | None:
        """The rule that counts at that local time, None for none."""
        return next((rule for rule in self.rules if rule.covers(local)), None)

    def next_change(self, local: datetime) -> datetime | None:
        """The first later minute on the local clock at which another speed counts, None where none ever does."""
        minutes = {minute % MINUTES_A_DAY for rule in self.rules for minute in (rule.begin_minute, rule.end_minute)}
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        speed = self._speed_at(local)
        for day in range(9):
            for minute in sorted(minutes):
                moment = midnight + timedelta(days=day, minutes=minute)
                if moment > local and self._speed_at(moment) != speed:
                    return moment
        return None

    def _speed_at(self, local: datetime) -> tuple[bool, int | None]:
        rule = self.rule_at(local)
        return (True, rule.bytes_per_second) if rule else (False, None)


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be chosen of the engine while it runs. Raises InvalidInput.

    bytes_per_second: of all downloads together, None for no limit. A rule of the schedule that holds takes its place.
    slots: how many background jobs transfer at once, None for the engine's own number.
    """

    bytes_per_second: int | None = None
    schedule: Schedule = field(default_factory=Schedule)
    slots: int | None = None

    def __post_init__(self) -> None:
        check_speed(self.bytes_per_second)
        if self.slots is not None and not (_is_number(self.slots) and 1 <= self.slots <= MOST_SLOTS):
            _refuse(f"From 1 to {MOST_SLOTS} downloads can run at once.")


@dataclass(frozen=True, slots=True)
class JobLimits:
    """What may be chosen of one job. Raises InvalidInput.

    bytes_per_second: of all its files together, None for no limit of its own. segments: over so many connections at
    once each large file is fetched.
    """

    bytes_per_second: int | None = None
    segments: int = 1

    def __post_init__(self) -> None:
        check_speed(self.bytes_per_second)
        if not (_is_number(self.segments) and 1 <= self.segments <= MOST_SEGMENTS):
            _refuse(f"A file comes over 1 to {MOST_SEGMENTS} connections.")


def check_speed(bytes_per_second: int | None) -> None:
    """Raises InvalidInput for a speed that can't be a limit; None is no limit."""
    if bytes_per_second is None:
        return
    if not _is_number(bytes_per_second) or not LEAST_BYTES_PER_SECOND <= bytes_per_second <= MOST_BYTES_PER_SECOND:
        _refuse(f"A speed limit is a whole number of bytes a second, at least {LEAST_BYTES_PER_SECOND:,}.")


def limits_to_json(limits: Limits) -> str:
    """The limits as one line of JSON.

    {"bytes_per_second": null, "slots": 3, "schedule": [
        {"days": [0, 1, 2, 3, 4], "begin": "08:00", "end": "18:00", "bytes_per_second": 100000}]}
    """
    data = {"bytes_per_second": limits.bytes_per_second, "slots": limits.slots}
    return json.dumps({**data, "schedule": _rules_to_data(limits.schedule)})


def limits_from_json(text: str) -> Limits:
    """The limits of such a text; what it leaves out is as in Limits(). Raises InvalidInput."""
    data = _parsed(text)
    known = _fields(data, "The limits", {"bytes_per_second", "slots", "schedule"})
    return Limits(known.get("bytes_per_second"), _schedule_of(known.get("schedule", [])), known.get("slots"))


def until(local: datetime, moment: datetime) -> str:
    """When the later of two local times is, as a person says it: "18:00", "tomorrow 08:00", "Monday 08:00"."""
    days = (moment.date() - local.date()).days
    day = "" if not days else "tomorrow " if days == 1 else f"{DAYS[moment.weekday()]} "
    return f"{day}{moment:%H:%M}"


def _rules_to_data(schedule: Schedule) -> list[dict[str, object]]:
    return [
        {
            "days": sorted(rule.days),
            "begin": _clock_time(rule.begin_minute),
            "end": _clock_time(rule.end_minute),
            "bytes_per_second": rule.bytes_per_second,
        }
        for rule in schedule.rules
    ]


def _schedule_of(data: object) -> Schedule:
    if not isinstance(data, list):
        _refuse("A schedule is a list of rules.")
    return Schedule(tuple(_rule_of(rule) for rule in data))


def _rule_of(data: object) -> Rule:
    names = {"days", "begin", "end", "bytes_per_second"}
    known = _fields(data, "A rule", names)
    if missing := sorted(names - known.keys()):
        _refuse(f"A rule of the schedule lacks {', '.join(missing)}.")
    days = known["days"]
    if not isinstance(days, list) or not all(_is_number(day) for day in days):
        _refuse("The days of a rule are a list of numbers from 0 for Monday to 6 for Sunday.")
    return Rule(frozenset(days), _minute(known["begin"]), _minute(known["end"]), known["bytes_per_second"])


def _fields(data: object, what: str, names: set[str]) -> dict[str, Any]:
    if not isinstance(data, dict):
        _refuse(f"{what} must be an object with {', '.join(sorted(names))}.")
    if strange := sorted(data.keys() - names):
        _refuse(f'{what} can\'t have "{strange[0]}". There are {", ".join(sorted(names))}.')
    return data


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"This is no JSON: {error}.") from error


def _minute(text: object) -> int:
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        _refuse(f"{text!r} is no time of the day. Write it as 08:00; a day ends at 24:00.")
    return int(found[1]) * 60 + int(found[2])


def _clock_time(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _refuse(message: str) -> NoReturn:
    raise InvalidInput(message)
