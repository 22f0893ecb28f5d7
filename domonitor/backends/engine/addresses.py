"""Addresses as they go over the wire: names of hosts in ASCII, everything else beyond ASCII percent-encoded."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, urlsplit, urlunsplit

_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)([^/?#]*)@")
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


def split_login(address: str) -> tuple[str, str | None]:
    """The address without "user:password@", and what stood before the "@"; None where there is nothing of the kind."""
    found = _AUTHORITY.match(address) if "@" in address else None
    if found is None:
        return address, None
    return found[1] + address[found.end() :], found[2]


@lru_cache(maxsize=4096)
def server_of(address: str) -> tuple[str, int]:
    """Host and port, by which connections are counted."""
    parts = urlsplit(address)
    return parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)


def is_same_origin(one: str, other: str) -> bool:
    """Whether two addresses have scheme, host and port in common: what is meant for one may be told to the other."""
    return _scheme(one) == _scheme(other) and server_of(one) == server_of(other)


def is_web(address: str) -> bool:
    """Whether the address is one of http or https."""
    return _scheme(address) in _PORTS


def is_secure(address: str) -> bool:
    """Whether the address is one of https."""
    return address[:6].lower() == "https:"


def _scheme(address: str) -> str:
    return address.partition(":")[0].lower()
