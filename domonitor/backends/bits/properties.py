"""What can be set on a job of BITS beyond the documented object model that all services share."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class ProxyUsage(IntEnum):
    """Over which proxy a job goes. Source: BG_JOB_PROXY_USAGE."""

    PRECONFIG = 0
    """The one that the user or the system has chosen."""
    NO_PROXY = 1
    OVERRIDE = 2
    """The ones that the job names."""
    AUTODETECT = 3

    @property
    def title(self) -> str:
        """As Get-BitsTransfer writes it."""
        return ("SystemDefault", "NoProxy", "Override", "AutoDetect")[self]


class ProxySettings(NamedTuple):
    """A job's proxies. proxies, bypassed: separated by spaces, "" for none; of use with OVERRIDE alone."""

    usage: ProxyUsage
    proxies: str = ""
    bypassed: str = ""


class JobProperty(IntEnum):
    """A property with a number for its value. Source: BITS_JOB_PROPERTY_ID."""

    COST_FLAGS = 1
    """On which connections the job may move: a TransferPolicy."""


class TransferPolicy(IntEnum):
    """On which connections a job may move, from any to those alone that cost nothing. Source: BITS_COST_STATE."""

    ALWAYS = 0x800000FF
    NOT_ROAMING = 0x8000007F
    NO_SURCHARGE = 0x8000006F
    STANDARD = 0x80000067
    UNRESTRICTED = 0x80000021
