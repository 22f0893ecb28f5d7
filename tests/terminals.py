"""A terminal in which a program runs, with somebody who reads and types."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl
    import pty
    import struct
    import termios


ATTACHED = "import os, sys; os.login_tty(os.dup(0)); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
"""Makes the terminal the one whose keys send signals to the program, then runs the program."""


def in_a_terminal(
    arguments: Sequence[str],
    folder: Path,
    env: Mapping[str, str],
    typed: Mapping[str, str] | None = None,
    columns: int = 100,
) -> tuple[int, str]:
    """Runs Python with these arguments to its end; its exit code and all that was on the screen.

    typed: what is typed once these words have come, each once.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    attached = [sys.executable, "-c", ATTACHED, *arguments[1:]]
    process = subprocess.Popen(attached, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=env)
    os.close(theirs)
    seen = b""
    waiting = dict(typed or {})
    try:
        with suppress(OSError):  # so ends what is read of a terminal that nobody holds any more
            while data := os.read(ours, 65536):
                seen += data
                for words, answer in list(waiting.items()):
                    if words.encode() in seen:
                        os.write(ours, answer.encode())
                        del waiting[words]
        return process.wait(45), seen.decode()
    finally:
        os.close(ours)
        if process.poll() is None:
            process.kill()
            process.wait()
