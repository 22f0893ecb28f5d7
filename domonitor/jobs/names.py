"""What files are called: names made safe for every system, with numbers where one is taken, and as servers give them.

Nothing here touches the disk or the network, and nothing raises, whatever a server sends.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote_to_bytes

from domonitor.jobs.host import host_of

NAME_BYTES = 254
"""The longest file name that every usual file system takes, in UTF-8. It has then at most 254 units of UTF-16, too."""

EXTENSION_BYTES = 32
"""What stands behind a dot and is longer than that is no extension, but a sentence."""

_RESERVED = frozenset('/\\:*?"<>|')
"""What Windows keeps for itself, or what begins another folder somewhere."""

_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co"})
"""Control characters, those that turn a name's reading direction or join letters, broken halves, and nobody's own."""

_UNSEEN = (
    *(range(code, code + 1) for code in (0x34F, 0x2065, 0x2800, 0x3164, 0xFFA0)),
    range(0x115F, 0x1161),
    range(0x17B4, 0x17B6),
    range(0x180B, 0x1810),
    range(0xFDD0, 0xFDF0),
    range(0xFE00, 0xFE10),
    range(0xFFF0, 0xFFF9),
    range(0xE0000, 0xE1000),
)
"""Characters of other categories that leave nothing on the screen. Source: Unicode, Default_Ignorable_Code_Point."""

_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?", re.IGNORECASE)
"""These open a device on Windows, whatever extension stands behind them. Source: Windows, naming files."""

_EXTENSION = re.compile(r"(\.tar)?\.[^. ]+", re.IGNORECASE)
_NUMBER = re.compile(r"(.*) \(([2-9]|[1-9][0-9]{1,2})\)", re.DOTALL)
"""A name with a number of ours at its end. One with four digits is a year."""


def safe_name(name: str) -> str:
    """A file name without anything that a system can't store or hides, or that misleads; "" where nothing is left.

    It names a file in the folder where it is put and no other one, is seen whole, and lists like any other: a dot at
    its beginning, which would hide the file on POSIX, goes too. What is safe already stays as it is.
    """
    kept = "".join(map(_safe_sign, unicodedata.normalize("NFC", name)))
    # Without what stood between them, signs may have come together that are written as one.
    kept = unicodedata.normalize("NFC", " ".join(kept.split())).strip(" .")
    if _DEVICES.fullmatch(kept):
        kept = f"_{kept}"
    stem, extension = _split(kept)
    return _fitted(stem, "", extension)


def _safe_sign(sign: str) -> str:
    if sign.isspace():
        return " "  # many of them in a row push an extension out of sight; a line break is none in a name
    if sign in _RESERVED:
        return "_"
    return "" if _is_unseen(sign) else sign


def _is_unseen(sign: str) -> bool:
    if unicodedata.category(sign) in _UNSEEN_CATEGORIES:
        return True
    code = ord(sign)
    return code > 0x7F and (code & 0xFFFE == 0xFFFE or any(code in each for each in _UNSEEN))


def numbered(name: str, number: int) -> str:
    """The name with that number: "archive (2).tar.gz". One that has a number already gets this one instead.

    It is at most as long as a name may be; what is too long is taken from its end, not from its extension.
    """
    stem, extension = _split(name)
    found = _NUMBER.fullmatch(stem)
    return _fitted((found[1] if found else stem).rstrip(" "), f" ({number})", extension)


def number_of(name: str) -> int:
    """The number that the name has, 1 where it has none."""
    found = _NUMBER.fullmatch(_split(name)[0])
    return int(found[2]) if found else 1


def _split(name: str) -> tuple[str, str]:
    """What stands before the extension, and the extension with its dot, "" where there is none."""
    stem, dot, last = name.rpartition(".")
    if stem.lower().endswith(".tar") and len(stem) > len(".tar"):
        stem, last = stem[: -len(".tar")], f"{stem[-len('tar') :]}.{last}"
    extension = f"{dot}{last}"
    if (
        not stem
        or not _EXTENSION.fullmatch(extension)
        or len(extension.encode(errors="surrogatepass")) > EXTENSION_BYTES
    ):
        return name, ""
    return stem, extension


def _fitted(stem: str, addition: str, extension: str) -> str:
    """The three together, the first one shortened to what a name may have."""
    room = NAME_BYTES - len(f"{addition}{extension}".encode(errors="surrogatepass"))
    encoded = stem.encode(errors="surrogatepass")
    if len(encoded) > room:
        stem = encoded[:room].decode(errors="ignore").rstrip(" .")
    return f"{stem}{addition}{extension}"


def name_in_address(address: str) -> str:
    """The last part of the address's path as it stands there, decoded but not made safe; "" where there is none."""
    path = address.partition("#")[0].partition("?")[0].partition("://")[2].partition("/")[2]
    return decoded(path.rpartition("/")[2])


def file_name(address: str) -> str:
    """The name that a file from this address gets as long as its server says no other: the last part of its path.

    Made safe; where the path has no last part, the server's name.
    """
    return safe_name(name_in_address(address)) or safe_name(host_of(address)) or "download"


def decoded(text: str) -> str:
    """The text without percent-encoding. What is no UTF-8 is taken for ISO-8859-1, as servers mean it."""
    return text_of(unquote_to_bytes(text.encode(errors="replace")))


def text_of(data: bytes) -> str:
    """Bytes from a server as text: UTF-8, else ISO-8859-1."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
