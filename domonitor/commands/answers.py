"""What the commands answer with --json: the schema, version 1.

An answer is one object on a line of its own; watch, wait and get write one a line as things happen. Each begins with
"schema", the version, and "kind". Within a version fields may be added; none goes away or changes its meaning.
Moments are ISO 8601 in UTC, sizes are bytes, codes are HRESULTs as "0x80072EE7", what is not known is null. Addresses
are without user name, password and query.
"""

from __future__ import annotations

from dataclasses import dataclass, field

VERSION = 1


@dataclass(frozen=True, slots=True)
class JobAnswer:
    """A download. state: the documented name in small letters: queued, connecting, transferring, suspended, error,
    transient_error, transferred, acknowledged, cancelled. state_text: the window's words. origin: ours, my account,
    other user, system. allowed: the commands that may be given to it now.
    """

    service: str
    id: str
    name: str
    state: str
    state_text: str
    bytes_total: int | None
    bytes_transferred: int
    bytes_per_second: float | None
    files_total: int
    files_transferred: int
    priority: str
    origin: str
    owner: str | None
    description: str | None
    created: str
    modified: str
    transferred: str | None
    error_code: str | None
    error_name: str | None
    retry_at: str | None
    waiting_reason: str | None
    auto_complete: bool
    allowed: list[str]


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """A file. number: its place, 1 for the first one. ranges: pairs of offset and length; a null length is to the end.
    transferred: all of it has arrived. completed: it has its name.
    """

    number: int
    address: str
    path: str
    state_text: str
    bytes_total: int | None
    bytes_transferred: int
    transferred: bool
    completed: bool
    ranges: list[list[int | None]]


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """A download service. state: ok, idle, connecting, unavailable. reason: why it is not ok, "" where it is."""

    name: str
    title: str
    state: str
    reason: str
    commands: list[str]


@dataclass(frozen=True, slots=True)
class OutcomeAnswer:
    """What became of one download. done: whether the command was carried out, or would be. is_partial: files were
    dropped. message: a sentence, "" where all went well. id: null where nothing could be added.
    """

    service: str
    id: str | None
    name: str
    done: bool
    code: str
    code_name: str
    message: str
    is_partial: bool


@dataclass(frozen=True, slots=True)
class EventAnswer:
    """A line of a timeline. kind: state, error, retry, command, named. origin: who caused it."""

    at: str
    kind: str
    state: str | None
    code: str | None
    detail: str
    origin: str
    text: str


@dataclass(frozen=True, slots=True)
class FailureAnswer:
    """What the error panel says. context: the number of BG_ERROR_CONTEXT. passes_by_itself: it is tried again.
    recorded: that it comes from a record, "" where the service holds it.
    """

    code: str
    name: str
    headline: str
    meaning: str
    steps: list[str]
    context: int
    context_text: str
    address: str | None
    path: str | None
    description: str
    occurred_at: str | None
    attempts: int | None
    retry_at: str | None
    retry_text: str
    passes_by_itself: bool
    recorded: str


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """list."""

    jobs: list[JobAnswer]
    services: list[ServiceAnswer]
    summary: str
    schema: int = VERSION
    kind: str = "list"


@dataclass(frozen=True, slots=True)
class ShowAnswer:
    """show, one line a download. job: null for one that has ended."""

    service: str
    id: str
    job: JobAnswer | None
    files: list[FileAnswer]
    schema: int = VERSION
    kind: str = "show"


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """error, one line a download. failure: null where nothing is wrong with it."""

    job: JobAnswer
    failure: FailureAnswer | None
    schema: int = VERSION
    kind: str = "error"


@dataclass(frozen=True, slots=True)
class TimelineAnswer:
    """timeline, one line a download. job: null for one that has ended."""

    service: str
    id: str
    job: JobAnswer | None
    events: list[EventAnswer]
    schema: int = VERSION
    kind: str = "timeline"


@dataclass(frozen=True, slots=True)
class ServicesAnswer:
    """services."""

    services: list[ServiceAnswer]
    schema: int = VERSION
    kind: str = "services"


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """resume, suspend, complete, cancel, priority, limit, set-address; add, import and get for what they added."""

    command: str
    dry_run: bool
    outcomes: list[OutcomeAnswer]
    schema: int = VERSION
    kind: str = "command"


