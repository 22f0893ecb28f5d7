"""Where the host lets its clients in, and how they knock there."""

from __future__ import annotations

import socket
import sys
import time
from contextlib import suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path

MOST_KNOCKING = 64
"""So many wait to be let in; the others wait for that."""

LOOK_S = 0.01

if sys.platform == "win32":

    def knock(address: str, within_s: float) -> Connection:  # noqa: ARG001
        """A connection to whoever listens there. Raises OSError; TimeoutError where nobody takes it in time."""
        return Client(address)  # it gives up by itself, after 20 s

    class Entrance:
        """A pipe by that name, at which connections are accepted without a word."""

        def __init__(self, address: str) -> None:
            """Raises OSError."""
            self.is_closed = False
            self._address = address
            # Without authkey: with it accept itself would wait for what the client says, and for no other meanwhile.
            self._listener = Listener(address)

        def accept(self) -> Connection:
            """The next connection. Raises OSError, EOFError."""
            return self._listener.accept()

        def is_found(self) -> bool:
            """Whether those who know the address come here."""
            return True

        def close(self) -> None:
            """Whoever accepts returns; nobody is let in any more. Again, it has no effect."""
            if self.is_closed:
                return
            self.is_closed = True
            with suppress(OSError, EOFError):
                Client(self._address).close()
            self._listener.close()
else:

    def knock(address: str, within_s: float) -> Connection:
        """A connection to whoever listens there. Raises OSError; TimeoutError where nobody takes it in time."""
        deadline_s = time.monotonic() + within_s
        while True:
            with socket.socket(socket.AF_UNIX) as knocking:
                # A call that waits would do so for as long as many others wait for a host that has stopped.
                knocking.setblocking(False)
                try:
                    knocking.connect(address)
                except BlockingIOError:
                    if time.monotonic() > deadline_s:
                        raise TimeoutError from None
                else:
                    knocking.setblocking(True)
                    return Connection(knocking.detach())
            time.sleep(LOOK_S)

    class Entrance:
        """A socket at that path, at which connections are accepted without a word."""

        def __init__(self, address: str) -> None:
            """Takes the place of what a host that died has left there. Raises OSError."""
            self.is_closed = False
            self._address = address
            with suppress(FileNotFoundError):
                Path(address).unlink()
            self._socket = socket.socket(socket.AF_UNIX)
            try:
                self._socket.bind(address)
                self._socket.listen(MOST_KNOCKING)
                self._file = self._look()
            except BaseException:
                self._socket.close()
                raise

        def accept(self) -> Connection:
            """The next connection. Raises OSError."""
            return Connection(self._socket.accept()[0].detach())

        def is_found(self) -> bool:
            """Whether those who know the address come here: somebody may have tidied up."""
            try:
                return self._look() == self._file
            except OSError:
                return False

        def close(self) -> None:
            """Whoever accepts returns; nobody is let in any more. Again, it has no effect."""
            if self.is_closed:
                return
            self.is_closed = True
            with suppress(OSError):
                if self.is_found():
                    Path(self._address).unlink()
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()

        def _look(self) -> tuple[int, int]:
            found = Path(self._address).lstat()
            return found.st_dev, found.st_ino
