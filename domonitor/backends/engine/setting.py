"""The commands that change what a job is to do: their arguments, checked, and what the engine does with them.

Everything here raises CallFailed for arguments that can't be used; see CommandRequest for what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeGuard

from domonitor.backends.engine import checks, failures
from domonitor.backends.engine.commands import Commands
from domonitor.backends.engine.records import JobRecord
from domonitor.jobs import hresult
from domonitor.jobs.job import Priority
from domonitor.jobs.request import CommandRequest
from domonitor.jobs.state import Command

Action = Callable[[JobRecord, Future[Any]], None]


def action(commands: Commands, request: CommandRequest) -> Action:
    """What a request with one of SETTING does to each of its jobs."""
    if request.command is Command.SET_ADDRESS:
        return partial(_set_address, commands, *_address(request.arguments), request.origin)
    values = _priority(request.arguments) if request.command is Command.SET_PRIORITY else _limits(request.arguments)
    return partial(commands.change, origin=request.origin, **values)


def _set_address(commands: Commands, address: str, place: int, origin: str, job: JobRecord, reply: Future[Any]) -> None:
    if place >= len(job.files):
        raise _refusal(f"This download has no file number {place + 1}; it has {len(job.files)}.")
    commands.set_remote_name(job, reply, job.files[place].index, address, origin)


def _address(arguments: Mapping[str, object]) -> tuple[str, int]:
    address, place = arguments.get("address"), arguments.get("file", 0)
    if not isinstance(address, str) or not _is_number(place, at_least=0):
        raise _refusal("A new address needs the address, and the place of the file that it is for.")
    checks.check_remote_name(address)
    return address, place


def _priority(arguments: Mapping[str, object]) -> dict[str, Any]:
    priority = arguments.get("priority")
    if not _is_number(priority, at_least=0):
        raise _refusal("A priority is needed.")
    return {"priority": checks.known(Priority, priority)}


def _limits(arguments: Mapping[str, object]) -> dict[str, Any]:
    values: dict[str, Any] = {name: arguments[name] for name in ("bytes_per_second", "segments") if name in arguments}
    if not values:
        raise _refusal("A limit of the speed or of the connections is needed.")
    checks.check_limits(values.get("bytes_per_second"), values.get("segments", 1))
    return values


def _is_number(value: object, at_least: int) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= at_least


def _refusal(message: str) -> Exception:
    return failures.refusal(hresult.E_INVALIDARG, message)
