"""Where the engine host and its clients meet: an address and a key, which follow from the engine's folder.

Another folder is another host, so that tests and portable copies never meet the user's own.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from domonitor.backends.engine import failures
from domonitor.jobs import hresult

LONGEST_ADDRESS = 96
"""Bytes of a Unix socket's path: 107 on Linux, 103 on macOS, less what a window's place has more. Source: sys/un.h."""

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Meeting:
    """folder: the engine's. address: what the host listens at. key_file: what it lets in those who can read."""

    folder: Path
    address: str
    key_file: Path

    def make_key(self) -> bytes:
        """A new key, for a host that begins to listen; nobody but this user can read it. Raises OSError."""
        key = os.urandom(KEY_BYTES)
        # Who only looks makes no folder. On Windows the user alone gets in, by the access list that it inherits.
        self.key_file.parent.mkdir(parents=True, exist_ok=True)
        written = self.key_file.with_suffix(f".{os.getpid()}.new")
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        try:
            os.write(descriptor, key)
        finally:
            os.close(descriptor)
        written.replace(self.key_file)
        return key

    def is_key_there(self) -> bool:
        """Whether a client could read it."""
        return self.key_file.exists()

    def read_key(self) -> bytes:
        """The key of the host that listens. Raises OSError."""
        return self.key_file.read_bytes()


def meeting_of(folder: Path) -> Meeting:
    """Where the host of that engine folder is met. Makes this user's private folder if need be, but on Windows.

    Raises CallFailed where no folder is there that is this user's alone.
    """
    folder = folder.resolve()
    name = hashlib.sha256(os.fsencode(os.path.normcase(folder))).hexdigest()[:24]
    if sys.platform == "win32":
        keys = Path(os.environ["LOCALAPPDATA"]) / "domonitor" / "hosts"
        return Meeting(folder, rf"\\.\pipe\domonitor-{name}", keys / f"{name}.key")
    for private in private_folders():
        address = private / f"{name}.sock"
        if len(os.fsencode(address)) <= LONGEST_ADDRESS and _is_ours_alone(private):
            return Meeting(folder, str(address), address.with_suffix(".key"))
    raise failures.refusal(
        hresult.E_ACCESSDENIED,
        "The download engine needs a folder that only you can enter, and found none: look whether"
        f" {' or '.join(map(str, private_folders()))} belongs to somebody else.",
    )


def window_place(folder: Path) -> str:
    """Where the first window on that engine's folder listens, of all that this user has open in this session.

    On Windows a window with an administrator's rights is not the same as one without. Raises CallFailed.
    """
    address = meeting_of(folder).address
    if sys.platform == "win32":
        import ctypes

        session = ctypes.c_uint32()
        ctypes.windll.kernel32.ProcessIdToSessionId(os.getpid(), ctypes.byref(session))
        rights = "admin" if ctypes.windll.shell32.IsUserAnAdmin() else "user"
        return f"{address}-{session.value}-{rights}"
    display = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY", "")
    return f"{address.removesuffix('.sock')}-{hashlib.sha256(display.encode()).hexdigest()[:6]}.win"


if sys.platform != "win32":

    def private_folders() -> Iterator[Path]:
        """Where hosts of this user may be met, best first; they need not be there."""
        user = os.geteuid()
        if told := os.environ.get("XDG_RUNTIME_DIR"):
            yield Path(told) / "domonitor"
        # Also for whoever was started without the variable, by cron or by su: all must meet at one place.
        yield Path(f"/run/user/{user}/domonitor")
        yield Path(os.environ.get("TMPDIR") or "/tmp") / f"domonitor-{user}"

    def _is_ours_alone(folder: Path) -> bool:
        """Whether the folder is there, or could be made, and nobody else can enter it."""
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
        except OSError:
            return False
        return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
