"""The tables of states, against the sentences of the documentation."""

from __future__ import annotations

from itertools import product

import pytest

from domonitor.jobs.state import ACTIVE, ALLOWED, ERRONEOUS, FINAL, SETTING, TRANSITIONS, Command, JobState

EVERYWHERE_NOT_FINAL = set(JobState) - {JobState.ACKNOWLEDGED, JobState.CANCELLED}

DOCUMENTED_WAYS = {
    # resume; a retry that is due or a network that is back; a file added to a transferred job
    ("SUSPENDED", "QUEUED"),
    ("ERROR", "QUEUED"),
    ("TRANSIENT_ERROR", "QUEUED"),
    ("TRANSFERRED", "QUEUED"),
    # the way of a job that goes well; a job whose files are all there needs no connection
    ("QUEUED", "CONNECTING"),
    ("CONNECTING", "TRANSFERRING"),
    ("TRANSFERRING", "TRANSFERRED"),
    ("QUEUED", "TRANSFERRED"),
    # a time slice that ends, a slot that is taken away
    ("CONNECTING", "QUEUED"),
    ("TRANSFERRING", "QUEUED"),
    # suspend
    ("QUEUED", "SUSPENDED"),
    ("CONNECTING", "SUSPENDED"),
    ("TRANSFERRING", "SUSPENDED"),
    ("TRANSIENT_ERROR", "SUSPENDED"),
    # failures, and the network that is gone
    ("QUEUED", "TRANSIENT_ERROR"),
    ("CONNECTING", "TRANSIENT_ERROR"),
    ("TRANSFERRING", "TRANSIENT_ERROR"),
    ("QUEUED", "ERROR"),
    ("CONNECTING", "ERROR"),
    ("TRANSFERRING", "ERROR"),
    ("TRANSIENT_ERROR", "ERROR"),
    # files that can't get their names by themselves (ours)
    ("TRANSFERRED", "ERROR"),
} | {(state.name, final) for state in EVERYWHERE_NOT_FINAL for final in ("ACKNOWLEDGED", "CANCELLED")}

EFFECTIVE_IN = {
    Command.RESUME: {JobState.SUSPENDED, JobState.ERROR, JobState.TRANSIENT_ERROR},
    Command.SUSPEND: {JobState.QUEUED, JobState.CONNECTING, JobState.TRANSFERRING, JobState.TRANSIENT_ERROR},
    Command.COMPLETE: EVERYWHERE_NOT_FINAL,
    Command.CANCEL: EVERYWHERE_NOT_FINAL,
    **dict.fromkeys(SETTING, EVERYWHERE_NOT_FINAL),
}
"""Where job-semantics.md says of a call that it changes something, and not "ok, no effect" or INVALID_STATE."""


@pytest.mark.parametrize(("start", "end"), list(product(JobState, JobState)), ids=lambda state: state.name)
def test_a_job_goes_exactly_the_documented_ways(start: JobState, end: JobState) -> None:
    assert (end in TRANSITIONS[start]) == ((start.name, end.name) in DOCUMENTED_WAYS)


@pytest.mark.parametrize(("command", "state"), list(product(Command, JobState)), ids=lambda value: value.name)
def test_a_command_is_offered_exactly_where_it_has_an_effect(command: Command, state: JobState) -> None:
    assert (command in ALLOWED[state]) == (state in EFFECTIVE_IN[command])


@pytest.mark.parametrize(
    ("command", "state"), list(product(sorted(set(Command) - SETTING), JobState)), ids=lambda value: value.name
)
def test_an_offered_command_leads_along_a_documented_way(command: Command, state: JobState) -> None:
    target = {
        Command.RESUME: JobState.QUEUED,
        Command.SUSPEND: JobState.SUSPENDED,
        Command.COMPLETE: JobState.ACKNOWLEDGED,
        Command.CANCEL: JobState.CANCELLED,
    }[command]
    assert command not in ALLOWED[state] or target in TRANSITIONS[state]


def test_the_states_have_the_documented_values() -> None:
    assert [state.name for state in sorted(JobState)] == [
        "QUEUED",
        "CONNECTING",
        "TRANSFERRING",
        "SUSPENDED",
        "ERROR",
        "TRANSIENT_ERROR",
        "TRANSFERRED",
        "ACKNOWLEDGED",
        "CANCELLED",
    ]
    assert sorted(JobState) == list(range(9))


def test_every_state_is_in_both_tables() -> None:
    assert set(TRANSITIONS) == set(ALLOWED) == set(JobState)


def test_the_final_states_are_those_without_a_way_out_or_a_command() -> None:
    assert {state for state in JobState if not TRANSITIONS[state]} == FINAL
    assert {state for state in JobState if not ALLOWED[state]} == FINAL


def test_no_state_is_of_two_kinds() -> None:
    assert len(ACTIVE | ERRONEOUS | FINAL) == len(ACTIVE) + len(ERRONEOUS) + len(FINAL)
