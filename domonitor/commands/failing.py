"""error, timeline, explain: what went wrong, and what happened."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from domonitor.commands import options, terminal
from domonitor.commands.answering import event_answer, failure_answer
from domonitor.commands.answers import ErrorAnswer, ExplainAnswer, MeaningAnswer, TimelineAnswer
from domonitor.commands.choosing import find, find_or_past
from domonitor.commands.ending import Exit, Stop
from domonitor.commands.listing import answer_of
from domonitor.commands.session import Session, opened
from domonitor.jobs import codes, hresult
from domonitor.jobs.codes import Meaning
from domonitor.jobs.error import CallFailed, CopyError, InvalidInput
from domonitor.jobs.job import Job
from domonitor.jobs.state import ERRONEOUS
from domonitor.words import failure, happening, text


def show_error(
    ctx: typer.Context,
    ids: options.SomeIds,
    service: options.Service = None,
    as_json: options.Json = False,
) -> None:
    """Say what failed, why, and what to do.

    The words are those of the window's error panel.
    """
    with opened(ctx.obj, service) as session:
        for at, given in enumerate(ids):
            job = find(session, given)
            known = error_of(session, job) if job.state in ERRONEOUS else None
            told = failure.failure(job, known[0], datetime.now(UTC), known[1]) if known else None
            if as_json:
                shown = failure_answer(told, known[0]) if told and known else None
                terminal.write_json(ErrorAnswer(answer_of(session, job), shown))
                continue
            if at:
                terminal.write("")
            if told is None:
                terminal.write(f"{job.display_name}: nothing is wrong. {text.state(job, datetime.now(UTC))}.")
            else:
                write_failure(job, told)


def error_of(session: Session, job: Job) -> tuple[CopyError, str]:
    """The job's error, and that it comes from a record, "" where the service holds it."""
    try:
        return session.error(job.key), ""
    except CallFailed as refusal:
        is_lost = refusal.code == hresult.DO_E_ERROR_INFORMATION_UNAVAILABLE
    event = None
    with suppress(CallFailed):
        event = failure.last_error(session.timeline(job.key))
    if event is None or event.error is None or not failure.fits(job, event):
        return failure.without_object(job), ""
    return replace(event.error, retry_at=job.retry_at), text.recorded(event.at, datetime.now(UTC), is_lost=is_lost)


def write_failure(job: Job, told: failure.Failure) -> None:
    """The panel as text."""
    for line in told.as_text(job).splitlines():
        terminal.write(line)


def show_timeline(
    ctx: typer.Context,
    ids: options.SomeIds,
    service: options.Service = None,
    as_json: options.Json = False,
) -> None:
    """Show what happened to downloads.

    Oldest first; by its whole id also to one that has ended.
    """
    with opened(ctx.obj, service) as session:
        for at, given in enumerate(ids):
            found = find_or_past(session, given)
            job = found if isinstance(found, Job) else None
            if isinstance(found, Job):
                key = found.key
                events = session.timeline(key)
            else:
                key, events = found
            if as_json:
                shown = None if job is None else answer_of(session, job)
                terminal.write_json(TimelineAnswer(key.service, key.id, shown, list(map(event_answer, events))))
                continue
            if at:
                terminal.write("")
            for event in events:
                terminal.write(f"{text.date_and_time(event.at)}  {happening.sentence(event)}")


def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="0x80D02002, -2133843966, 404 or a name.")],
    as_json: options.Json = False,
) -> None:
    """Say what an error code means and what to do."""
    if not as_json:
        from domonitor import explain as explaining

        raise typer.Exit(explaining.main(code))
    try:
        found = codes.explain(code)
    except InvalidInput as refusal:
        raise Stop(Exit.WRONG_USE, str(refusal)) from refusal
    terminal.write_json(
        ExplainAnswer(
            hresult.text(found.code),
            found.code,
            found.headline,
            found.details,
            list(found.steps),
            list(map(_meaning, found.meanings)),
            list(map(_meaning, found.parts)),
            found.facility,
            {name: found.passes_by_itself(name) for name in ("engine", "bits", "do", "do-agent")},
        )
    )


def _meaning(meaning: Meaning) -> MeaningAnswer:
    return MeaningAnswer(list(meaning.names), meaning.family, meaning.meaning, list(meaning.steps))
