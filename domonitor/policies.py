"""What an administrator has laid down for all users of this computer, which no user can change.

    Windows  the values of HKEY_LOCAL_MACHINE\\Software\\Policies\\domonitor (64-bit view), and nothing of a user's own
    else     /etc/domonitor.toml, its table [policies]; it counts only where nobody but root can have written it

A new policy is one entry in POLICIES, in both files of packaging/windows/policies and packaging/linux/domonitor.toml.
What can't be used is ignored, logged, and told by `domonitor doctor`; the other policies hold all the same.
"""

from __future__ import annotations

import logging
import os
import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from domonitor.settings import Settings, is_valid

KEY = r"Software\Policies\domonitor"
FILE = Path("/etc/domonitor.toml")
TABLE = "policies"

ADMINISTRATOR = 0
"""Whose file it has to be: root's."""

SERVICES = ("engine", "bits", "do", "agent")
"""As they are written in the policy Services. What is not on the system may be named all the same."""

_NAMES = {"agent": "do-agent"}
"""Of services that are called otherwise inside."""

_log = logging.getLogger(__name__)


class Kind(Enum):
    """What a policy's value is: its types in the registry (source: winnt.h, REG_*), and both in words."""

    YES_NO = (4,), "a REG_DWORD of 0 or 1", "true or false, without quotes"
    NUMBER = (4,), "a REG_DWORD", "a whole number, without quotes"
    TEXT = (1, 2), "a REG_SZ or REG_EXPAND_SZ", 'text in quotes: "…"'
    LIST = (7,), "a REG_MULTI_SZ", 'a list of texts: ["…", "…"]'

    def __init__(self, registry_types: tuple[int, ...], in_registry: str, in_file: str) -> None:
        self.registry_types = registry_types
        self.wanted = in_registry if sys.platform == "win32" else in_file


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy. name: in the registry; key is the one in the file. setting: which of Settings it sets, "" for none.

    values: what can stand there, as part of a sentence that tells how it is mended.
    """

    name: str
    kind: Kind
    setting: str = ""
    values: str = ""

    @property
    def key(self) -> str:
        """download_folder for DownloadFolder."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", self.name).lower()


POLICIES = (
    Policy("DownloadFolder", Kind.TEXT, "download_folder", "the whole path of a folder"),
    Policy("Autostart", Kind.YES_NO, "autostart"),
    Policy("Tray", Kind.YES_NO, "tray"),
    Policy("Proxy", Kind.TEXT, "proxy", "environment, none, or an address without a login: http://proxy.example:3128"),
    Policy("HoldsOffSleep", Kind.YES_NO, "holds_off_sleep"),
    Policy("AutoComplete", Kind.YES_NO, "auto_complete"),
    Policy("SpeedLimit", Kind.NUMBER, "speed_limit", "bytes a second, at least 1024, or 0 for no limit"),
    Policy("Services", Kind.LIST, values=f"one or more of {', '.join(SERVICES)}"),
    Policy("CommandsOnOtherProgramsJobs", Kind.YES_NO),
)
"""All that there are."""

BY_SETTING = {policy.setting: policy.name for policy in POLICIES if policy.setting}


@dataclass(frozen=True, slots=True)
class Policies:
    """What holds. where: in which file or key it was looked for. names: the policies that are in force.

    settings: what is laid down of Settings. services: those that are shown, None for all; the engine always is.
    may_command_others: whether jobs of other programs and users take commands. problems: what can't be used, as
    sentences. remedies: how that is mended, likewise.
    """

    where: str
    names: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    services: frozenset[str] | None = None
    may_command_others: bool = True
    problems: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()

    @property
    def locked(self) -> frozenset[str]:
        """The settings that the user can't change."""
        return frozenset(self.settings)

    def shows(self, service: str) -> bool:
        """Whether the service, by its name inside, is among those that are shown."""
        return self.services is None or service in self.services


@cache
def in_force() -> Policies:
    """The policies as they were when this process first asked. What can't be used is logged, once."""
    found = look()
    for problem in found.problems:
        _log.warning("policies: %s", problem)
    if found.names:
        _log.info("policies in force, from %s: %s", found.where, ", ".join(found.names))
    return found


def applied(settings: Settings) -> tuple[Settings, frozenset[str]]:
    """The stored settings with what is laid down in place of the user's own choices; and which of them that is."""
    policies = in_force()
    return replace(settings, **policies.settings), policies.locked


def to_be_stored(chosen: Settings, stored: Settings) -> Settings:
    """The chosen settings as they are saved: where a policy holds, the user's own choice stays until it is gone."""
    return replace(chosen, **{name: getattr(stored, name) for name in in_force().locked})


def look() -> Policies:
    """The policies as they are now."""
    return _from_registry() if sys.platform == "win32" else _from_file(FILE)


