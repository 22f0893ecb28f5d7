"""What libcurl is told of one request, and who takes its answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from domonitor.backends.engine.failures import Failure
from domonitor.backends.engine.response import Response


class Fetch(Protocol):
    """What a file's transfer tells Http, and is told by it."""

    url: str
    owner: int
    """The number of the job that asks: what the job is asked with goes along."""

    byte_range: str
    """"5-" to go on behind the fifth byte, "" for the whole file."""

    if_range: str
    """The validator under which the range may be sent, "" for none."""

    is_apart: bool
    """Whether it is to have a connection of its own: a server that limits each would not give one of several more."""

    write: Callable[[bytes], object]
    """Takes the body. Best a bound method of C: there is no Python frame for each block then.

    Bytes that come before begin are not the file's.
    """

    received_bytes: int
    """How much of the body has come in; Http sets it at the end of a fetch that was limited."""

    def begin(self, response: Response) -> bool:
        """The final answer's head is here. Returns whether its body is wanted; if not, the transfer ends."""

    def end(self, failure: Failure | None) -> None:
        """The transfer is over."""
