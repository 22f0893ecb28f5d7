"""What a server calls a file: the Content-Disposition header, as servers really write it, and the address it ends at.

Nothing here raises: a header that can't be understood says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from domonitor.jobs.names import name_in_address, safe_name, text_of

_PARAMETER = re.compile(r'(?:^|[;,\s])([!#-\'*+.^_`|~0-9A-Za-z-]+)\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)
"""A parameter. An unquoted value goes on to the next semicolon: many servers quote no spaces."""

_NEXT_HEADER = re.compile(r"\s*,\s*(attachment|inline)\s*", re.IGNORECASE)
"""Where a second header begins behind an unquoted value: repeated headers arrive as one list."""

_WINDOWS_PATH = re.compile(r"[A-Za-z]:\\[^\\]|\\\\[^\\]")
"""A path whose backslashes were not escaped."""

_ENCODED = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*", re.DOTALL)
_CHARSETS = {"utf-8": "utf-8", "iso-8859-1": "latin-1"}


def called_by_server(disposition: str, final_address: str, address: str) -> str:
    """The file's name in the server's own words, not yet safe; "" where the server does not say any.

    disposition: the Content-Disposition header, its bytes as ISO-8859-1. final_address: where the answer came from,
    after all redirects; only a name that the given address has not speaks for itself.
    """
    for name in _names(disposition):
        last = name.replace("\\", "/").rpartition("/")[2]
        if safe_name(last):
            return last
    final = name_in_address(final_address)
    return final if safe_name(final) and final != name_in_address(address) else ""


def _names(disposition: str) -> Iterator[str]:
    """The names that the header gives, the most trustworthy one first. Source: RFC 6266, 4.3."""
    values: dict[str, str] = {}
    for name, value in _PARAMETER.findall(disposition):
        values.setdefault(name.lower(), value)
    if "filename*" in values:
        yield _extended(_unquoted(values["filename*"]))
    if "filename" in values:
        yield _plain(_unquoted(values["filename"]))


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        found = _NEXT_HEADER.search(value)
        return (value[: found.start()] if found else value).strip()
    inner = value[1:].removesuffix('"') if len(value) > 1 else ""
    return inner if _WINDOWS_PATH.match(inner) else re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)


def _extended(value: str) -> str:
    """An encoded value, "" where it is none. Source: RFC 8187, 3.2."""
    charset, _, rest = value.partition("'")
    _, mark, encoded = rest.partition("'")
    encoding = _CHARSETS.get(charset.strip().lower())
    if encoding is None or not mark or not _ENCODED.fullmatch(encoded):
        return ""
    try:
        return unquote_to_bytes(_bytes(encoded)).decode(encoding)
    except UnicodeDecodeError:
        return ""


def _plain(value: str) -> str:
    """A value whose bytes may be UTF-8 or ISO-8859-1, and percent-encoded although nobody said so."""
    if "%" in value and _ENCODED.fullmatch(value):
        try:
            return unquote_to_bytes(_bytes(value)).decode()
        except UnicodeDecodeError:
            pass
    return text_of(_bytes(value))


def _bytes(value: str) -> bytes:
    """What came over the wire."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode(errors="replace")
