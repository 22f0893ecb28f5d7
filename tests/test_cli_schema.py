"""The answers in JSON are a promise: what they are is written down twice, and compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from domonitor.commands import answers, terminal
from domonitor.commands.answering import job_answer
from domonitor.jobs.state import Command
from tests.conforming import KINDS, conforms, described
from tests.jobs.samples import SOME_DAY, a_job

WRITTEN = Path(__file__).parent / "answers_1.txt"


def test_the_schema_is_what_was_promised() -> None:
    """A field may be added, here too; one that goes away or means something else needs another version."""
    assert described() == WRITTEN.read_text(encoding="utf-8")
    assert WRITTEN.stem == f"answers_{answers.VERSION}"


def test_every_answer_and_every_field_that_needs_it_is_explained() -> None:
    for kind in vars(answers).values():
        if isinstance(kind, type) and kind.__module__ == answers.__name__:
            assert kind.__doc__, kind
    assert set(KINDS) == {
        *("list", "show", "error", "timeline", "services", "command", "job", "gone", "service", "wait", "explain"),
        *("engine", "job list", "exported", "log line", "log files", "doctor", "selftest"),
    }


def test_what_lacks_a_field_or_has_another_one_does_not_conform() -> None:
    answer = terminal.as_json(answers.JobLine(job_answer(a_job(), frozenset(Command), SOME_DAY)))
    answer = {"schema": answer.pop("schema"), "kind": answer.pop("kind"), **answer}
    assert conforms(answer)
    for broken in (
        {**answer, "more": 1},
        {name: value for name, value in answer.items() if name != "job"},
        {**answer, "job": {**answer["job"], "bytes_total": "many"}},
        {**answer, "job": {**answer["job"], "allowed": None}},
    ):
        with pytest.raises(AssertionError):
            conforms(broken)


def test_moments_are_in_utc() -> None:
    moment = job_answer(a_job(), frozenset(), SOME_DAY).created
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment)