@dataclass(frozen=True, slots=True)
class JobLine:
    """watch, wait and get: the download is new or has changed."""

    job: JobAnswer
    schema: int = VERSION
    kind: str = "job"


@dataclass(frozen=True, slots=True)
class GoneLine:
    """watch, wait and get: the service does not list the download any more. job: its last state, where it is known."""

    service: str
    id: str
    job: JobAnswer | None
    schema: int = VERSION
    kind: str = "gone"


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """watch: how a service is reached has changed."""

    service: ServiceAnswer
    schema: int = VERSION
    kind: str = "service"


@dataclass(frozen=True, slots=True)
class WaitedAnswer:
    """A download that was waited for. result: arrived, failed, or waiting where the time was over first."""

    service: str
    id: str
    name: str
    result: str
    message: str


@dataclass(frozen=True, slots=True)
class WaitAnswer:
    """wait and get: the last line."""

    jobs: list[WaitedAnswer]
    timed_out: bool
    schema: int = VERSION
    kind: str = "wait"


@dataclass(frozen=True, slots=True)
class MeaningAnswer:
    """One documented meaning of a code."""

    names: list[str]
    family: str
    meaning: str
    steps: list[str]


@dataclass(frozen=True, slots=True)
class ExplainAnswer:
    """explain. within: the meanings of the error within a code that is not documented itself. passes_by_itself: for
    each service whether it tries again by itself, null where that is not documented.
    """

    code: str
    number: int
    headline: str
    details: str
    steps: list[str]
    meanings: list[MeaningAnswer]
    within: list[MeaningAnswer]
    facility: str
    passes_by_itself: dict[str, bool | None]
    schema: int = VERSION
    kind: str = "explain"


@dataclass(frozen=True, slots=True)
class EngineAnswer:
    """engine status and engine stop. process_id: the engine's, null where none runs or it can't be told."""

    running: bool
    process_id: int | None
    folder: str
    message: str
    schema: int = VERSION
    kind: str = "engine"


@dataclass(frozen=True, slots=True)
class ListFileAnswer:
    """A file in a job list. path: the whole path, or the name alone."""

    address: str
    path: str
    ranges: list[list[int | None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ListJobAnswer:
    """A download in a job list. priority: foreground, high, normal, low."""

    name: str
    files: list[ListFileAnswer]
    priority: str = "normal"
    auto_complete: bool = True


@dataclass(frozen=True, slots=True)
class JobListAnswer:
    """export, and what import reads. The addresses are whole here, with all that is secret in them: else nothing could
    be fetched from them.
    """

    jobs: list[ListJobAnswer]
    schema: int = VERSION
    kind: str = "job list"


@dataclass(frozen=True, slots=True)
class ExportedAnswer:
    """export into a file."""

    path: str
    jobs: int
    schema: int = VERSION
    kind: str = "exported"


@dataclass(frozen=True, slots=True)
class LogLine:
    """log, one line a line of the log."""

    line: str
    schema: int = VERSION
    kind: str = "log line"


@dataclass(frozen=True, slots=True)
class LogFilesAnswer:
    """log --path: where the logs lie, or would lie."""

    paths: list[str]
    schema: int = VERSION
    kind: str = "log files"


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """What a check of doctor found. level: ok, warning, problem. remedy: what to do, "" where nothing is to be done."""

    name: str
    level: str
    found: str
    remedy: str


@dataclass(frozen=True, slots=True)
class DoctorAnswer:
    """doctor. has_problem: whether a check found one; a warning is none."""

    has_problem: bool
    checks: list[CheckAnswer]
    schema: int = VERSION
    kind: str = "doctor"


@dataclass(frozen=True, slots=True)
class StepAnswer:
    """A step of doctor --selftest. result: OK, differs, not here."""

    name: str
    result: str
    found: str


@dataclass(frozen=True, slots=True)
class SelftestAnswer:
    """doctor --selftest. has_difference: whether a step found something that is not as documented."""

    has_difference: bool
    steps: list[StepAnswer]
    schema: int = VERSION
    kind: str = "selftest"
