"""resume, suspend, complete, cancel, priority, limit, set-address: what is done with downloads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from domonitor.commands import options, terminal
from domonitor.commands.answering import outcome_answer
from domonitor.commands.answers import CommandAnswer, OutcomeAnswer
from domonitor.commands.choosing import Chosen, find
from domonitor.commands.ending import Exit, Stop
from domonitor.commands.session import Reach, Session, opened
from domonitor.jobs import codes, hresult
from domonitor.jobs.address import check_address
from domonitor.jobs.error import CallFailed, InvalidInput
from domonitor.jobs.job import Job, JobFile, JobKey, Priority
from domonitor.jobs.limit import check_speed
from domonitor.jobs.request import Outcome
from domonitor.jobs.state import Command
from domonitor.words import text
from domonitor.words.question import is_offered, question, why_not

_COUNTED_JOBS = 50
"""Of more jobs than these the files are not counted one by one before the question."""

_SPEED = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]?)(i?)B?(?:/s)?", re.IGNORECASE)


def resume(
    ctx: typer.Context,
    ids: options.Ids = None,
    is_all: options.All = False,
    service: options.Service = None,
    not_mine: options.NotMine = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Start downloads, or start them again."""
    _give(ctx.obj, Command.RESUME, Chosen(ids or (), is_all, service, not_mine), dry_run, as_json)


