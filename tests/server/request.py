"""A request as it came over the wire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote


class Headers(Mapping[str, str]):
    """Header fields by name, in any case; of a repeated field the values are joined by ", "."""

    __slots__ = ("_values",)

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._values: dict[str, str] = {}
        for name, value in fields:
            key = name.lower()
            self._values[key] = f"{self._values[key]}, {value}" if key in self._values else value

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Headers({self._values!r})"


@dataclass(frozen=True, slots=True)
class Request:
    """Method, decoded path, query (without "?"), version such as "HTTP/1.1", header fields."""

    method: str
    path: str
    query: str
    version: str
    headers: Headers

    @property
    def wants_to_close(self) -> bool:
        wish = self.headers.get("Connection", "").lower()
        return wish == "close" or (self.version == "HTTP/1.0" and wish != "keep-alive")

    @property
    def body_bytes(self) -> int:
        length = self.headers.get("Content-Length", "0")
        return int(length) if length.isdecimal() else 0


def parse_request(head: bytes) -> Request:
    """The request of everything before the empty line. Raises ValueError for anything that is none."""
    first, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    method, target, version = first.split(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError(f"not HTTP/1: {version}")
    path, _, query = target.partition("?")
    fields = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise ValueError(f"not a header field: {line}")
        fields.append((name, value.strip()))
    return Request(method, path_key(path), query, version, Headers(fields))


def path_key(path: str) -> str:
    """The path under which a resource is kept: decoded, without query."""
    path = path.partition("?")[0]
    return unquote(path) if "%" in path else path


@dataclass(frozen=True, slots=True)
class Span:
    """length bytes from offset on."""

    offset: int
    length: int


def parse_range(header: str | None, size: int) -> Span | None:
    """What a Range header asks of size bytes; None: everything (no header, several ranges, or not understood).

    Raises IndexError if the range lies outside (status 416). Source: RFC 9110, 14.1.
    """
    if header is None or not header.startswith("bytes=") or "," in header:
        return None
    first, dash, last = header.removeprefix("bytes=").strip().partition("-")
    if not dash or not (first or last) or not (first + last).isdecimal():
        return None
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise IndexError(header)
        return Span(size - length, length)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise IndexError(header)
    end = min(int(last) + 1, size) if last else size
    return Span(int(first), end - int(first))
