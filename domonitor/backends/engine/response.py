"""The head of an answer, as far as a download needs it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime

KNOWN_HEADERS = {
    name.encode(): name
    for name in (
        "content-disposition",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "etag",
        "last-modified",
        "location",
        "retry-after",
        "set-cookie",
        "transfer-encoding",
    )
}
"""The headers that are looked at. The others, of which a server may send thousands, are not even kept."""


@dataclass(slots=True)
class Response:
    """The head of the final answer.

    headers: the known ones, names in lower case, repeated ones joined as a list. url: where it came from, after all
    redirects; "" until the head is whole. was_told_login: whether the request said who asks.
    """

    status: int = 0
    reason: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    was_told_login: bool = False

    def add(self, name: str, value: str) -> None:
        """Another header. Two different lengths or tags are neither: nothing can be made of the list."""
        known = self.headers.get(name)
        self.headers[name] = value if known in (None, value) else f"{known}, {value}"

    def number(self, name: str) -> int | None:
        """A header as a whole number, None where it is missing or none."""
        text = self.headers.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    def retry_after_s(self) -> float:
        """How long the server asks us to wait, 0 where it does not."""
        seconds = self.number("retry-after")
        if seconds is not None:
            return float(seconds)
        try:
            at = parsedate_to_datetime(self.headers["retry-after"])
            # A date of the old kind names no zone; all of HTTP's are in UTC. Source: RFC 9110, 5.6.7.
            return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - time.time())
        except (KeyError, ValueError, TypeError, IndexError, OverflowError, OSError):
            return 0.0  # none, or nonsense: some dates break the parser in ways of their own