def suspend(
    ctx: typer.Context,
    ids: options.Ids = None,
    is_all: options.All = False,
    service: options.Service = None,
    not_mine: options.NotMine = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Stop downloads; what has arrived is kept.

    Asks before it stops those of others.
    """
    _give(ctx.obj, Command.SUSPEND, Chosen(ids or (), is_all, service, not_mine), dry_run, as_json, is_agreed=yes)


def complete(
    ctx: typer.Context,
    ids: options.Ids = None,
    is_all: options.All = False,
    service: options.Service = None,
    partial: Annotated[bool, typer.Option("--partial", help="Also where files would be dropped.")] = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Give what has arrived its names and end it."""
    chosen = Chosen(ids or (), is_all, service)
    _give(ctx.obj, Command.COMPLETE, chosen, dry_run, as_json, is_agreed=partial)


def cancel(
    ctx: typer.Context,
    ids: options.Ids = None,
    is_all: options.All = False,
    service: options.Service = None,
    not_mine: options.NotMine = False,
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Remove downloads and what has arrived.

    Asks on a terminal; elsewhere --yes is needed.
    """
    _give(ctx.obj, Command.CANCEL, Chosen(ids or (), is_all, service, not_mine), dry_run, as_json, is_agreed=yes)


def set_priority(
    ctx: typer.Context,
    priority: Annotated[options.PriorityName, typer.Argument(help="Which turn they get.")],
    ids: options.Ids = None,
    is_all: options.All = False,
    service: options.Service = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Let downloads go before or after others."""
    chosen = Chosen(ids or (), is_all, service)
    number = int(Priority[priority.name])
    _give(ctx.obj, Command.SET_PRIORITY, chosen, dry_run, as_json, priority=number)


def limit(
    ctx: typer.Context,
    speed: Annotated[str, typer.Argument(metavar="SPEED", help='A second: 500kB, 2MB, 1048576; "none" for no limit.')],
    ids: options.Ids = None,
    is_all: options.All = False,
    service: options.Service = None,
    segments: Annotated[
        int | None,
        typer.Option("--segments", min=1, max=8, help="Connections for each large file.", show_default=False),
    ] = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Say how fast downloads may come.

    And, with --segments, over how many connections.
    """
    arguments: dict[str, Any] = {"bytes_per_second": speed_of(speed)}
    if segments is not None:
        arguments["segments"] = segments
    _give(ctx.obj, Command.SET_LIMITS, Chosen(ids or (), is_all, service), dry_run, as_json, **arguments)


def set_address(
    ctx: typer.Context,
    job_id: options.OneId,
    address: Annotated[str, typer.Argument(metavar="URL", help="Where the file comes from from now on.")],
    file: Annotated[
        int | None,
        typer.Option("--file", metavar="NUMBER", min=1, help='Which file, as "show" counts them.', show_default=False),
    ] = None,
    service: options.Service = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Fetch a file from another address.

    What has arrived is kept where the file is the same.
    """
    try:
        check_address(address)
    except InvalidInput as refusal:
        raise Stop(Exit.WRONG_USE, str(refusal)) from refusal
    with opened(ctx.obj, service, start=not dry_run) as session:
        job = find(session, job_id)
        count = job.progress.files_total
        if file is None and count > 1:
            raise Stop(Exit.WRONG_USE, f"{job.display_name} has {count} files. Say which one with --file NUMBER.")
        if (file or 1) > count:
            raise Stop(Exit.WRONG_USE, f"{job.display_name} has no file number {file or 1}; it has {count}.")
        is_free = is_offered(job, Command.SET_ADDRESS, session.served(job.key.service))
        reasons = {} if is_free else {job.key: why_not([job], Command.SET_ADDRESS)}
        arguments: dict[str, object] = {"address": address, "file": (file or 1) - 1}
        _carry_out(session, Command.SET_ADDRESS, [job], reasons, dry_run, as_json, arguments)


def speed_of(given: str) -> int | None:
    """Bytes a second, None for "none". Raises Stop."""
    if given.strip().casefold() == "none":
        return None
    found = _SPEED.fullmatch(given.strip())
    if found is None:
        raise Stop(Exit.WRONG_USE, f'"{given}" is no speed. Examples: 500kB, 2MB, 1048576, none.')
    base = 1024.0 if found[3] else 1000.0
    speed = round(float(found[1]) * base ** ("kmgt".find(found[2].lower()) + 1 if found[2] else 0))
    try:
        check_speed(speed)
    except InvalidInput as refusal:
        raise Stop(Exit.WRONG_USE, str(refusal)) from refusal
    return speed


def _give(
    reach: Reach,
    command: Command,
    chosen: Chosen,
    dry_run: bool,
    as_json: bool,
    *,
    is_agreed: bool = True,
    **arguments: Any,
) -> None:
    """Gives the command to the chosen jobs. is_agreed: what it takes away need not be asked about."""
    chosen.check()
    with opened(reach, chosen.service, start=not dry_run) as session:
        jobs = chosen.jobs(session, command)
        offered = [job for job in jobs if is_offered(job, command, session.served(job.key.service))]
        reasons = {job.key: why_not([job], command) for job in jobs if job not in offered}
        if command is Command.COMPLETE and not is_agreed:
            for job in offered:
                if consequence := text.complete_consequence([job]):
                    reasons[job.key] = f"{consequence} If you mean it, add --partial."
            offered = [job for job in offered if job.key not in reasons]
        elif offered and not is_agreed and not dry_run:
            _ask(session, command, offered)
        if chosen.is_all:
            jobs, reasons = offered, {}
            if not jobs:
                terminal.say(text.tr("There is no download on which that has an effect."))
        _carry_out(session, command, jobs, reasons, dry_run, as_json, arguments)


def _ask(session: Session, command: Command, jobs: Sequence[Job]) -> None:
    """Asks what the window asks. Raises Stop where nobody agrees."""
    asked = question(command, jobs, _files(session, jobs) if command is Command.CANCEL else None)
    if asked is None:
        return
    if not terminal.is_asked():
        raise Stop(Exit.WRONG_USE, f"{asked.title} {asked.consequence} Nobody can be asked here: add --yes.")
    if not terminal.ask(asked.title, asked.consequence):
        raise Stop(Exit.REFUSED, text.tr("Nothing was changed."))


def _files(session: Session, jobs: Sequence[Job]) -> dict[JobKey, Sequence[JobFile]]:
    """The jobs' files, for an exact question; nothing where they can't be had."""
    if len(jobs) > _COUNTED_JOBS:
        return {}
    try:
        return {job.key: session.files(job.key) for job in jobs}
    except CallFailed:
        return {}


def _carry_out(
    session: Session,
    command: Command,
    jobs: Sequence[Job],
    reasons: dict[JobKey, str],
    dry_run: bool,
    as_json: bool,
    arguments: dict[str, object],
) -> None:
    """Gives the command to those of the jobs for which there is no reason not to, and tells what became of each."""
    keys = [job.key for job in jobs if job.key not in reasons]
    outcomes = {key: _refused(key, reason) for key, reason in reasons.items()}
    if dry_run:
        outcomes |= {key: Outcome(key.id) for key in keys}
    elif keys:
        outcomes |= session.execute(command, keys, **arguments)
    answers = [outcome_answer(job.key.service, job.display_name, outcomes[job.key]) for job in jobs]
    tell(command, answers, dry_run=dry_run, as_json=as_json)
    if not all(answer.done for answer in answers):
        raise Stop(Exit.REFUSED)


def tell(command: Command, answers: Sequence[OutcomeAnswer], *, dry_run: bool, as_json: bool) -> None:
    """Tells what became of each download: what was done on the output, what was not among the messages."""
    if as_json:
        terminal.write_json(CommandAnswer(command.value, dry_run, list(answers)))
    for answer in answers:
        if answer.done and not as_json:
            done = f"Would be given: {text.command_name(command)}" if dry_run else text.given(command)
            terminal.write(f"{answer.id}  {done}  {answer.name}")
        if answer.message:
            terminal.say(f"{answer.name}: {answer.message}")


def _refused(key: JobKey, reason: str) -> Outcome:
    code = hresult.DO_E_INVALID_STATE
    return Outcome(key.id, code, codes.explain(code).name, reason)
