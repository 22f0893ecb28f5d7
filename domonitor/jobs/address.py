"""From what a person types to new jobs: addresses are checked, and a safe file name is found for each.

Nothing here touches the disk or the network; whether the folder is there and can be written is the service's word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from domonitor.jobs.error import InvalidInput
from domonitor.jobs.request import NewFile, NewJob

URL_LENGTH = 2_200
"""The longest address that the documented services take."""

NAME_BYTES = 254
"""The longest file name that every usual file system takes, in UTF-8."""

DISPLAY_NAME_LENGTH = 256

_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def check_address(address: str) -> None:
    """Raises InvalidInput with a sentence that says what is wrong with the address and what to do."""
    if not address:
        raise InvalidInput("There is no address. Give one that begins with http:// or https://.")
    if len(address) > URL_LENGTH:
        raise InvalidInput(
            f"This address has {len(address):,} characters; at most {URL_LENGTH:,} are allowed. Use a shorter one."
        )
    if any(sign.isspace() for sign in address):
        raise InvalidInput("An address can't contain a space. Write %20 instead, or put each address on its own line.")
    if any(unicodedata.category(sign) == "Cc" for sign in address):
        raise InvalidInput("This address contains a control character. Copy it again.")
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


def file_name(address: str) -> str:
    """The name that a file from this address gets: the last part of its path, made safe for every system.

    Where the path has no last part, the server's name.
    """
    parts = urlsplit(address)
    return safe_name(unquote(parts.path.rpartition("/")[2])) or safe_name(parts.hostname or "") or "download"


def safe_name(name: str) -> str:
    """A file name without anything that a system can't store or that could mislead; "" where nothing is left."""
    kept = "".join("_" if sign in '/\\:*?"<>|' else sign for sign in unicodedata.normalize("NFC", name))
    # Cc are control characters, Cf invisible ones that can turn a name's reading direction, Cs broken halves.
    kept = "".join(sign for sign in kept if unicodedata.category(sign) not in ("Cc", "Cf", "Cs"))
    kept = kept.strip(" .")
    if _DEVICES.fullmatch(kept):
        kept = f"_{kept}"
    return _shortened(kept)


def _shortened(name: str) -> str:
    if len(name.encode()) <= NAME_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > 32:
        stem, dot, extension = name, "", ""
    room = NAME_BYTES - len(f"{dot}{extension}".encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + dot + extension


def problems(addresses: Sequence[str]) -> tuple[str, ...]:
    """For each address what is wrong with it, beside those before it; "" where nothing is."""
    targets: dict[str, str] = {}
    return tuple(_problem(given.strip(), targets) for given in addresses)


def _problem(address: str, targets: dict[str, str]) -> str:
    """targets: the address for each name that is taken; this one is added."""
    try:
        check_address(address)
    except InvalidInput as problem:
        return f"{_shown(address)}: {problem}" if address else str(problem)
    name = file_name(address)
    if (other := targets.get(name.casefold())) is None:
        targets[name.casefold()] = address
        return ""
    if other == address:
        return f"{_shown(address)} is given twice. Give it once."
    return f'{_shown(address)} and {_shown(other)} would both become "{name}". Download one after the other.'


def plan_jobs(addresses: Sequence[str], folder: Path, *, auto_complete: bool) -> tuple[NewJob, ...]:
    """One job for each address, with the file in the folder.

    Raises InvalidInput for the first address that can't be used, that stands there twice, or whose file would get
    the same name as another one's.
    """
    if not addresses:
        check_address("")
    if problem := next(filter(None, problems(addresses)), ""):
        raise InvalidInput(problem)
    return tuple(_new_job(address.strip(), folder, auto_complete) for address in addresses)


def _new_job(address: str, folder: Path, auto_complete: bool) -> NewJob:
    name = file_name(address)
    new_file = NewFile(address, str(folder / name))
    return NewJob(name[:DISPLAY_NAME_LENGTH], (new_file,), auto_complete=auto_complete)


def without_secrets(address: str) -> str:
    """The address as it may be shown to others: without user name, password and query."""
    head, mark, _ = address.partition("?")
    scheme, slashes, rest = head.partition("://")
    server, slash, path = rest.partition("/")
    return f"{scheme}{slashes}{server.rpartition('@')[2]}{slash}{path}" + ("?…" if mark else "")


def _shown(address: str) -> str:
    plain = without_secrets(address)
    return plain if len(plain) <= 80 else f"{plain[:60]}…{plain[-19:]}"
