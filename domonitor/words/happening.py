"""Lines of a timeline in words."""

from __future__ import annotations

from domonitor.jobs import codes
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.state import Command
from domonitor.words import text


def sentence(event: Event) -> str:
    """What happened, in a few words."""
    match event.kind:
        case EventKind.STATE:
            return event.detail if event.state is None else text.state_name(event.state)
        case EventKind.ERROR:
            headline = codes.explain(event.code or 0).headline if event.code else text.tr("An error")
            said = event.error.description if event.error is not None else ""
            return f"{headline}. {said}".rstrip() if said else headline
        case EventKind.RETRY:
            return text.tr("Tried again: {detail}").format(detail=event.detail)
        case EventKind.COMMAND:
            return text.tr("{command}, asked for by {origin}").format(
                command=_command(event.detail), origin=_origin(event.origin)
            )
        case _:
            return event.detail


def _command(detail: str) -> str:
    known = {command.value: text.command_name(command) for command in Command}
    return known.get(detail.replace(" ", "-"), detail.capitalize())


def _origin(origin: str) -> str:
    return {
        "window": text.tr("the window"),
        "command line": text.tr("the command line"),
        "engine": text.tr("the download engine"),
    }.get(origin, text.tr("a program"))
