"""What a command writes: answers to the output, messages to the error output, colours only where somebody looks."""

from __future__ import annotations

import json
import os
import select
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any, TextIO

from domonitor.jobs.state import JobState

COLORS = {
    JobState.ERROR: "31",
    JobState.TRANSIENT_ERROR: "33",
    JobState.TRANSFERRING: "34",
    JobState.TRANSFERRED: "32",
    JobState.ACKNOWLEDGED: "32",
}
"""SGR codes. Source: ECMA-48, 8.3.117."""

_GAP = "  "
_LEAST_WIDTH = 6
_LOOK_S = 0.2


def prepare() -> None:
    """Lets the outputs take any text, whatever the terminal's encoding is."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if sys.platform == "win32" and is_colored(sys.stdout):
        import colorama

        colorama.just_fix_windows_console()


def is_colored(stream: TextIO) -> bool:
    """Whether colours are wanted there. Source: no-color.org."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_asked() -> bool:
    """Whether somebody sits there who can be asked."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def ask(title: str, consequence: str) -> bool:
    """Asks for a yes; anything else is a no."""
    sys.stderr.write(f"{plain(title)} {plain(consequence)}\n[y/N] ")
    sys.stderr.flush()
    return _typed().strip().casefold() in ("y", "yes")


def _typed() -> str:
    """The next line that is typed.

    It is read when it is there: of a Ctrl+C in the instant before the reading, the reading would not be woken.
    """
    while sys.platform != "win32" and not select.select([sys.stdin], [], [], _LOOK_S)[0]:
        pass
    return sys.stdin.readline()


def say(message: str) -> None:
    """A message for the user."""
    if message:
        sys.stderr.write("".join(f"{plain(line)}\n" for line in message.splitlines()))


def write(text: str) -> None:
    """A line of the answer."""
    sys.stdout.write(f"{plain(text)}\n")


def write_json(answer: Any) -> None:
    """An answer of answers.py as one line of JSON in plain ASCII, handed on at once."""
    fields_of = as_json(answer)
    head = {name: fields_of.pop(name) for name in ("schema", "kind")}
    sys.stdout.write(json.dumps(head | fields_of) + "\n")
    sys.stdout.flush()


def as_json(value: Any) -> Any:
    """A dataclass, and what it holds, as JSON knows it."""
    if is_dataclass(value):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    return value


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], colors: Iterable[str] = ()) -> None:
    """Writes a table. colors: an SGR code for each row, "" for none.

    On a terminal that is too narrow the widest columns give way, but for the first one; elsewhere nothing is left out.
    """
    lines = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(width, column)) for column in zip(titles, *lines, strict=True)]
    if sys.stdout.isatty():
        room = (os.get_terminal_size(sys.stdout.fileno()).columns or 80) - len(_GAP) * (len(widths) - 1)
        while sum(widths) > room and max(widths[1:]) > _LEAST_WIDTH:
            widths[1 + widths[1:].index(max(widths[1:]))] -= 1
    color = is_colored(sys.stdout)
    _line(titles, widths, "1" if color else "")
    for line, code in zip(lines, colors or [""] * len(lines), strict=True):
        _line(line, widths, code if color else "")


def _line(cells: Sequence[str], widths: Sequence[int], code: str) -> None:
    text = _GAP.join(fitted(cell, wide) for cell, wide in zip(cells, widths, strict=True)).rstrip()
    sys.stdout.write(f"\x1b[{code}m{text}\x1b[0m\n" if code else f"{text}\n")


def fitted(text: str, wide: int) -> str:
    """The text in exactly so many places of the screen."""
    if width(text) > wide:
        while width(text) >= wide:
            text = text[:-1]
        text += "…"
    return text + " " * (wide - width(text))


def width(text: str) -> int:
    """How many places of the screen the text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(sign) else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text
    )


def plain(text: str) -> str:
    """The text without what a terminal would obey: names come from servers and from other programs."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
