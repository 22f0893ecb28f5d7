"""get: downloads files and waits for them."""

from __future__ import annotations

import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from domonitor import services
from domonitor.commands import adding, options, terminal
from domonitor.commands.adding import ENGINE
from domonitor.commands.answers import GoneLine, JobLine, OutcomeAnswer, WaitAnswer, WaitedAnswer
from domonitor.commands.ending import Exit, Stop
from domonitor.commands.failing import error_of
from domonitor.commands.following import has_arrived
from domonitor.commands.listing import answer_of
from domonitor.commands.session import Reach, Session
from domonitor.jobs import codes, hresult
from domonitor.jobs.address import without_secrets
from domonitor.jobs.error import CopyError
from domonitor.jobs.job import Job, JobFile, JobKey
from domonitor.jobs.names import name_in_address
from domonitor.jobs.request import NewJob
from domonitor.jobs.state import ERRONEOUS, FINAL, Command, JobState
from domonitor.words import text

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_REDRAWN_PER_S = 10


def get(
    ctx: typer.Context,
    urls: adding.Addresses,
    directory: options.Directory = None,
    give_up_s: Annotated[
        float,
        typer.Option("--give-up", metavar="SECONDS", min=0, help="How long to try again without a byte arriving."),
    ] = 30.0,
    detach: Annotated[bool, typer.Option("--detach", help="Don't wait: as add.")] = False,
    keep_open: options.KeepOpen = False,
    existing: options.Existing = options.IfExisting.RENAME,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Download files and wait for them.

    Ends with 0 when all are complete, 1 when one failed, 2 when something given can't be used.
    """
    jobs = adding.plan(urls, directory, keep_open=keep_open, existing=existing)
    if detach or dry_run:
        adding.add_all(ctx, jobs, dry_run=dry_run, as_json=as_json)
        return
    with _engine(ctx.obj, may_be_another=not keep_open) as session:
        getting = _Getting(session, give_up_s, as_json=as_json)
        before = signal.signal(signal.SIGINT, getting.interrupt)
        try:
            getting.run(jobs)
        finally:
            signal.signal(signal.SIGINT, before)


@contextmanager
def _engine(reach: Reach, *, may_be_another: bool) -> Iterator[Session]:
    """A session with the engine; with one in a temporary folder where another program holds the user's own."""
    with ExitStack() as stack:
        session = Session(reach.backends(ENGINE, start=True))
        stack.callback(session.close)
        try:
            session.open()
        except Stop:
            held = services.engine_status(reach.folder)
            if not may_be_another or not held.is_running or held.is_shared:
                raise
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="domonitor-"))
            session = Session(services.open_backends(in_process=True, folder=Path(folder)))
            stack.callback(session.close)
            session.open()
        yield session


