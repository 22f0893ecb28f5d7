"""One window for each user and session: a second start raises the first window, and hands over what it was given."""

from __future__ import annotations

import json
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

ANSWERS_WITHIN_MS = 2_000
MOST_BYTES = 1 << 20

_TAKEN = b"taken\n"
_END = {"end": True}


class FirstWindow(QObject):
    """The place at which the first window listens.

    Signals: called(list of addresses), when a second one was started. end_wanted(), by the installer of a newer one.
    """

    called = Signal(object)
    end_wanted = Signal()

    def __init__(self, place: str, parent: QObject | None = None) -> None:
        """place: a socket's path in a folder that only this user can enter; on Windows a pipe's name."""
        super().__init__(parent)
        self._place = place
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._take_all)

    def is_there(self) -> bool:
        """Whether there is a first window; it hears nothing of this."""
        socket = QLocalSocket()
        socket.connectToServer(self._place)
        return socket.waitForConnected(ANSWERS_WITHIN_MS)

    def hand_over(self, addresses: Sequence[str]) -> bool:
        """Whether there is a first window, which has taken these addresses and comes to the front."""
        socket = QLocalSocket()
        socket.connectToServer(self._place)
        if not socket.waitForConnected(ANSWERS_WITHIN_MS):
            return False
        socket.write(json.dumps({"addresses": list(addresses)}).encode() + b"\n")
        socket.waitForBytesWritten(ANSWERS_WITHIN_MS)
        said = b""
        while not said.endswith(b"\n") and socket.waitForReadyRead(ANSWERS_WITHIN_MS):
            said += socket.readAll().data()
        return said == _TAKEN

    def listen(self) -> bool:
        """From now on this is the first window; whether that could be."""
        if self._server.listen(self._place):
            return True
        QLocalServer.removeServer(self._place)  # of a window that died without a word
        return self._server.listen(self._place)

    def close(self) -> None:
        """It is none any more."""
        self._server.close()

    def _take_all(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            socket.readyRead.connect(lambda socket=socket: self._take(socket))
            self._take(socket)

    def _take(self, socket: QLocalSocket) -> None:
        if socket.bytesAvailable() > MOST_BYTES:
            socket.abort()
        if not socket.canReadLine():
            return
        said = _said(socket.readLine().data())
        addresses = _addresses(said)
        if addresses is None and said != _END:
            socket.abort()
            return
        socket.write(_TAKEN)
        # Who reads that goes; Windows throws away what a pipe still holds when its server goes first.
        if addresses is None:
            self.end_wanted.emit()
        else:
            self.called.emit(addresses)


def _said(line: bytes | bytearray | memoryview[int]) -> object:
    """What was said, None where it can't be understood."""
    try:
        return json.loads(bytes(line))
    except (ValueError, RecursionError):
        return None


def _addresses(said: object) -> list[str] | None:
    """The addresses that were handed over, None where it is none of that."""
    addresses = said.get("addresses") if isinstance(said, dict) else None
    if isinstance(addresses, list) and all(isinstance(address, str) for address in addresses):
        return addresses
    return None
