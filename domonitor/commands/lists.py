"""export, import: lists of downloads as files."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from domonitor import policies
from domonitor.commands import adding, options, terminal
from domonitor.commands.answers import (
    VERSION,
    ExportedAnswer,
    JobListAnswer,
    ListFileAnswer,
    ListJobAnswer,
)
from domonitor.commands.choosing import Chosen
from domonitor.commands.ending import Exit, Stop
from domonitor.commands.session import Session, opened
from domonitor.jobs.address import DISPLAY_NAME_LENGTH, check_address
from domonitor.jobs.error import CallFailed, InvalidInput
from domonitor.jobs.job import FileRange, Job, Priority
from domonitor.jobs.names import file_name, safe_name
from domonitor.jobs.request import Existing, NewFile, NewJob

MOST_BYTES = 1 << 28


def export_jobs(
    ctx: typer.Context,
    ids: options.Ids = None,
    is_all: options.All = False,
    service: options.Service = None,
    not_mine: options.NotMine = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Into this new file.", show_default=False),
    ] = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Write down downloads for import.

    The list is JSON. It holds the addresses whole, with the passwords and tokens in them: keep it as you keep those.
    """
    chosen = Chosen(ids or (), is_all, service, not_mine)
    chosen.check()
    with opened(ctx.obj, service) as session:
        exported = JobListAnswer([_listed(session, job) for job in chosen.jobs(session)])
    if output is None:
        terminal.write_json(exported)
        return
    if not dry_run:
        _save(output, json.dumps(terminal.as_json(exported), indent=2) + "\n")
    if as_json:
        terminal.write_json(ExportedAnswer(str(output), len(exported.jobs)))


def import_jobs(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A list that export wrote; - reads it from the input.")],
    directory: Annotated[
        Path | None,
        typer.Option("-d", "--directory", metavar="DIR", help="Put all files there.", show_default=False),
    ] = None,
    existing: options.Existing = options.IfExisting.RENAME,
    paused: Annotated[bool, typer.Option("--paused", help="Don't start before they are resumed.")] = False,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Add the downloads that export wrote down."""
    try:
        directory = adding.folder_for(directory)
        listed = json.loads(_read(file))
        jobs = [_new_job(job, directory, existing, paused) for job in _checked(listed)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        said = (
            f"{error}" if isinstance(error, json.JSONDecodeError) else "something in it is missing or of another kind"
        )
        raise Stop(Exit.WRONG_USE, f"{file} holds no list of downloads: {said}.") from error
    except InvalidInput as refusal:
        raise Stop(Exit.WRONG_USE, f"{file} can't be used: {refusal}") from refusal
    adding.add_all(ctx, jobs, dry_run=dry_run, as_json=as_json)


def _listed(session: Session, job: Job) -> ListJobAnswer:
    try:
        files = session.files(job.key)
    except CallFailed as failure:
        raise Stop(Exit.NOT_REACHABLE, f"{job.display_name}: {failure}") from failure
    return ListJobAnswer(
        job.display_name,
        [
            ListFileAnswer(file.remote_name, file.local_name, [[each.offset, each.length] for each in file.ranges])
            for file in files
        ],
        job.priority.name.lower(),
        job.auto_complete,
    )


def _save(path: Path, content: str) -> None:
    """For this user's eyes alone: addresses may hold passwords."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(content)
    except FileExistsError:
        raise Stop(Exit.WRONG_USE, f"{path} is already there. Choose another name.") from None
    except OSError as error:
        raise Stop(Exit.WRONG_USE, f"{path} can't be written: {error.strerror}.") from error


def _read(file: str) -> str:
    try:
        if file == "-":
            return sys.stdin.read(MOST_BYTES) if sys.stdin is not None else ""
        with open(file, encoding="utf-8-sig") as opened_file:
            return opened_file.read(MOST_BYTES)
    except OSError as error:
        raise Stop(Exit.WRONG_USE, f"{file} can't be read: {error.strerror}.") from error


def _checked(listed: Any) -> list[dict[str, Any]]:
    if listed["kind"] != "job list" or not isinstance(listed["jobs"], list):
        raise ValueError("no list of downloads")
    if listed["schema"] != VERSION:
        raise InvalidInput("it was written by another version of domonitor, which has to read it too.")
    jobs: list[dict[str, Any]] = listed["jobs"]
    return jobs


def _new_job(job: dict[str, Any], directory: Path | None, existing: options.IfExisting, paused: bool) -> NewJob:
    files = tuple(_new_file(file, directory, existing) for file in job["files"])
    name = str(job["name"])[:DISPLAY_NAME_LENGTH] or file_name(files[0].remote_name)
    priority = Priority[str(job.get("priority", "normal")).upper()]
    return NewJob(name, files, priority, _auto_complete(job), is_suspended=paused)


def _auto_complete(job: dict[str, Any]) -> bool:
    laid_down: bool | None = policies.in_force().settings.get("auto_complete")
    return bool(job.get("auto_complete", True)) if laid_down is None else laid_down


def _new_file(file: dict[str, Any], directory: Path | None, existing: options.IfExisting) -> NewFile:
    address, path = str(file["address"]), str(file["path"])
    check_address(address)
    if directory is not None or not Path(path).is_absolute():
        # From another system, perhaps: its folders are none here, and its names may be no names here.
        name = safe_name(path.replace("\\", "/").rpartition("/")[2]) or file_name(address)
        path = str((directory or Path.cwd()) / name)
    ranges = [
        FileRange(int(offset), None if length is None else int(length)) for offset, length in file.get("ranges", ())
    ]
    return NewFile(address, path, tuple(ranges), existing=Existing[existing.name])
