"""watch, wait: what happens from now on."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer

from domonitor.commands import options, terminal
from domonitor.commands.answering import service_answer
from domonitor.commands.answers import GoneLine, JobLine, ServiceLine, WaitAnswer, WaitedAnswer
from domonitor.commands.choosing import Chosen, ended_as, find_or_past
from domonitor.commands.ending import Exit, Stop
from domonitor.commands.listing import answer_of, filtered, write_table
from domonitor.commands.session import Session, opened
from domonitor.jobs import codes
from domonitor.jobs.change import Change, HealthState
from domonitor.jobs.job import Job, JobKey
from domonitor.jobs.state import FINAL, JobState
from domonitor.words import text

_REDRAW_S = 0.25
_HOME_AND_CLEAR = "\x1b[H\x1b[J"


def watch(
    ctx: typer.Context,
    states: options.States = None,
    service: options.Service = None,
    words: options.Text = None,
    as_json: options.Json = False,
) -> None:
    """Show every change until Ctrl+C."""
    with opened(ctx.obj, service, start=ctx.obj.in_process) as session:
        is_drawn = sys.stdout.isatty() and not as_json
        if is_drawn:
            _draw(session, states, words)
        else:
            _write_changes(session, filtered(session, states, words), {}, as_json=as_json)
        drawn_s = time.monotonic()
        for change in session.changes():
            if is_drawn:
                if time.monotonic() - drawn_s >= _REDRAW_S:
                    _draw(session, states, words)
                    drawn_s = time.monotonic()
                continue
            if change.health is not None:
                _write_health(session, change, as_json=as_json)
            wanted = {job.key for job in filtered(session, states, words)}
            jobs = [job for job in change.upserts if job.key in wanted]
            removals: Mapping[JobKey, Job | None] = {} if states or words else change.removals
            _write_changes(session, jobs, removals, as_json=as_json)


def _draw(session: Session, states: list[options.StateName] | None, words: str | None) -> None:
    sys.stdout.write(_HOME_AND_CLEAR)
    write_table(session, filtered(session, states, words), is_moving=True)
    sys.stdout.flush()


def _write_health(session: Session, change: Change, *, as_json: bool) -> None:
    names = {job.key.service for job in change.upserts} or set(session.services)
    for name in names:
        health = session.health[name]
        if health != change.health:
            continue
        if as_json:
            terminal.write_json(ServiceLine(service_answer(name, health, session.served(name))))
        else:
            terminal.say(f"{text.service(name)}: {health.reason or text.health_name(health.state)}")


def _write_changes(
    session: Session, jobs: Iterable[Job], removals: Mapping[JobKey, Job | None], *, as_json: bool
) -> None:
    for job in jobs:
        if as_json:
            terminal.write_json(JobLine(answer_of(session, job)))
        else:
            _write_line(job.key, job.display_name, text.state(job, datetime.now(UTC)), text.progress(job))
    for key, last in removals.items():
        if as_json:
            terminal.write_json(GoneLine(key.service, key.id, None if last is None else answer_of(session, last)))
        elif last is None:
            _write_line(key, "", text.tr("Gone from its service"), "")
        else:
            _write_line(key, last.display_name, text.state(last, datetime.now(UTC)), "")
    sys.stdout.flush()


def _write_line(key: JobKey, name: str, state: str, progress: str) -> None:
    parts = (f"{datetime.now(UTC).astimezone():%H:%M:%S}", key.id, name, state, progress)
    terminal.write("  ".join(filter(None, parts)))


def wait(
    ctx: typer.Context,
    ids: options.Ids = None,
    is_all: options.All = False,
    service: options.Service = None,
    timeout_s: Annotated[
        float | None,
        typer.Option("--timeout", metavar="SECONDS", min=0, help="Wait no longer.", show_default=False),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Wait until downloads have arrived or failed.

    Ends with 0 when all have arrived, 1 when one has failed or was cancelled, 3 when nobody works on them, 4 when the
    time was over first.
    """
    chosen = Chosen(ids or (), is_all, service)
    chosen.check()
    with opened(ctx.obj, service, start=ctx.obj.in_process) as session:
        waiting = Waiting(session)
        if is_all:
            for job in chosen.jobs(session):
                waiting.add(job)
        for given in ids or ():
            found = find_or_past(session, given)
            if isinstance(found, Job):
                waiting.add(found)
            else:
                waiting.end(found[0], "", ended_as(found[1]))
        is_over = waiting.run(timeout_s, as_json=as_json)
    waiting.tell(is_over=is_over, as_json=as_json)


