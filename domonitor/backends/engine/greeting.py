"""The first words between a client and the host: who is newer decides who runs the engine.

These words stay as they are for ever: hosts and clients of all versions must understand them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

import domonitor
from domonitor.backends.engine.connection import Message, receive, send
from domonitor.backends.engine.wire import WireError

PROTOCOL = 1
"""Counts the changes of what is said after the first words."""

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Welcome:
    """What a host says of itself. notice: what happened to the list of downloads, "" for nothing."""

    process_id: int
    notice: str


class HandingOver(Exception):
    """The host is older than we are, ends, and leaves the engine to us."""


class Refused(Exception):
    """The host does not speak with us; why, as a sentence."""


def own_version() -> Version:
    """This program's version, as it is compared."""
    return PROTOCOL, *map(int, re.findall(r"\d+", domonitor.__version__))


def answer(connection: Connection, hand_over: Callable[[], None]) -> bool:
    """The host's part: whether the client is let in, and then awaits its welcome. To a newer one the engine is handed
    over.

    Raises EOFError, OSError, WireError.
    """
    hello = receive(connection).get("hello")
    if type(hello) is not list or not hello or not all(type(each) is int for each in hello):
        raise WireError("no hello")
    version, own = tuple(hello), own_version()
    if version == own:
        return True
    if version > own:
        send(connection, {"handing over": os.getpid()})
        hand_over()
    else:
        send(connection, {"refused": f"A newer version of domonitor ({domonitor.__version__}) runs the downloads."})
    return False


def welcome(notice: str) -> Message:
    """The host's first words to a client that is let in."""
    return {"welcome": os.getpid(), "notice": notice}


def introduce(connection: Connection) -> Welcome:
    """The client's part. Raises HandingOver, Refused, EOFError, OSError, WireError."""
    send(connection, {"hello": list(own_version())})
    said: Message = receive(connection)
    if "handing over" in said:
        raise HandingOver
    if type(refused := said.get("refused")) is str:
        raise Refused(f"{refused} Close this program and start it again, or install that version.")
    if type(process_id := said.get("welcome")) is not int or type(notice := said.get("notice")) is not str:
        raise WireError("no welcome")
    return Welcome(process_id, notice)