class _Getting:
    """The jobs of one command until all are complete or have failed."""

    def __init__(self, session: Session, give_up_s: float, *, as_json: bool) -> None:
        self._session = session
        self._give_up_s = give_up_s
        self._as_json = as_json
        self._is_interrupted = False
        self._names: dict[JobKey, str] = {}
        self._left: dict[JobKey, tuple[int, float]] = {}
        """Those under way: how much of each has arrived, and when that was last more than before."""
        self._failed: dict[JobKey, tuple[Job | None, CopyError | None]] = {}
        self._written: dict[JobKey, Job] = {}
        """What was last said of each in JSON."""
        self._renamed: list[JobFile] = []
        """What has arrived, and is called otherwise than in its address."""

    def interrupt(self, *_: object) -> None:
        """Ctrl+C: noted, and heeded between two looks, so that no half-added job is left behind."""
        self._is_interrupted = True
        self._session.wake()

    def run(self, jobs: Sequence[NewJob]) -> None:
        """Raises Stop unless all arrive."""
        answers = adding.hand_over(self._session, jobs)
        added = [JobKey(ENGINE, answer.id) for answer in answers if answer.done and answer.id is not None]
        if len(added) < len(answers):
            self._session.execute(Command.CANCEL, added)
            adding.tell([answer for answer in answers if not answer.done], dry_run=False, as_json=self._as_json)
            raise Stop(Exit.WRONG_USE)
        if self._as_json:
            adding.tell(answers, dry_run=False, as_json=True)
        self._follow(answers)
        for file in self._renamed if not self._as_json else ():
            said = "is saved as" if file.progress.completed else "will be saved as"
            terminal.write(f'{without_secrets(file.remote_name)} {said} "{text.file_name(file)}".')
        if self._is_interrupted:
            self._session.execute(Command.CANCEL, list(self._left))
            raise Stop(Exit.INTERRUPTED, "Stopped. What had not arrived whole was not kept.")
        if self._as_json:
            self._write_result()
        for key, (_, error) in self._failed.items():
            self._explain(self._names[key], error)
        if self._failed:
            raise Stop(Exit.FAILED)

    def _follow(self, answers: Sequence[OutcomeAnswer]) -> None:
        """Shows the progress until nothing moves any more, or Ctrl+C."""
        now_s = time.monotonic()
        for answer in answers:
            if answer.id is not None:
                key = JobKey(ENGINE, answer.id)
                self._names[key] = answer.name
                self._left[key] = (0, now_s)
        with _bars(is_shown=not self._as_json) as progress:
            bars = {key: progress.add_task(name, total=None, status="") for key, name in self._names.items()}
            for change in self._session.changes():
                if self._is_interrupted:
                    return
                for key, last in change.removals.items():
                    if key in self._left:
                        self._look(progress, bars[key], key, last, is_gone=True)
                for key in list(self._left):
                    # What was added may have changed before the first look at the changes.
                    if (job := self._session.jobs.get(key)) is not None:
                        self._look(progress, bars[key], key, job, is_gone=False)
                if not self._left:
                    return

    def _look(self, progress: Progress, bar: TaskID, key: JobKey, job: Job | None, *, is_gone: bool) -> None:
        if self._as_json and (is_gone or self._written.get(key) != job):
            self._write_line(key, job, is_gone=is_gone)
        if job is not None:
            self._names[key] = job.display_name
            _draw(progress, bar, job)
        if job is None or job.state is JobState.CANCELLED:
            self._fail(key, job, None)
        elif job.state in FINAL or has_arrived(job):
            self._renamed += filter(_is_renamed, self._session.files(key))
            del self._left[key]
        elif job.state is JobState.ERROR or self._has_waited_enough(key, job):
            self._fail(key, job, error_of(self._session, job)[0])
            self._session.execute(Command.CANCEL, [key])

    def _has_waited_enough(self, key: JobKey, job: Job) -> bool:
        """Whether the job only tries again and again, and no byte has arrived for long enough."""
        done, since_s = self._left[key]
        if job.progress.bytes_transferred != done:
            self._left[key] = job.progress.bytes_transferred, time.monotonic()
            return False
        return job.state is JobState.TRANSIENT_ERROR and time.monotonic() - since_s >= self._give_up_s

    def _fail(self, key: JobKey, job: Job | None, error: CopyError | None) -> None:
        self._failed[key] = job, error
        del self._left[key]

    def _write_line(self, key: JobKey, job: Job | None, *, is_gone: bool) -> None:
        shown = None if job is None else answer_of(self._session, job)
        if is_gone:
            terminal.write_json(GoneLine(key.service, key.id, shown))
        elif job is not None and shown is not None:
            self._written[key] = job
            terminal.write_json(JobLine(shown))

    def _write_result(self) -> None:
        waited = []
        for key, name in self._names.items():
            result, message = "arrived", ""
            if key in self._failed:
                error = self._failed[key][1]
                result = "failed"
                message = codes.explain(error.code).headline if error else text.state_name(JobState.CANCELLED)
            waited.append(WaitedAnswer(key.service, key.id, name, result, message))
        terminal.write_json(WaitAnswer(waited, timed_out=False))

    def _explain(self, name: str, error: CopyError | None) -> None:
        if error is None:
            terminal.say(f"{name}: {text.state_name(JobState.CANCELLED)}.")
            return
        explanation = codes.explain(error.code)
        lines = [f"{name}: {explanation.headline}.", f"  {error.description or explanation.details}"]
        lines += [f"  {number}. {step}" for number, step in enumerate(explanation.steps, 1)]
        lines.append(f"  {hresult.text(error.code)} {explanation.name}")
        terminal.say("\n".join(lines))


def _bars(*, is_shown: bool) -> Progress:
    from rich import progress
    from rich.console import Console

    return progress.Progress(
        progress.TextColumn("{task.description}", markup=False),
        progress.BarColumn(),
        progress.DownloadColumn(),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
        progress.TextColumn("{task.fields[status]}", markup=False),
        console=Console(file=sys.stdout, highlight=False),
        refresh_per_second=_REDRAWN_PER_S,
        disable=not is_shown,
    )


def _draw(progress: Progress, bar: TaskID, job: Job) -> None:
    if job.error_code is None or job.state not in ERRONEOUS:
        status = _WORDS.get(job.state, "")
    elif job.state is JobState.TRANSIENT_ERROR:
        status = f"{codes.explain(job.error_code).headline}, trying again…"
    else:
        status = "failed"
    done, total = job.progress.bytes_transferred, job.progress.bytes_total
    # The name too: the server may have given another one meanwhile.
    name = terminal.plain(job.display_name)
    progress.update(bar, description=name, total=total, completed=done, status=status)


_WORDS = {
    JobState.QUEUED: "waiting",
    JobState.CONNECTING: "connecting",
    JobState.TRANSFERRED: "arrived",
    JobState.ACKNOWLEDGED: "complete",
}


def _is_renamed(file: JobFile) -> bool:
    return text.file_name(file) != name_in_address(file.remote_name)