class Waiting:
    """Downloads until each of them has arrived or failed.

    left: those of which neither is known yet. results: of the others arrived or failed, and a sentence.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.names: dict[JobKey, str] = {}
        self.left: dict[JobKey, Job] = {}
        self.results: dict[JobKey, tuple[str, str]] = {}

    def add(self, job: Job) -> None:
        """Waits for this one too; looks at it as it is now."""
        self.names[job.key] = job.display_name
        self.left[job.key] = job
        if job.state in FINAL or job.state is JobState.ERROR or has_arrived(job):
            self.end(job.key, job.display_name, job.state, job.error_code)

    def end(self, key: JobKey, name: str, state: JobState | None, error_code: int | None = None) -> None:
        """It has come to an end. state: None where it vanished."""
        self.left.pop(key, None)
        self.names.setdefault(key, name or key.id)
        if state in (JobState.ACKNOWLEDGED, JobState.TRANSFERRED):
            self.results[key] = ("arrived", text.state_name(state))
        elif state is None:
            self.results[key] = ("failed", text.tr("Gone from its service"))
        else:
            headline = codes.explain(error_code).headline if error_code else text.state_name(state)
            self.results[key] = ("failed", headline)

    def take(self, change: Change) -> None:
        """Looks at what has changed."""
        for job in change.upserts:
            if job.key in self.left:
                self.add(job)
        for key, last in change.removals.items():
            if key in self.left:
                self.end(
                    key,
                    self.names[key],
                    None if last is None else last.state,
                    None if last is None else last.error_code,
                )

    def run(self, timeout_s: float | None, *, as_json: bool) -> bool:
        """Until none is left; whether the time was over first. Raises Stop where nobody works on them."""
        if not self.left:
            return False
        for change in self._session.changes(timeout_s):
            self._check_health()
            known = self.left.keys() & {*(job.key for job in change.upserts), *change.removals}
            if as_json:
                for key in known:
                    if key in change.removals:
                        last = change.removals[key]
                        shown = None if last is None else answer_of(self._session, last)
                        terminal.write_json(GoneLine(key.service, key.id, shown))
                    else:
                        terminal.write_json(JobLine(answer_of(self._session, self._session.jobs[key])))
            self.take(change)
            if not self.left:
                return False
        return True

    def tell(self, *, is_over: bool, as_json: bool) -> None:
        """The result of each. Raises Stop unless all have arrived."""
        waiting = ("waiting", "")
        if as_json:
            waited = [
                WaitedAnswer(key.service, key.id, name, *self.results.get(key, waiting))
                for key, name in self.names.items()
            ]
            terminal.write_json(WaitAnswer(waited, is_over))
        has_failed = False
        for key, (result, message) in self.results.items():
            if result == "failed":
                has_failed = True
                terminal.say(f"{self.names[key]}: {message}.")
        if has_failed:
            raise Stop(Exit.FAILED)
        if is_over:
            count = len(self.left)
            said = text.plural(count, "{n} download is not there yet.", "{n} downloads are not there yet.")
            raise Stop(Exit.REFUSED, said)

    def _check_health(self) -> None:
        """A service that nobody runs moves nothing: to wait for it would be to wait for ever."""
        for key in self.left:
            health = self._session.health[key.service]
            if health.state in (HealthState.IDLE, HealthState.UNAVAILABLE):
                raise Stop(Exit.NOT_REACHABLE, health.reason)


def has_arrived(job: Job) -> bool:
    """Whether all of it is there and nothing more will happen by itself."""
    return job.state is JobState.TRANSFERRED and not job.auto_complete
