"""Windows' mark of the web: a file that says whence it came is opened with care.

It is a stream beside the file's content, called Zone.Identifier. It is written to the temporary file, so that there is
no moment at which the file has its name and not its mark. Source: [MS-FSCC], "Zone.Identifier Stream Name".
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

from domonitor.backends.engine import addresses, disk
from domonitor.backends.engine.records import FileRecord

STREAM = "Zone.Identifier"

INTERNET = 3
"""Source: urlmon.h, URLZONE_INTERNET."""

POLICY = r"Software\Microsoft\Windows\CurrentVersion\Policies\Attachments"
POLICY_VALUE = "SaveZoneInformation"
_NOT_TO_BE_KEPT = 1
"""Source: AttachmentManager.admx, AM_MarkZoneOnSavedAtttachments."""

IS_KNOWN_HERE = sys.platform == "win32"
"""Whether this system knows such marks."""

T = TypeVar("T")

_log = logging.getLogger(__name__)


def text(remote_name: str) -> str:
    """The mark of a file from that address: scheme, server and path of it, nothing that may be secret."""
    lines = ["[ZoneTransfer]", f"ZoneId={INTERNET}"]
    try:
        parts = urlsplit(addresses.on_the_wire(remote_name))
        host = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path or "/", "", ""))
        lines.append(f"HostUrl={host}")
    except ValueError:
        pass  # an address that can't be read is not told
    return "\r\n".join([*lines, ""])


def is_allowed(policies: Iterable[object]) -> bool:
    """Whether marks may be written, by the policy's values for this user and this computer, None where it has none."""
    return _NOT_TO_BE_KEPT not in list(policies)


def before(name_all: Callable[[], T], files: Iterable[FileRecord]) -> Callable[[], T]:
    """The call that gives the files their names, for the store thread, with the marks before it where there are such.

    A mark that the policy forbids, or the file system has no place for, is left out; nothing fails of it.
    """
    if not IS_KNOWN_HERE:
        return name_all
    return partial(_mark_and_name, [(file.part, text(file.remote_name)) for file in files], name_all)


def _mark_and_name(marks: Sequence[tuple[str, str]], name_all: Callable[[], T]) -> T:
    if is_allowed(policies()):
        for part, mark in marks:
            try:
                disk.write_stream(part, STREAM, mark)
            except OSError as error:
                _log.debug("a file could not be marked as coming from the Internet: %s", error.strerror)
    return name_all()


def policies() -> list[object]:
    """What is set for this user and for this computer, each None where nothing is."""
    values: list[object] = []
    if sys.platform == "win32":
        import winreg

        for root in (winreg.HKEY_CURRENT_USER, winreg.HKEY_LOCAL_MACHINE):
            try:
                with winreg.OpenKey(root, POLICY) as key:
                    values.append(winreg.QueryValueEx(key, POLICY_VALUE)[0])
            except OSError:
                values.append(None)
    return values
