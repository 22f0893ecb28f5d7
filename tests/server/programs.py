"""Real servers as processes of their own: found, started, waited for, ended."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

_STARTED_WITHIN_S = 20.0

_PACKAGES = Path(__file__).parents[2] / "packaging" / "linux" / "apt-test-packages.txt"


def needed(program: str) -> str:
    """Where the program is. The test is skipped where it is missing, but fails in CI, which has to have it."""
    # Debian keeps servers where only root looks for them.
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin{os.pathsep}/usr/bin")
    if found is not None:
        return found
    packages = " ".join(_PACKAGES.read_text(encoding="utf-8").split())
    said = f"{program} is not installed. On Debian and Ubuntu: apt-get install --no-install-recommends {packages}"
    if os.environ.get("CI"):
        pytest.fail(said)
    pytest.skip(said)


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextlib.contextmanager
def running(command: Sequence[str], port: int, said: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a server from the moment that it listens on the port to the end of `with`. said: where its words go."""
    with (
        said.open("wb") as words,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=words, stderr=words) as it,
    ):
        try:
            _wait_until_it_listens(it, port, said)
            yield it
        finally:
            it.terminate()
            try:
                it.wait(5)
            except subprocess.TimeoutExpired:
                it.kill()


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int, said: Path) -> None:
    until_s = time.monotonic() + _STARTED_WITHIN_S
    while True:
        if process.poll() is not None or time.monotonic() > until_s:
            raise RuntimeError(f"{process.args!r} does not listen: {said.read_text(errors='replace')}")
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        time.sleep(0.01)  # nothing tells when it is so far
