"""log: what the window and the engine have written down."""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from typing import Annotated

import typer

from domonitor.commands import options, terminal
from domonitor.commands.answers import LogFilesAnswer, LogLine


class LogName(StrEnum):
    """The logs as they are typed."""

    WINDOW = "window"
    ENGINE = "engine"


def log(
    names: Annotated[
        list[LogName] | None, typer.Argument(metavar="[window|engine]", help="Of it alone.", show_default=False)
    ] = None,
    count: Annotated[int, typer.Option("--lines", "-n", metavar="N", min=0, help="So many lines, the last ones.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Then show new lines as they come.")] = False,
    path: Annotated[bool, typer.Option("--path", help="Say where the logs lie, and nothing more.")] = False,
    as_json: options.Json = False,
) -> None:
    """Show what window and engine have written down.

    It holds no secrets. Set DOMONITOR_LOG to debug, info, warning or error before they start for more or less.
    """
    from domonitor import logs
    from domonitor.logs import Kind
    from domonitor.settings import NoProfile

    kinds = [Kind[name.name] for name in names] if names else list(Kind)
    try:
        paths = [str(kind.file()) for kind in kinds]
    except NoProfile:
        terminal.say("There is no user profile, so nothing is written down.")
        return
    if path and as_json:
        terminal.write_json(LogFilesAnswer(paths))
        return
    # Opened before the last lines are read: what comes just then may be shown twice, and nothing is missed.
    coming = logs.follow(kinds, time.sleep) if follow and not path else iter(())
    lines = paths if path else logs.last_lines(kinds, count)
    for line in lines:
        _tell(line, as_json=as_json)
    if not lines and not follow and count:
        terminal.say(f"Nothing was written down yet in {kinds[0].file().parent}.")
    for line in coming:
        _tell(line, as_json=as_json)


def _tell(line: str, *, as_json: bool) -> None:
    if as_json:
        terminal.write_json(LogLine(line))
    else:
        terminal.write(line)
        sys.stdout.flush()
