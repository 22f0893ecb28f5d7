"""Whose a job of BITS is, what may be done with it by others, and which program probably made it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from domonitor.backends.com import accounts
from domonitor.jobs.job import Origin
from domonitor.jobs.state import SETTING, Command

_PROGRAMS = {
    "CCMDTS Job": "Configuration Manager",
    "CCMSETUP DOWNLOAD": "Configuration Manager",
    "Chrome Component Updater": "Chrome, or another browser made of Chromium",
    "Edge Component Updater": "Microsoft Edge",
    "Font Download": "Windows",
    "Microsoft Outlook Offline Address Book": "Outlook",
    "MozillaUpdate ": "Firefox, or another program of Mozilla",
    "WU Client Download": "Windows Update",
}
"""How the names of the jobs of some programs begin; others may use them, too."""

_GUESS = "{program} (a guess from the job's name)"

_UPLOAD = "An upload is only watched here."
_WINDOWS_OWN = "Windows made this job, and lets no program change it."
_NEEDS_ADMIN = "It belongs to {owner}. Only an administrator can change it."
_ITS_PROGRAMS_ALONE = (
    "Another program made this download and waits for it. Only that program can complete or change it."
)
_NO_LIMITS = "BITS has no limits for one download."

_ITS_MAKERS_ALONE = (Command.COMPLETE, *sorted(SETTING))
"""Complete decides for the program that waits for the files, and so does what changes the job."""


def origin_of(owner_sid: str, *, is_own: bool) -> Origin:
    """Whose it is. owner_sid: "" where BITS does not say. is_own: whether this program made it."""
    if is_own:
        return Origin.OURS
    if owner_sid in accounts.SYSTEM_SIDS:
        return Origin.SYSTEM
    return Origin.MY_ACCOUNT if owner_sid in ("", accounts.own_sid()) else Origin.OTHER_USER


@cache
def refusals_of(origin: Origin, owner: str | None, *, is_upload: bool, is_elevated: bool) -> Mapping[Command, str]:
    """What can't or must not be done with a job, and why; the same mapping for all jobs of a kind."""
    if is_upload:
        return _all(_UPLOAD)
    if origin is Origin.SYSTEM:
        return _all(_WINDOWS_OWN)
    if origin is Origin.OTHER_USER and not is_elevated:
        return _all(_NEEDS_ADMIN.format(owner=owner))
    if origin is Origin.OURS:
        return MappingProxyType({Command.SET_LIMITS: _NO_LIMITS})
    return MappingProxyType(dict.fromkeys(_ITS_MAKERS_ALONE, _ITS_PROGRAMS_ALONE))


def program_of(display_name: str) -> str | None:
    """Which program probably made a job of that name, and that this is a guess; None where nothing hints at it."""
    for beginning, program in _PROGRAMS.items():
        if display_name.startswith(beginning):
            return _GUESS.format(program=program)
    return None


def _all(why: str) -> Mapping[Command, str]:
    return MappingProxyType(dict.fromkeys(Command, why))
