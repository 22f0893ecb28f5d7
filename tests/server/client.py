"""The clients that prove the origin: http.client for what a good client sees, a bare socket for every byte."""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.server.origin import Origin
from tests.server.request import Headers

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Fetched:
    status: int
    headers: Headers
    body: bytes


def fetch(url: str, method: str = "GET", *, trust: ssl.SSLContext | None = None, **headers: str) -> Fetched:
    """One request on a connection of its own. Range="bytes=5-", If_Range='"v1"' are header fields."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = (
        http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)
        if parts.scheme == "http"
        else http.client.HTTPSConnection(parts.hostname, parts.port, timeout=TIMEOUT_S, context=trust)
    )
    try:
        return fetch_on(connection, url, method, **headers)
    finally:
        connection.close()


def fetch_on(connection: http.client.HTTPConnection, url: str, method: str = "GET", **headers: str) -> Fetched:
    """One request on this connection, which stays open."""
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    connection.request(method, target, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    return Fetched(response.status, Headers(response.getheaders()), response.read())


def ask(origin: Origin, path: str, *, keep_alive: bool = False) -> socket.socket:
    """A bare connection on which a request was sent; the caller closes it."""
    wish = "keep-alive" if keep_alive else "close"
    bare = socket.create_connection(("127.0.0.1", origin.port), timeout=TIMEOUT_S)
    bare.sendall(f"GET {path} HTTP/1.1\r\nHost: origin\r\nConnection: {wish}\r\n\r\n".encode())
    return bare


def everything(bare: socket.socket) -> bytes:
    """All bytes to the end of the connection. Raises ConnectionResetError if it was reset, with .args[0] of them."""
    parts = []
    try:
        while part := bare.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        raise ConnectionResetError(b"".join(parts)) from None
    return b"".join(parts)


def body_of(answer: bytes) -> bytes:
    """What follows the empty line."""
    return answer.partition(b"\r\n\r\n")[2]
