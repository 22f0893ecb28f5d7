"""A real tinyproxy on loopback."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.server.programs import free_port, needed, running

LOGIN = USER, PASSWORD = "otto", "streng"

_CONFIGURATION = """\
Port {port}
Listen 127.0.0.1
Timeout 60
MaxClients 64
Allow 127.0.0.1
LogFile "{folder}/log"
LogLevel Connect
PidFile "{folder}/pid"
{login}
"""


@dataclass(frozen=True, slots=True)
class RealProxy:
    """address: how it is reached. logged: what it says of each request, lines as "CONNECT host:port" among them."""

    folder: Path
    port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def address_with_login(self) -> str:
        return f"http://{USER}:{PASSWORD}@127.0.0.1:{self.port}"

    @property
    def logged(self) -> str:
        return (self.folder / "log").read_text()


@contextlib.contextmanager
def real_proxy(folder: Path, *, wants_login: bool = False) -> Iterator[RealProxy]:
    """Runs one in the folder, which must be its own."""
    program = needed("tinyproxy")
    folder.mkdir(parents=True)
    port = free_port()
    login = f"BasicAuth {USER} {PASSWORD}" if wants_login else ""
    (folder / "tinyproxy.conf").write_text(_CONFIGURATION.format(port=port, folder=folder, login=login))
    with running([program, "-d", "-c", str(folder / "tinyproxy.conf")], port, folder / "words"):
        yield RealProxy(folder, port)
