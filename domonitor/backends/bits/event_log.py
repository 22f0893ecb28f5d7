"""What Windows' event log says of BITS' jobs: who made them, which files moved, what failed, how they ended.

The XML of an event is parsed by a pure function; one that can't be made out is left out. Source: the manifest of
Microsoft-Windows-Bits-Client. Its older versions name an event's data otherwise: jobId or Id, string2 in event 3.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID
from xml.etree import ElementTree

from domonitor.backends.com import event_channel
from domonitor.jobs import hresult
from domonitor.jobs.address import without_secrets
from domonitor.jobs.error import CopyError, ErrorContext, ErrorFile
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.state import JobState

CHANNEL = "Microsoft-Windows-Bits-Client/Operational"

CREATED, COMPLETED, CANCELLED, STARTED, STOPPED, FAILED = 3, 4, 5, 59, 60, 61
"""The ids of the events that are read."""

MOST_EVENTS = 2_000
"""So many of the newest events are looked through, and kept."""

ORIGIN = "bits"

_QUERY = (
    f"*[System[{' or '.join(f'EventID={one}' for one in (CREATED, COMPLETED, CANCELLED, STARTED, STOPPED, FAILED))}]]"
)
_ENDS = {COMPLETED: JobState.ACKNOWLEDGED, CANCELLED: JobState.CANCELLED}
_LONGEST_TEXT = 1 << 18
_SIZE_UNKNOWN = (1 << 64) - 1

_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML may hold, but a job's name may."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event of a job. number: its record in the log, larger for newer ones. end: the final state that it names.

    bytes_transferred: in all, where an end says so.
    """

    number: int
    job_id: UUID
    event: Event
    end: JobState | None = None
    bytes_transferred: int | None = None


class EventLog:
    """The newest events of BITS' channel. Each look reads what has come since the last one; nothing looks by itself.

    read: gives the XML of the newest events, the newest first, and raises OSError where there is no such log. Used on
    one thread at a time.
    """

    def __init__(self, read: Callable[[], Generator[str, None, None]] | None = None) -> None:
        self._read = read or (lambda: event_channel.newest(CHANNEL, _QUERY, MOST_EVENTS))
        self._kept: deque[LoggedEvent] = deque(maxlen=MOST_EVENTS)
        self._has_said = False

    def timeline(self, job_id: UUID) -> tuple[Event, ...]:
        """What happened to the job as far as the log still knows, oldest first; nothing where it can't be read."""
        self._look()
        found = [one.event for one in self._kept if one.job_id == job_id]
        return tuple(sorted(found, key=lambda event: event.at))

    def ends(self, job_ids: Iterable[UUID]) -> Mapping[UUID, LoggedEvent] | None:
        """How these jobs have ended, of those that the log names; None where it can't be read."""
        if not self._look():
            return None
        wanted = frozenset(job_ids)
        return {one.job_id: one for one in self._kept if one.end is not None and one.job_id in wanted}

    def _look(self) -> bool:
        """Reads what is new; whether the log could be read."""
        new: list[LoggedEvent] = []
        newest = self._kept[-1].number if self._kept else 0
        try:
            with closing(self._read()) as texts:
                for found in filter(None, map(parsed, texts)):
                    if not new and found.number < newest:
                        self._kept.clear()  # somebody has cleared the log: its numbers begin anew
                        newest = 0
                    if found.number <= newest:
                        break
                    new.append(found)
        except OSError as problem:
            if not self._has_said:
                _log.info("timelines of BITS' jobs are without Windows' own events: %s", problem)
            self._has_said = True
            return False
        self._kept.extend(reversed(new))
        return True


def parsed(xml: str) -> LoggedEvent | None:
    """The event, None for one of another kind, one that names no job, and whatever can't be made out."""
    if len(xml) > _LONGEST_TEXT or "<!DOCTYPE" in xml:
        return None
    try:
        root = ElementTree.fromstring(_NO_XML.sub("\N{REPLACEMENT CHARACTER}", xml))
        event_id, number = int(_text(root, "EventID")), int(_text(root, "EventRecordID"))
        at = _moment(root)
    except (ElementTree.ParseError, ValueError):
        return None
    data = {name: one.text or "" for one in root.iterfind(".//{*}EventData/{*}Data") if (name := one.get("Name"))}
    job_id = _job_id(event_id, data)
    event = _event(event_id, at, data)
    if job_id is None or event is None:
        return None
    return LoggedEvent(number, job_id, event, _ENDS.get(event_id), _size(data.get("bytesTransferred", "")))


def _text(root: ElementTree.Element, name: str) -> str:
    return root.findtext(f"{{*}}System/{{*}}{name}", "")


def _moment(root: ElementTree.Element) -> datetime:
    """In UTC. Raises ValueError."""
    created = root.find("{*}System/{*}TimeCreated")
    said = datetime.fromisoformat("" if created is None else created.get("SystemTime", ""))
    return said.replace(tzinfo=UTC) if said.tzinfo is None else said.astimezone(UTC)


def _job_id(event_id: int, data: Mapping[str, str]) -> UUID | None:
    named = [value for name, value in data.items() if name.casefold() in ("jobid", "id")]
    if event_id == CREATED:
        named += [value for name, value in data.items() if name.startswith("string")]
    for value in named:
        try:
            return UUID(value.strip().strip("{}"))
        except ValueError:
            continue
    return None


def _event(event_id: int, at: datetime, data: Mapping[str, str]) -> Event | None:
    """In the vocabulary. Without what may be secret in an address."""
    address = without_secrets(data.get("url", "")) or "a file"
    if event_id in _ENDS:
        return Event(at, EventKind.STATE, _ENDS[event_id], origin=ORIGIN)
    if event_id == CREATED:
        return Event(at, EventKind.STATE, detail=_creation(data), origin=ORIGIN)
    if event_id == STARTED:
        return Event(at, EventKind.STATE, detail=f"BITS fetches {address}", origin=ORIGIN)
    code = _code(data.get("hr", ""))
    if event_id == STOPPED:
        return Event(at, EventKind.STATE, detail=_stop(address, code, data), origin=ORIGIN)
    if event_id != FAILED or not code:
        return None
    error = CopyError(ErrorContext.UNKNOWN, code, file=ErrorFile(address, ""), occurred_at=at)
    return Event(at, EventKind.ERROR, code=code, origin=ORIGIN, error=error)


def _creation(data: Mapping[str, str]) -> str:
    program, owner = data.get("processPath", "").strip(), data.get("jobOwner", "").strip()
    said = f"Created by {program}" if program else "Created"
    return f"{said} for {owner}" if owner else said


def _stop(address: str, code: int, data: Mapping[str, str]) -> str:
    done, total = (_size(data.get(name, "")) for name in ("bytesTransferred", "bytesTotal"))
    if code:
        return f"BITS stopped fetching {address} ({hresult.text(code)})"
    if done is not None and done == total:
        return f"BITS has fetched {address}"
    return f"BITS stopped fetching {address}"


def _code(said: str) -> int:
    """An HRESULT, unsigned, however it is written; 0 for none."""
    try:
        return int(said.strip(), 0) & 0xFFFFFFFF
    except ValueError:
        return 0


def _size(said: str) -> int | None:
    """Bytes, None where they are not known."""
    try:
        count = int(said.strip(), 0)
    except ValueError:
        return None
    return count if 0 <= count < _SIZE_UNKNOWN else None
