"""The server that an address names."""

from __future__ import annotations

from urllib.parse import urlsplit


def host_of(address: str) -> str:
    """The server's name in an address, in small letters; "" where there is none, whatever stands there."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
