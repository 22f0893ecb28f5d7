"""Any text as it may be written down: addresses in it lose what may be secret, and headers their values."""

from __future__ import annotations

import re

from domonitor.jobs.address import without_secrets

_HEADER = re.compile(
    r"(authori[sz]ation|cookies?2?)([\"'\]\\]*\s*[:=,>]).*"
    # A header's value may go on in the next line behind a space, as a traceback does.
    r"(?:\n[ \t]++(?!File \").*)*",
    re.IGNORECASE,
)
_WORD = re.compile(r"\S+")
# Not the paths of Windows: C:\... is no user with a password, and \\?\C:\... no query.
_PASSWORD = re.compile(r"\w\w:[^/@]*@|[^/@:]:[^/\\@][^/@]*@")
_QUERY = re.compile(r"(?<!\\)\?")
_LETTER = re.compile(r"\w")


def redacted(text: str) -> str:
    """The text without secrets of the documented forms, wherever they stand in it.

    user:password@, with or without an address around it; what stands in addresses and paths behind a question mark,
    in addresses also behind a #; the values of Authorization, Proxy-Authorization, Cookie and Set-Cookie, as they go
    over the wire and as Python writes them. What can't be told apart from a secret goes with it.
    """
    return _WORD.sub(_without_secrets, _HEADER.sub(r"\1\2 …", text))


def _without_secrets(found: re.Match[str]) -> str:
    word = found[0]
    if not ("@" in word or "?" in word or "#" in word):
        return word
    word = word.replace("\\/", "/")  # as JSON may write it
    if "://" not in word:
        if _PASSWORD.search(word):
            word = without_secrets(word)
        query = _QUERY.search(word)
        return f"{word[: query.start()]}?…" if query and _LETTER.search(word, query.end()) else word
    shown = []
    for piece in word.split("://"):  # one word may hold several addresses
        shown.append(without_secrets(piece))
        if shown[-1].endswith(("?…", "#…")):
            break
    return "://".join(shown)
