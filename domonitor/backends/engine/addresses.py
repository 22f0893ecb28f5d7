"""Addresses as they go over the wire: names of hosts in ASCII, everything else beyond ASCII percent-encoded."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

_PORTS = {"http": 80, "https": 443}
KEPT = "".join(chr(code) for code in range(0x21, 0x7F))


def on_the_wire(address: str) -> str:
    """The address in ASCII, without its fragment. Raises ValueError where its host can't be written so."""
    if address.isascii():
        return address.partition("#")[0]
    parts = urlsplit(address)
    login, at, server = parts.netloc.rpartition("@")
    if not server.isascii():
        host, colon, port = server.partition(":")
        server = host.encode("idna").decode("ascii") + colon + port
    netloc = quote(login, safe=KEPT) + at + server
    return urlunsplit((parts.scheme, netloc, quote(parts.path, safe=KEPT), quote(parts.query, safe=KEPT), ""))


@lru_cache(maxsize=4096)
def server_of(address: str) -> tuple[str, int]:
    """Host and port, by which connections are counted."""
    parts = urlsplit(address)
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
