"""Who stands in the origin's place, or in front of it: a port that is no web server, and a proxy."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator

_RESET_ON_CLOSE = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


@contextlib.contextmanager
def port_that_says(data: bytes, *, by_reset: bool = False) -> Iterator[int]:
    """A port that answers whatever is said first with these bytes, and ends the connection, in order or by reset."""

    def answer(client: socket.socket) -> None:
        client.recv(65_536)
        client.sendall(data)
        if by_reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            return
        client.shutdown(socket.SHUT_WR)
        while client.recv(65_536):  # closing with something unread would be a reset
            pass

    with _listening(answer) as port:
        yield port


@contextlib.contextmanager
def port_that_never_ends(head: bytes) -> Iterator[int]:
    """A port that answers whatever is said first with this, and with more and more behind it."""

    def answer(client: socket.socket) -> None:
        client.recv(65_536)
        client.sendall(head)
        while True:
            client.sendall(b"more" * 4_096)

    with _listening(answer) as port:
        yield port


@contextlib.contextmanager
def proxy(answer: bytes = b"HTTP/1.1 200 Connection established\r\nVia: proxy\r\n\r\n") -> Iterator[str]:
    """The address of a proxy that answers so to the wish for a tunnel, and opens it if that is a yes."""

    def serve(client: socket.socket) -> None:
        head = client.recv(65_536)
        client.sendall(answer)
        if b" 200 " not in answer:
            return
        host, _, port = head.split()[1].decode().rpartition(":")
        with socket.create_connection((host, int(port))) as server:
            _pass_on(client, server)

    with _listening(serve) as port:
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def socks_proxy(login: tuple[str, str] | None = None, *, reply: int = 0) -> Iterator[tuple[int, list[str]]]:
    """The port of a SOCKS 5 proxy, and the "host:port" of all connections that it was asked for.

    login: who may use it, None for everybody. reply: what it answers to the wish for a connection, 0 for yes.
    Source: RFC 1928, RFC 1929.
    """
    asked: list[str] = []

    def serve(client: socket.socket) -> None:
        methods = client.recv(2 + 255)[2:]
        if login is None:
            client.sendall(b"\x05\x00")
        elif 2 not in methods:
            client.sendall(b"\x05\xff")
            return
        else:
            client.sendall(b"\x05\x02")
            user_name, password = (text.encode() for text in login)
            expected = b"\x01%c%b%c%b" % (len(user_name), user_name, len(password), password)
            if client.recv(513) != expected:
                client.sendall(b"\x01\x01")
                return
            client.sendall(b"\x01\x00")
        wish = client.recv(262)
        family = socket.AF_INET6 if wish[3] == 4 else socket.AF_INET
        host = wish[5:-2].decode() if wish[3] == 3 else socket.inet_ntop(family, wish[4:-2])
        port = int.from_bytes(wish[-2:], "big")
        asked.append(f"{host}:{port}")
        client.sendall(b"\x05%c\x00\x01\x00\x00\x00\x00\x00\x00" % reply)
        if reply == 0:
            with socket.create_connection(("127.0.0.1", port)) as server:
                _pass_on(client, server)

    with _listening(serve) as port:
        yield port, asked


def _pass_on(client: socket.socket, server: socket.socket) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ, server)
        selector.register(server, selectors.EVENT_READ, client)
        while True:
            for key, _ in selector.select():
                if not (data := key.fileobj.recv(65_536)):  # type: ignore[union-attr]
                    return
                key.data.sendall(data)


@contextlib.contextmanager
def _listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serves each connection on a thread of its own; at the end all of them are over."""
    clients: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def run(client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            serve(client)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = listener.accept()
                if is_over.is_set():
                    client.close()
                    return
                clients.append(client)
                threads.append(threading.Thread(target=run, args=(client,), daemon=True))
                threads[-1].start()

    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield port
        finally:
            is_over.set()
            socket.create_connection(("127.0.0.1", port)).close()
            accepting.join(1.0)
            for client in clients:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(1.0)
