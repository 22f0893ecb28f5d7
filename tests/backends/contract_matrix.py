"""Every method of the object model in each of the nine states, as a table, and the test that runs each cell of it.

The methods of an error object are asked of the one that get_error hands out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

import pytest

from domonitor.backends.interface import CopyErrorObject, CopyFile, CopyJob, CopyManager
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import NotifyFlags, Priority
from domonitor.jobs.state import ACTIVE, ERRONEOUS, FINAL, JobState
from tests.backends.contract_service import Lack, OpenService, Recorder, Service
from tests.backends.contract_states import Subject, bring, but_modified, readings

Q, C, T, S, E, TE, TD, A, X = JobState
NOT_FINAL = tuple(state for state in JobState if state not in FINAL)


class Effect(Enum):
    """What a call may do to the job."""

    NOTHING = "nothing that can be read is different afterwards"
    MODIFIED = "nothing but the time of modification may be different afterwards"
    CHANGE = "it does what it is for"


@dataclass(frozen=True, slots=True)
class Cell:
    """What a method does in a state.

    answer: S_OK, a documented success, or the code with which it is refused (Delivery Optimization's).
    after: the states in which the job may be then, more than one where it moves on by itself.
    because: what decides it. is_ours: no page does.
    """

    answer: int
    after: frozenset[JobState]
    because: str
    is_ours: bool
    effect: Effect

    @property
    def is_refusal(self) -> bool:
        return bool(self.answer & 0x80000000)


Cells = dict[JobState, Cell]


@dataclass(frozen=True, slots=True)
class Row:
    """A method. true_is: the success that True stands for. lack: a service with it refuses what would succeed."""

    call: Callable[[Subject], object]
    cells: Cells
    lack: Lack | None = None
    true_is: int = hresult.S_OK


def stays(
    states: Iterable[JobState],
    because: str,
    answer: int = hresult.S_OK,
    effect: Effect = Effect.NOTHING,
    *,
    is_ours: bool = False,
) -> Cells:
    """The job stays in the state in which it is."""
    return {state: Cell(answer, frozenset({state}), because, is_ours, effect) for state in states}


def goes(
    states: Iterable[JobState],
    after: Iterable[JobState],
    because: str,
    answer: int = hresult.S_OK,
    *,
    is_ours: bool = False,
) -> Cells:
    """The job goes to one of the states after, and perhaps on."""
    return {state: Cell(answer, frozenset(after), because, is_ours, Effect.CHANGE) for state in states}


# What more than one row says.

REFUSED_AT_THE_END = stays(FINAL, "A job that is final takes no calls.", hresult.DO_E_INVALID_STATE)
LAST_KNOWN = stays(FINAL, "A held object still says what its job was at the end.", is_ours=True)
NO_LONGER_KNOWN = stays(
    FINAL, "What only a living job knows is refused as every call is.", hresult.DO_E_INVALID_STATE, is_ours=True
)
READABLE = stays(NOT_FINAL, "What a job is can be read at any time.")
SETTABLE = stays(NOT_FINAL, "A set call is taken in every state that is not final.", effect=Effect.CHANGE)
ERROR_READABLE = {
    **stays(set(NOT_FINAL) - ERRONEOUS, "Only a failed job has an error.", hresult.DO_E_ERROR_INFORMATION_UNAVAILABLE),
    **stays(ERRONEOUS, "In an error state the job has an error object."),
    **NO_LONGER_KNOWN,
}
GOES_ON = "It moves on by itself, but no further than the server lets it."


def _of_job(name: str, *arguments: object) -> Callable[[Subject], object]:
    return lambda subject: getattr(subject.job, name)(*arguments)


def _reads_job(name: str, at_the_end: Cells, lack: Lack | None = None) -> Row:
    return Row(_of_job(name), {**READABLE, **at_the_end}, lack)


def _reads_file(name: str, at_the_end: Cells) -> Row:
    return Row(lambda subject: getattr(subject.file, name)(), {**READABLE, **at_the_end})


def _reads_error(name: str, lack: Lack | None = None) -> Row:
    return Row(lambda subject: getattr(subject.job.get_error(), name)(), ERROR_READABLE, lack)


def _sets(name: str, value: object, lack: Lack | None = None) -> Row:
    return Row(_of_job(name, value), {**SETTABLE, **REFUSED_AT_THE_END}, lack)


MATRIX: Mapping[str, Row] = {
    "manager.get_job": Row(
        lambda subject: subject.service.manager.get_job(subject.job.get_id()),
        READABLE | stays(FINAL, "A final job has left the service.", hresult.DO_E_JOB_NOT_FOUND),
    ),
    "manager.enum_jobs": Row(
        lambda subject: subject.service.manager.enum_jobs(),
        READABLE | stays(FINAL, "The list can always be asked for."),
        Lack.ENUM_JOBS,
    ),
    "job.get_id": _reads_job("get_id", LAST_KNOWN),
    "job.get_display_name": _reads_job("get_display_name", LAST_KNOWN),
    "job.get_description": _reads_job("get_description", LAST_KNOWN, Lack.DESCRIPTION),
    "job.get_state": _reads_job("get_state", LAST_KNOWN),
    "job.get_progress": _reads_job("get_progress", LAST_KNOWN),
    "job.get_times": _reads_job("get_times", LAST_KNOWN),
    "job.get_error": Row(_of_job("get_error"), ERROR_READABLE),
    "job.get_error_count": _reads_job("get_error_count", NO_LONGER_KNOWN, Lack.ERROR_COUNT),
    "job.get_owner": _reads_job("get_owner", LAST_KNOWN, Lack.OWNER),
    "job.add_file": Row(
        lambda subject: subject.job.add_file(subject.held_url("/more"), subject.service.target("more")),
        SETTABLE
        | goes([C], [Q, C], GOES_ON)
        | goes([T], [Q, C, T], GOES_ON)
        | goes([TD], [Q, C], "There is something to be transferred again.", is_ours=True)
        | REFUSED_AT_THE_END,
    ),
    "job.enum_files": _reads_job("enum_files", NO_LONGER_KNOWN),
    "job.resume": Row(
        _of_job("resume"),
        goes([S, E, TE], [Q, C], "It starts, or starts again, and goes no further than the server lets it.")
        | stays(ACTIVE, "It is on its way already.", effect=Effect.MODIFIED)
        | stays([TD], "It has arrived already.", effect=Effect.MODIFIED, is_ours=True)
        | REFUSED_AT_THE_END,
    ),
    "job.suspend": Row(
        _of_job("suspend"),
        goes([Q, C, T, TE], [S], "Its transfer, or its next attempt, is stopped.")
        | stays([S, E, TD], "There is nothing to be stopped.", effect=Effect.MODIFIED, is_ours=True)
        | REFUSED_AT_THE_END,
    ),
    "job.cancel": Row(
        _of_job("cancel"),
        goes(NOT_FINAL, [X], "A job can be cancelled at any time.") | REFUSED_AT_THE_END,
        true_is=hresult.BG_S_UNABLE_TO_DELETE_FILES,
    ),
    "job.complete": Row(
        _of_job("complete"),
        goes(NOT_FINAL, [A], "What is not whole is dropped.", hresult.BG_S_PARTIAL_COMPLETE)
        | goes([TD], [A], "All files get their names.")
        | REFUSED_AT_THE_END,
        true_is=hresult.BG_S_PARTIAL_COMPLETE,
    ),
    "job.set_priority": Row(
        _of_job("set_priority", Priority.LOW),
        SETTABLE | goes([C], [Q, C], GOES_ON) | goes([T], [Q, C, T], GOES_ON) | REFUSED_AT_THE_END,
    ),
    "job.get_priority": _reads_job("get_priority", LAST_KNOWN),
    "job.set_display_name": _sets("set_display_name", "another name", Lack.DISPLAY_NAME_CHANGE),
    "job.set_description": _sets("set_description", "a description", Lack.DESCRIPTION),
    "job.set_minimum_retry_delay": _sets("set_minimum_retry_delay", 60, Lack.TRANSIENT_RETRY_SETTABLE),
    "job.get_minimum_retry_delay": _reads_job(
        "get_minimum_retry_delay", NO_LONGER_KNOWN, Lack.TRANSIENT_RETRY_SETTABLE
    ),
    "job.set_no_progress_timeout": _sets("set_no_progress_timeout", 3_600),
    "job.get_no_progress_timeout": _reads_job("get_no_progress_timeout", NO_LONGER_KNOWN),
    "job.set_notify_interface": _sets("set_notify_interface", Recorder()),
    "job.get_notify_interface": _reads_job("get_notify_interface", LAST_KNOWN),
    "job.set_notify_flags": _sets("set_notify_flags", NotifyFlags.JOB_ERROR),
    "job.get_notify_flags": _reads_job("get_notify_flags", NO_LONGER_KNOWN),
    "file.get_remote_name": _reads_file("get_remote_name", LAST_KNOWN),
    "file.get_local_name": _reads_file("get_local_name", LAST_KNOWN),
    "file.get_progress": _reads_file("get_progress", NO_LONGER_KNOWN),
    "file.get_ranges": _reads_file("get_ranges", LAST_KNOWN),
    "file.set_remote_name": Row(
        lambda subject: subject.file.set_remote_name(subject.held_url("/elsewhere")),
        SETTABLE
        | goes([C], [Q, C], GOES_ON)
        | goes([T], [Q, C, T], GOES_ON)
        | goes([TD], [TD], "A file that has arrived is not fetched again.", is_ours=True)
        | REFUSED_AT_THE_END,
    ),
    "error.get_error": _reads_error("get_error"),
    "error.get_file": _reads_error("get_file"),
    "error.get_error_description": _reads_error("get_error_description", Lack.ERROR_TEXTS),
    "error.get_error_context_description": _reads_error("get_error_context_description", Lack.ERROR_TEXTS),
    "error.get_protocol": _reads_error("get_protocol", Lack.ERROR_TEXTS),
}

OF_NO_JOB = frozenset({"manager.create_job", "manager.close"})
"""Methods that concern no job that is in a state."""

WORDS = {
    hresult.S_OK: "ok",
    hresult.BG_S_PARTIAL_COMPLETE: "partial",
    hresult.DO_E_INVALID_STATE: "refused",
    hresult.DO_E_ERROR_INFORMATION_UNAVAILABLE: "no error",
    hresult.DO_E_JOB_NOT_FOUND: "not found",
}
"""Short words for the answers in the table, for whoever reads it as text."""


def drawn() -> str:
    """The table as text: an answer, and where the job goes (… for on from there); * marks what no page decides."""
    lines = [["", *(state.name for state in JobState)]]
    lines += [[name, *(_drawn(row.cells[state], state) for state in JobState)] for name, row in MATRIX.items()]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _drawn(cell: Cell, state: JobState) -> str:
    moves = "" if cell.after == {state} else f" > {min(cell.after).name}" + "…" * (len(cell.after) > 1)
    return WORDS[cell.answer] + moves + "*" * cell.is_ours


def cells(*effects: Effect) -> list[tuple[JobState, str]]:
    """The state and the method of each cell with one of these effects, by states."""
    return [(state, name) for state in JobState for name, row in MATRIX.items() if row.cells[state].effect in effects]


def check(subject: Subject, state: JobState, method: str) -> None:
    """Calls the method in that state: it does what the table says, and what a refused call may do is nothing."""
    service, row = subject.service, MATRIX[method]
    cell = row.cells[state]
    if cell.is_ours and not service.follows_ours:
        pytest.skip("no page decides what happens here")
    lacks_it = row.lack in service.lacks
    effect = Effect.NOTHING if lacks_it else cell.effect
    before = readings(subject)
    try:
        answer = row.true_is if row.call(subject) is True else hresult.S_OK
    except CallFailed as refusal:
        answer = refusal.code
    expected = {service.code(cell.answer)} if not lacks_it or cell.is_refusal else set()
    assert hresult.text(answer) in map(hresult.text, expected | ({hresult.E_NOTIMPL} if lacks_it else set()))
    assert subject.job.get_state() in ({state} if lacks_it else cell.after)
    if effect is Effect.NOTHING:
        assert readings(subject) == before
    elif effect is Effect.MODIFIED:
        assert but_modified(readings(subject)) == but_modified(before)


def _name(value: JobState | str) -> str:
    return value.name if isinstance(value, JobState) else value


class MatrixTests:
    """Every cell, and the table as a whole."""

    @pytest.fixture(scope="class")
    @classmethod
    def standing(cls, request: pytest.FixtureRequest, open_service: OpenService) -> Iterator[tuple[JobState, Subject]]:
        """A job in the state, in a service of its own, shared by the calls that change nothing."""
        with open_service() as service:
            yield request.param, bring(service, request.param)

    @pytest.mark.parametrize(
        ("standing", "method"), cells(Effect.NOTHING), ids=_name, indirect=["standing"], scope="class"
    )
    def test_a_call_that_reads_or_is_refused_changes_nothing(
        self, standing: tuple[JobState, Subject], method: str
    ) -> None:
        """What can be read, and what is refused, depends on the state; neither changes anything about the job."""
        state, subject = standing
        check(subject, state, method)

    @pytest.mark.parametrize(("state", "method"), cells(Effect.MODIFIED, Effect.CHANGE), ids=_name)
    def test_a_call_that_is_taken_leads_where_the_table_says(
        self, service: Service, state: JobState, method: str
    ) -> None:
        """Each call that a state takes leads to the documented states, or has no effect where there is none."""
        is_still = MATRIX[method].lack in service.lacks or MATRIX[method].cells[state].effect is Effect.MODIFIED
        check(bring(service, state, is_still=is_still), state, method)

    def test_no_cell_of_the_table_is_missing_or_unexplained(self) -> None:
        """The table names every method of the object model, and for each what it does in all nine states, and why."""
        print(drawn())
        kinds = {"manager": CopyManager, "job": CopyJob, "file": CopyFile, "error": CopyErrorObject}
        methods = {f"{kind}.{name}" for kind, of in kinds.items() for name in vars(of) if not name.startswith("_")}
        assert set(MATRIX) == methods - OF_NO_JOB
        for name, row in MATRIX.items():
            assert set(row.cells) == set(JobState), name
            for state, cell in row.cells.items():
                where = f"{name} in {state.name}"
                assert cell.because.endswith("."), where
                assert cell.answer in WORDS, where
                assert cell.after, where
                if cell.effect is not Effect.CHANGE:
                    assert cell.after == {state}, where
                if cell.is_refusal:
                    assert cell.effect is Effect.NOTHING, where
