"""Named pipes, by which the processes of one user speak with each other."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge

import pytest

from tests.windows.conftest import IS_WINE

KEY = b"k" * 32
PATIENCE_S = 20.0


class Asked:
    """A listener without a key that challenges each connection on a thread of its own."""

    def __init__(self) -> None:
        self.address = rf"\\.\pipe\domonitor-test-{uuid.uuid4().hex}"
        self._listener = Listener(self.address, family="AF_PIPE")
        self._threads: list[threading.Thread] = []
        self._connections: list[Connection] = []
        self._is_closing = False
        self._accepting = threading.Thread(target=self._accept, name="domonitor-accept", daemon=True)
        self._accepting.start()

    def _accept(self) -> None:
        while True:
            connection = self._listener.accept()
            if self._is_closing:
                connection.close()
                return
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), name="domonitor-serve", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: Connection) -> None:
        try:
            deliver_challenge(connection, KEY)
            answer_challenge(connection, KEY)
            while True:
                connection.send_bytes(connection.recv_bytes(1 << 18)[::-1])
        except (OSError, EOFError, AuthenticationError):
            connection.close()

    def close(self) -> None:
        self._is_closing = True
        Client(self.address).close()  # Windows: a listener that waits is woken by a connection to itself
        self._accepting.join(PATIENCE_S)
        assert not self._accepting.is_alive()
        self._listener.close()
        for connection in self._connections:
            connection.close()
        for thread in self._threads:
            thread.join(PATIENCE_S)


@pytest.fixture
def asked() -> Iterator[Asked]:
    asked = Asked()
    yield asked
    asked.close()


def connected(asked: Asked, key: bytes = KEY) -> Connection:
    connection = Client(asked.address)
    answer_challenge(connection, key)
    deliver_challenge(connection, key)
    return connection


def test_who_knows_the_key_is_answered(asked: Asked) -> None:
    with connected(asked) as connection:
        connection.send_bytes(b"abc")
        assert connection.recv_bytes() == b"cba"


def test_who_does_not_know_it_is_not(asked: Asked) -> None:
    with pytest.raises(AuthenticationError):
        connected(asked, b"another key")
    with connected(asked) as connection:
        connection.send_bytes(b"abc")
        assert connection.recv_bytes() == b"cba"


def test_a_silent_client_keeps_nobody_waiting(asked: Asked) -> None:
    with Client(asked.address), connected(asked) as connection:
        connection.send_bytes(b"abc")
        assert connection.recv_bytes() == b"cba"


def test_a_message_that_is_too_long_ends_its_connection_alone(asked: Asked) -> None:
    with connected(asked) as one, connected(asked) as other:
        with suppress(BrokenPipeError):  # it may be over before all of it is sent
            one.send_bytes(b"x" * ((1 << 18) + 1))
        with pytest.raises((EOFError, OSError)):
            one.recv_bytes()
        other.send_bytes(b"x" * (1 << 18))
        assert len(other.recv_bytes()) == 1 << 18


@pytest.mark.skipif(IS_WINE, reason="Wine lets a second process listen; Windows refuses")
def test_a_second_listener_of_the_same_name_is_refused(asked: Asked) -> None:
    with pytest.raises(PermissionError):
        Listener(asked.address, family="AF_PIPE")
