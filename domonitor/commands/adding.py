"""add: new downloads, which go on by themselves."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from domonitor import policies
from domonitor.backends.guarded import ELSEWHERE, is_below
from domonitor.commands import options, terminal
from domonitor.commands.answering import outcome_answer
from domonitor.commands.answers import CommandAnswer, OutcomeAnswer
from domonitor.commands.ending import Exit, Stop
from domonitor.commands.giving import speed_of
from domonitor.commands.session import Session, opened
from domonitor.jobs.address import plan_jobs
from domonitor.jobs.error import CallFailed, InvalidInput
from domonitor.jobs.job import Priority
from domonitor.jobs.request import Digest, Existing, NewJob, Outcome

ENGINE = "engine"
"""The service that takes what is added here, unless another one is named."""

Addresses = Annotated[
    list[str], typer.Argument(metavar="URL…", help="What to download; - reads addresses, one a line.")
]


def add(
    ctx: typer.Context,
    urls: Addresses,
    directory: options.Directory = None,
    name: Annotated[
        str | None,
        typer.Option("--name", help="Make one download of this name of all addresses.", show_default=False),
    ] = None,
    priority: Annotated[
        options.PriorityName, typer.Option("--priority", help="Which turn it gets.")
    ] = options.PriorityName.NORMAL,
    checksum: Annotated[
        str | None,
        typer.Option(
            "--checksum", metavar="NAME:VALUE", help="What the file must have: sha256:9f86d0…", show_default=False
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="BYTES", min=0, help="What the file must have.", show_default=False),
    ] = None,
    speed: Annotated[
        str | None,
        typer.Option("--limit", metavar="SPEED", help="Not faster than that a second: 500kB, 2MB.", show_default=False),
    ] = None,
    segments: Annotated[int, typer.Option("--segments", min=1, max=8, help="Connections for each large file.")] = 1,
    paused: Annotated[bool, typer.Option("--paused", help="Don't start before it is resumed.")] = False,
    keep_open: options.KeepOpen = False,
    existing: options.Existing = options.IfExisting.RENAME,
    service: Annotated[
        str,
        typer.Option(
            "--service",
            metavar="NAME",
            help="Who downloads: engine, or bits on Windows, whose files wait for a window.",
        ),
    ] = ENGINE,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Add downloads and return at once."""
    planned = plan(urls, directory, keep_open=keep_open, existing=existing)
    if name is not None:
        planned = [replace(planned[0], display_name=name, files=tuple(file for job in planned for file in job.files))]
    if (checksum is not None or size is not None) and sum(len(job.files) for job in planned) > 1:
        raise Stop(Exit.WRONG_USE, "A checksum and a size belong to one file: give one address alone.")
    if checksum is not None or size is not None:
        file = replace(planned[0].files[0], expected=None if checksum is None else digest_of(checksum), size=size)
        planned = [replace(planned[0], files=(file,))]
    jobs = [
        replace(
            job,
            priority=Priority[priority.name],
            bytes_per_second=None if speed is None else speed_of(speed),
            segments=segments,
            is_suspended=paused,
        )
        for job in planned
    ]
    add_all(ctx, jobs, service, dry_run=dry_run, as_json=as_json)


def plan(urls: Sequence[str], directory: Path | None, *, keep_open: bool, existing: options.IfExisting) -> list[NewJob]:
    """A new job for each address. Raises Stop for what can't be used."""
    try:
        return list(
            plan_jobs(
                addresses(urls),
                folder_for(directory) or Path.cwd(),
                auto_complete=completes_itself(keep_open=keep_open),
                existing=Existing[existing.name],
            )
        )
    except InvalidInput as refusal:
        raise Stop(Exit.WRONG_USE, str(refusal)) from refusal


def folder_for(directory: Path | None) -> Path | None:
    """The folder that is meant; without one, that which the administrator has laid down, if any.

    Raises Stop for one that he does not allow.
    """
    laid_down = policies.in_force().settings.get("download_folder")
    if directory is None:
        return None if laid_down is None else Path(laid_down)
    if laid_down is not None and not is_below(Path(laid_down), str(directory.absolute())):
        raise Stop(Exit.WRONG_USE, ELSEWHERE.format(folder=laid_down))
    return directory.absolute()


def completes_itself(*, keep_open: bool) -> bool:
    """Whether files get their names by themselves. Raises Stop for what the administrator does not allow."""
    laid_down: bool | None = policies.in_force().settings.get("auto_complete")
    if keep_open and laid_down:
        raise Stop(Exit.WRONG_USE, "Your administrator has laid down that downloads finish by themselves.")
    return not keep_open if laid_down is None else laid_down


def addresses(given: Sequence[str]) -> list[str]:
    """The addresses; those of the input, one a line, where a - stands."""
    found: list[str] = []
    for one in given:
        if one == "-":
            found += [line.strip() for line in sys.stdin or () if line.strip()]
        else:
            found.append(one)
    return found


def digest_of(given: str) -> Digest:
    """A checksum as it was typed. Raises Stop."""
    name, colon, value = given.partition(":")
    if not colon or not name or not value:
        raise Stop(Exit.WRONG_USE, f'"{given}" is no checksum. Write its kind before it, as in sha256:9f86d0…')
    return Digest(name.strip(), value.strip())


def add_all(ctx: typer.Context, jobs: Sequence[NewJob], service: str = ENGINE, *, dry_run: bool, as_json: bool) -> None:
    """Adds the jobs, and tells what became of each. Raises Stop where one was refused."""
    if dry_run:
        ctx.obj.backends(service, start=False)  # whether there is one of that name
        answers = [outcome_answer(service, job.display_name, Outcome(None)) for job in jobs]
    else:
        with opened(ctx.obj, service, start=True) as session:
            answers = hand_over(session, jobs, service)
    tell(answers, dry_run=dry_run, as_json=as_json)
    if not all(answer.done for answer in answers):
        raise Stop(Exit.WRONG_USE)


def hand_over(session: Session, jobs: Sequence[NewJob], service: str = ENGINE) -> list[OutcomeAnswer]:
    """Adds the jobs at the service. Raises Stop where that can't be asked."""
    try:
        outcomes = session.ask(service, lambda backend: backend.add(jobs))
    except CallFailed as failure:
        raise Stop(Exit.NOT_REACHABLE, str(failure)) from failure
    return [outcome_answer(service, job.display_name, outcome) for job, outcome in zip(jobs, outcomes, strict=True)]


def tell(answers: Sequence[OutcomeAnswer], *, dry_run: bool, as_json: bool) -> None:
    """Tells what became of each new job."""
    if as_json:
        terminal.write_json(CommandAnswer("add", dry_run, list(answers)))
    for answer in answers:
        if not answer.done:
            terminal.say(f"{answer.name}: {answer.message}")
        elif not as_json:
            terminal.write(f"Would be added: {answer.name}" if dry_run else f"{answer.id}  Added  {answer.name}")
