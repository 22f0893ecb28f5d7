"""From what a person types to new jobs: addresses are checked, and each file gets a name for a start.

Nothing here touches the disk or the network; whether the folder is there and can be written is the service's word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from domonitor.jobs.error import InvalidInput
from domonitor.jobs.names import file_name, name_in_address, numbered
from domonitor.jobs.request import Existing, NewFile, NewJob

URL_LENGTH = 2_200
"""The longest address that the documented services take."""

DISPLAY_NAME_LENGTH = 256

_SPACE = re.compile(r"\s")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HALF = re.compile(r"[\ud800-\udfff]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_BEFORE_SERVER = re.compile(r"[^/?#@]*://")
_UP_TO_PATH = re.compile(r"[/?#]")
_BEHIND_PATH = re.compile(r"[?#]")
_SERVER = re.compile(r"(\[[^]]*\]|[^:\[\]]*)(:[0-9]*)?")


def check_address(address: str) -> None:
    """Raises InvalidInput with a sentence that says what is wrong with the address and what to do.

    This is the one rule for addresses, whether a person types them or a program hands them over.
    """
    if not address:
        raise InvalidInput("There is no address. Give one that begins with http:// or https://.")
    if len(address) > URL_LENGTH:
        raise InvalidInput(
            f"This address has {len(address):,} characters; at most {URL_LENGTH:,} are allowed. Use a shorter one."
        )
    if _SPACE.search(address):
        raise InvalidInput("An address can't contain a space. Write %20 instead, or put each address on its own line.")
    if _CONTROL.search(address):
        raise InvalidInput("This address contains a control character. Copy it again.")
    if _HALF.search(address):
        raise InvalidInput("This address contains half a character, or bytes that are none. Copy it again.")
    if not re.match(r"https?:", address, re.IGNORECASE):
        scheme = _SCHEME.match(address)
        if scheme is None or not address[scheme.end() :].startswith("//"):
            raise InvalidInput("Put http:// or https:// before this address.")
        raise InvalidInput(
            f"Addresses that begin with {scheme[0]}// can't be downloaded, only http:// and https:// can."
        )
    if not re.match(r"https?://", address, re.IGNORECASE):
        raise InvalidInput("Two slashes belong behind http: or https:. Check the address.")
    _check_server(address)


def _check_server(address: str) -> None:
    try:
        parts = urlsplit(address)
        host = parts.hostname
        if host and not host.isascii():
            host.encode("idna")  # as it goes over the wire
    except ValueError:
        raise InvalidInput("The server's name in this address can't be read. Check what stands behind //.") from None
    if not host or host.startswith(".") or ".." in host:
        raise InvalidInput("This address names no server. Check what stands behind //.")
    try:
        is_port_usable = parts.port != 0
    except ValueError:
        is_port_usable = False
    if not is_port_usable:
        raise InvalidInput("The port in this address is no number from 1 to 65535. Check what stands behind the colon.")


@dataclass(frozen=True, slots=True)
class Line:
    """What can be said of one address alone.

    problem: what is wrong with it, "" for nothing. wanted: what it calls its file. name: that made safe.
    """

    address: str
    problem: str
    wanted: str = ""
    name: str = ""


def judge(address: str) -> Line:
    """Looks at one address as it was typed."""
    address = address.strip()
    try:
        check_address(address)
    except InvalidInput as problem:
        return Line(address, f"{_shown(address)}: {problem}" if address else str(problem))
    name = file_name(address)
    return Line(address, "", name_in_address(address) or name, name)


def problems(lines: Iterable[Line]) -> list[str]:
    """What is wrong with the addresses, each by itself and beside those before it."""
    found = []
    seen: set[str] = set()
    for line in lines:
        if line.problem:
            found.append(line.problem)
        elif line.address in seen:
            found.append(f"{_shown(line.address)} is given twice. Give it once.")
        seen.add(line.address)
    return found


def names(lines: Iterable[Line]) -> list[str]:
    """A name for each file that no other one has, also where small and capital letters are the same."""
    taken: set[str] = set()
    last: dict[str, int] = {}
    return [_free_name(line.name, taken, last) for line in lines]


def _free_name(name: str, taken: set[str], last: dict[str, int]) -> str:
    """last: of each name the number that was given last, so that a thousand of the same are not counted through."""
    free = name
    key = name.casefold()
    while free.casefold() in taken:
        last[key] = last.get(key, 1) + 1
        free = numbered(name, last[key])
    taken.add(free.casefold())
    return free


def plan_jobs(
    addresses: Sequence[str], folder: Path, *, auto_complete: bool, existing: Existing = Existing.RENAME
) -> tuple[NewJob, ...]:
    """One job for each address, with the file in the folder; the server may give the file another name.

    existing: what is done where a file of the wanted name is there. Raises InvalidInput for the first address that
    can't be used, or that stands there twice.
    """
    if not addresses:
        check_address("")
    lines = [judge(address) for address in addresses]
    if found := problems(lines):
        raise InvalidInput(found[0])
    return tuple(
        _new_job(line.address, name, folder, auto_complete, existing)
        for line, name in zip(lines, names(lines), strict=True)
    )


def _new_job(address: str, name: str, folder: Path, auto_complete: bool, existing: Existing) -> NewJob:
    new_file = NewFile(address, str(folder / name), existing=existing, is_named_by_server=True)
    return NewJob(name[:DISPLAY_NAME_LENGTH], (new_file,), auto_complete=auto_complete)


def without_secrets(address: str) -> str:
    """The address as it may be shown to others: without user name, password, query and fragment."""
    scheme = _BEFORE_SERVER.match(address)
    rest = address[scheme.end() :] if scheme else address
    server = _UP_TO_PATH.split(rest, maxsplit=1)[0]
    if "@" in server:
        rest = rest[server.rindex("@") + 1 :]
    elif not _SERVER.fullmatch(server):
        rest = rest.rpartition("@")[2]  # a password with a / in it, where no address may have one
    path = _BEHIND_PATH.split(rest, maxsplit=1)[0]
    return (scheme[0] if scheme else "") + path + (f"{rest[len(path)]}…" if len(path) < len(rest) else "")


def _shown(address: str) -> str:
    plain = without_secrets(address)
    return plain if len(plain) <= 80 else f"{plain[:60]}…{plain[-19:]}"
