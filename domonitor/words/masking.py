"""Text without query strings, passwords and tokens, and what is handed on also without the names of users."""

from __future__ import annotations

import re

from domonitor.jobs.address import without_secrets

_ADDRESS = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*://[^\s"<>]+')
_HOME = re.compile(
    r"(?P<before>/(?:home|Users)/|[A-Za-z]:[\\/](?:Users|Documents and Settings)[\\/])"
    r"(?:[^\\/\r\n\":*?<>|]+(?=[\\/])|[^\\/\s\"]+)",
    re.IGNORECASE,
)
"""A name may hold spaces where a folder follows."""
_HEADER = re.compile(r"\b(?P<name>(?:proxy-)?authorization|(?:set-)?cookie)(?P<mark>\s*:\s*)[^\r\n]+", re.I)
_VALUE = re.compile(
    r"\b(?P<name>password|passwd|pwd|passphrase|token|access_token|api[_-]?key|secret|signature|sig|session(?:id)?)"
    r"(?P<mark>\s*[=:]\s*)(?!//)[^\s&\"',;]+",
    re.I,
)
_HIDDEN = "…"


def without_secrets_in(text: str) -> str:
    """The text with every address in it cut down to what is not secret: what the user's own screen may show."""
    text = _ADDRESS.sub(lambda found: without_secrets(found[0].partition("#")[0]), text)
    for pattern in (_HEADER, _VALUE):
        text = pattern.sub(lambda found: f"{found['name']}{found['mark']}{_HIDDEN}", text)
    return text


def masked(text: str) -> str:
    """The same with the names of users in paths hidden: what may be handed on."""
    return _HOME.sub(lambda found: f"{found['before']}{_HIDDEN}", without_secrets_in(text))
