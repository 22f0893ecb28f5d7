"""list, show, services: what is there."""

from __future__ import annotations

import csv
import sys
from collections import Counter
from dataclasses import astuple, fields
from datetime import UTC, datetime
from typing import Annotated

import typer

from domonitor.commands import options, terminal
from domonitor.commands.answering import file_answers, job_answer, service_answer
from domonitor.commands.answers import JobAnswer, ListAnswer, ServiceAnswer, ServicesAnswer, ShowAnswer
from domonitor.commands.choosing import ended_as, find_or_past, short_ids
from domonitor.commands.ending import Exit, Stop
from domonitor.commands.session import Session, opened
from domonitor.jobs.address import without_secrets
from domonitor.jobs.event import Event
from domonitor.jobs.job import Job, JobFile, JobKey, Origin
from domonitor.words import text


def list_jobs(
    ctx: typer.Context,
    states: options.States = None,
    service: options.Service = None,
    words: options.Text = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, with the names of --json as titles.")] = False,
    as_json: options.Json = False,
) -> None:
    """Show the downloads that have not ended."""
    if as_csv and as_json:
        raise Stop(Exit.WRONG_USE, "Give either --csv or --json.")
    with opened(ctx.obj, service) as session:
        jobs = filtered(session, states, words)
        if as_json or as_csv:
            answers = [answer_of(session, job) for job in jobs]
        if as_json:
            terminal.write_json(ListAnswer(answers, _services(session), _summary(jobs)))
        elif as_csv:
            _write_csv(answers)
        else:
            write_table(session, jobs)


def filtered(session: Session, states: list[options.StateName] | None, words: str | None) -> list[Job]:
    """The downloads in the states, with the words in name, description or id."""
    wanted = {name.state for name in states or ()}
    searched = (words or "").casefold()
    return [
        job
        for job in session.jobs.values()
        if (not wanted or job.state in wanted)
        and searched in f"{job.display_name}\n{job.description or ''}\n{job.key.id}".casefold()
    ]


def answer_of(session: Session, job: Job) -> JobAnswer:
    """The download as JSON tells it."""
    served = session.served(job.key.service)
    return job_answer(job, served, datetime.now(UTC), session.bytes_per_s(job.key))


def _write_csv(answers: list[JobAnswer]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(field.name for field in fields(JobAnswer))
    for answer in answers:
        *values, allowed = astuple(answer)
        writer.writerow([*map(_cell, values), " ".join(allowed)])


def _cell(value: object) -> str:
    """As JSON would say it, where CSV has no word of its own; no control characters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else terminal.plain(str(value))


def write_table(session: Session, jobs: list[Job], *, is_moving: bool = False) -> None:
    """The downloads as a table. is_moving: with speed and time left in place of service and creation."""
    if jobs:
        ends = ("Speed", "Time left") if is_moving else ("Service", "Created")
        short = short_ids(session.jobs.values())
        rows = [(short[job.key], *_row(job), *(_motion if is_moving else _origin)(session, job)) for job in jobs]
        titles = [text.tr(title) for title in ("ID", "Name", "State", "Progress", "Size", *ends)]
        terminal.table(titles, rows, [terminal.COLORS.get(job.state, "") for job in jobs])
    if sys.stdout.isatty():
        terminal.write(_summary(jobs))


def _summary(jobs: list[Job]) -> str:
    return text.summary(Counter(job.state for job in jobs if job.origin is Origin.OURS), None)


def _row(job: Job) -> tuple[str, ...]:
    size = text.size(job.progress.bytes_total)
    return job.display_name, text.state(job, datetime.now(UTC)), text.progress(job), size


def _origin(_: Session, job: Job) -> tuple[str, str]:
    return text.service(job.key.service), text.moment(job.times.created)


def _motion(session: Session, job: Job) -> tuple[str, str]:
    speed = session.bytes_per_s(job.key)
    return text.speed(speed), text.remaining(job, speed)


def show(
    ctx: typer.Context,
    ids: options.SomeIds,
    service: options.Service = None,
    as_json: options.Json = False,
) -> None:
    """Show all that is known of downloads.

    With their files; by its whole id also one that has ended.
    """
    with opened(ctx.obj, service) as session:
        for at, given in enumerate(ids):
            found = find_or_past(session, given)
            key = found.key if isinstance(found, Job) else found[0]
            files = session.files(key)
            if as_json:
                job = answer_of(session, found) if isinstance(found, Job) else None
                terminal.write_json(ShowAnswer(key.service, key.id, job, file_answers(files)))
                continue
            if at:
                terminal.write("")
            for title, value in _facts(found) if isinstance(found, Job) else _past_facts(key, found[1]):
                if value:
                    terminal.write(f"{title + ':':<14}{value}")
            _write_files(files)


def _facts(job: Job) -> list[tuple[str, str]]:
    progress, times = job.progress, job.times
    done = text.size(progress.bytes_transferred)
    total = "" if progress.bytes_total is None else f" of {text.size(progress.bytes_total)}"
    return [
        ("Name", job.display_name),
        ("ID", job.key.id),
        ("Service", text.service(job.key.service)),
        ("State", text.state(job, datetime.now(UTC))),
        ("Progress", f"{text.progress(job)}  {done}{total}".strip()),
        ("Files", f"{progress.files_transferred} of {progress.files_total}"),
        ("Priority", job.priority.name.capitalize()),
        ("Whose", text.whose([job]) or text.tr("ours")),
        ("Owner", job.owner or ""),
        ("Description", job.description or ""),
        ("Completes", "by itself" if job.auto_complete else "when asked to"),
        ("Created", text.date_and_time(times.created)),
        ("Changed", text.date_and_time(times.modified)),
        ("Arrived", text.date_and_time(times.transferred)),
    ]


def _past_facts(key: JobKey, events: tuple[Event, ...]) -> list[tuple[str, str]]:
    state = ended_as(events)
    return [
        ("ID", key.id),
        ("Service", text.service(key.service)),
        ("State", text.tr("Gone from its service") if state is None else text.state_name(state)),
        ("Ended", text.date_and_time(events[-1].at)),
    ]


def _write_files(files: tuple[JobFile, ...]) -> None:
    for number, file in enumerate(files, 1):
        done = " ".join(filter(None, (text.file_state(file), text.file_percent(file))))
        terminal.write(f"{number:>4}. {file.local_name}")
        terminal.write(f"      {without_secrets(file.remote_name)}")
        terminal.write(f"      {done}, {text.size(file.progress.bytes_transferred)}")


def list_services(ctx: typer.Context, as_json: options.Json = False) -> None:
    """Show the download services and their state."""
    session = Session(ctx.obj.backends(None, start=False))
    try:
        try:
            session.open()
        except Stop as stop:
            if stop.code is not Exit.NOT_REACHABLE:
                raise
        answers = _services(session)
    finally:
        session.close()
    if as_json:
        terminal.write_json(ServicesAnswer(answers))
    else:
        rows = [(one.name, one.title, one.state, one.reason) for one in answers]
        terminal.table(["Name", "Service", "State", ""], rows)
    if all(one.state == "unavailable" for one in answers):
        raise Stop(Exit.NOT_REACHABLE)


def _services(session: Session) -> list[ServiceAnswer]:
    return [service_answer(name, session.health[name], session.served(name)) for name in session.services]