class _Reading:
    """Gathers what holds, and what is wrong. where: see Policies."""

    def __init__(self, where: str) -> None:
        self.where = where
        self._found: dict[str, Any] = {}
        self._problems: list[str] = []
        self._remedies: list[str] = []

    def refuse(self, problem: str, remedy: str) -> None:
        self._problems.append(problem)
        self._remedies.append(remedy)

    def take(self, policy: Policy, value: object) -> None:
        """A value of the right type."""
        usable = _usable(policy, value)
        if usable is None:
            self.refuse_value(policy, f"{policy.name} can't be {_shown(value)}.")
        else:
            self._found[policy.name] = usable

    def refuse_value(self, policy: Policy, problem: str) -> None:
        values = f": {policy.values}" if policy.values else ""
        self.refuse(f"{problem} It is ignored.", f"{policy.name} has to be {policy.kind.wanted}{values}.")

    def refuse_name(self, name: str, known: list[str]) -> None:
        self.refuse(f'There is no policy "{name}".', f"There are: {', '.join(known)}.")

    def policies(self) -> Policies:
        laid_down = {
            policy.setting: self._found[policy.name]
            for policy in POLICIES
            if policy.setting and policy.name in self._found
        }
        return Policies(
            self.where,
            tuple(policy.name for policy in POLICIES if policy.name in self._found),
            MappingProxyType(laid_down),
            self._found.get("Services"),
            self._found.get("CommandsOnOtherProgramsJobs", True),
            tuple(self._problems),
            tuple(self._remedies),
        )


def _usable(policy: Policy, value: Any) -> Any:
    """The value as it is used inside, None where it can't be."""
    if policy.kind is Kind.LIST:
        names = {each.strip().lower() for each in value} - {""}
        return frozenset(_NAMES.get(each, each) for each in names) if names and names <= set(SERVICES) else None
    if policy.setting == "download_folder":
        value = os.path.expanduser(value)  # noqa: PTH111  # a Path would not keep "" apart from "."
        return value if value and is_valid("download_folder", value) else None
    if policy.setting == "proxy":
        value = "" if value == "environment" else value.strip()
    return value if not policy.setting or is_valid(policy.setting, value) else None


def _shown(value: object) -> str:
    """The value, but for what may be a login in it."""
    if isinstance(value, str):
        return f'"…{value[value.rindex("@") :]}"' if "@" in value else f'"{value}"'
    return ", ".join(f'"{each}"' for each in value) or "empty" if isinstance(value, list) else str(value)


# /etc/domonitor.toml.


def _from_file(path: Path) -> Policies:
    reading = _Reading(str(path))
    try:
        read = _read(path)
    except FileNotFoundError:
        return reading.policies()
    except _Refused as refused:
        problem, remedy = refused.args
        reading.refuse(f"{path} {problem}, so no policy holds.", remedy)
        return reading.policies()
    table = read.pop(TABLE, {})
    if read or not isinstance(table, dict):
        reading.refuse(f"{path} holds something else than policies.", f"Let all stand in one table, under [{TABLE}].")
    known = {policy.key: policy for policy in POLICIES}
    for name, value in table.items() if isinstance(table, dict) else ():
        if name not in known:
            reading.refuse_name(name, list(known))
        elif _is_of(known[name].kind, value):
            reading.take(known[name], value)
        else:
            reading.refuse_value(known[name], f"{known[name].name} can't be {_shown(value)}.")
    return reading.policies()


class _Refused(Exception):
    """The file can't be used: why not, and how that is mended."""


def _read(path: Path) -> dict[str, Any]:
    """What stands in the file. Raises FileNotFoundError, _Refused."""
    try:
        # A pipe in its place must not hold us; what is looked at is the very file that is read.
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise _Refused("is no file", f"Put a file there: {path}")
            if found.st_uid != ADMINISTRATOR or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise _Refused(
                    "may have been written by somebody who is no administrator",
                    f"Look what stands there, then: chown root {path} && chmod 644 {path}",
                )
            import tomllib  # most computers have no such file

            return tomllib.loads(file.read().decode())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _Refused(f"can't be read ({error.strerror})", f"Let everybody read it: chmod 644 {path}") from error
    except ValueError as error:
        raise _Refused(f"can't be understood ({error})", "Correct it. Its form is TOML.") from error


def _is_of(kind: Kind, value: object) -> bool:
    if kind is Kind.LIST:
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return type(value) is {Kind.YES_NO: bool, Kind.NUMBER: int, Kind.TEXT: str}[kind]


# The registry.

if sys.platform == "win32":
    import winreg

    def _from_registry() -> Policies:
        reading = _Reading(rf"HKEY_LOCAL_MACHINE\{KEY}")
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, KEY, 0, winreg.KEY_READ | winreg.KEY_WOW64_64KEY) as key:
                values = [winreg.EnumValue(key, at) for at in range(winreg.QueryInfoKey(key)[1])]
        except FileNotFoundError:
            return reading.policies()
        except OSError as error:
            reading.refuse(
                f"The key {reading.where} can't be read ({error.strerror}), so no policy holds.",
                "Let all users read it.",
            )
            return reading.policies()
        known = {policy.name.lower(): policy for policy in POLICIES}
        for name, value, kind in values:
            policy = known.get(name.lower())
            if policy is None:
                reading.refuse_name(name, [each.name for each in POLICIES])
            elif kind not in policy.kind.registry_types or (policy.kind is Kind.YES_NO and value not in (0, 1)):
                reading.refuse_value(policy, f"{policy.name} can't be {_shown(value)} of registry type {kind}.")
            else:
                value = winreg.ExpandEnvironmentStrings(value) if kind == winreg.REG_EXPAND_SZ else value
                reading.take(policy, bool(value) if policy.kind is Kind.YES_NO else value)
        return reading.policies()

else:

    def _from_registry() -> Policies:
        raise NotImplementedError
