"""Options that many commands have, each said once."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from domonitor.jobs.state import JobState


def known_ids(incomplete: str) -> list[tuple[str, str]]:
    """For a shell that completes what is typed: the ids that begin like that, with their names."""
    from domonitor.commands.choosing import matching
    from domonitor.commands.session import Reach, opened

    with suppress(Exception), opened(Reach()) as session:
        jobs = matching(session.jobs.values(), incomplete) if incomplete else session.jobs.values()
        return [(job.key.id, job.display_name) for job in jobs]
    return []


Ids = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ID…",
        help="Downloads, by their ids or the beginnings of those.",
        show_default=False,
        autocompletion=known_ids,
    ),
]
SomeIds = Annotated[
    list[str],
    typer.Argument(metavar="ID…", help="Downloads, by their ids or the beginnings of those.", autocompletion=known_ids),
]
OneId = Annotated[
    str,
    typer.Argument(metavar="ID", help="A download, by its id or the beginning of that.", autocompletion=known_ids),
]
All = Annotated[bool, typer.Option("--all", help="All downloads of ours on which it has an effect.")]
Service = Annotated[
    str | None, typer.Option("--service", metavar="NAME", help="Of this service alone.", show_default=False)
]
NotMine = Annotated[
    bool, typer.Option("--not-mine", help="Downloads of other programs and users; needs --service as well.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Answer in JSON, one object a line.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
Directory = Annotated[
    Path | None,
    typer.Option(
        "-d", "--directory", metavar="DIR", help="Where to. This folder if nothing is said.", show_default=False
    ),
]


class StateName(StrEnum):
    """The states as they are typed."""

    QUEUED = "queued"
    CONNECTING = "connecting"
    TRANSFERRING = "transferring"
    SUSPENDED = "suspended"
    ERROR = "error"
    TRANSIENT_ERROR = "transient-error"
    TRANSFERRED = "transferred"

    @property
    def state(self) -> JobState:
        """The state that is meant."""
        return JobState[self.name]


class PriorityName(StrEnum):
    """The priorities as they are typed."""

    FOREGROUND = "foreground"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class IfExisting(StrEnum):
    """What is done where a file of the wanted name is there, as it is typed."""

    RENAME = "rename"
    REFUSE = "refuse"
    REPLACE = "replace"


States = Annotated[
    list[StateName] | None,
    typer.Option("--state", help="In this state alone; may be given several times.", show_default=False),
]
Text = Annotated[
    str | None,
    typer.Option("--text", metavar="WORDS", help="With this in name, description or id.", show_default=False),
]
Existing = Annotated[
    IfExisting,
    typer.Option(
        "--existing",
        help="What to do about a file of that name: number the new one, refuse it, or replace the old one.",
    ),
]
KeepOpen = Annotated[bool, typer.Option("--keep-open", help="Leave the files to be completed by hand.")]
