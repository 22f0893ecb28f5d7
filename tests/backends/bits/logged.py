"""Events of BITS' channel as Windows' event log renders them, by the documented schema of each."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID
from xml.sax.saxutils import escape

from domonitor.backends.bits.event_log import EventLog

JOB = UUID("b652f1e5-5a4f-4a3c-9673-21b527e3b142")
OTHER = UUID("0d4e0a71-8f3d-4e55-8a4b-3c6c6f2f7d10")
AT = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)

URL = "http://example.com/files/setup.iso?token=s3cret"


def xml(event_id: int, number: int = 1, at: datetime = AT, **data: object) -> str:
    """An event as EvtRender gives it: a namespace of its own, single quotes, a moment with seven digits and a Z."""
    lines = "".join(f"<Data Name='{name}'>{escape(str(value))}</Data>" for name, value in data.items())
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        "<Provider Name='Microsoft-Windows-Bits-Client' Guid='{ef1cc15b-46c1-414e-bb95-e76b077bd51e}'/>"
        f"<EventID>{event_id}</EventID><Version>1</Version><Level>4</Level><Task>0</Task><Opcode>1</Opcode>"
        f"<Keywords>0x4000000000000000</Keywords><TimeCreated SystemTime='{at:%Y-%m-%dT%H:%M:%S.%f}7Z'/>"
        f"<EventRecordID>{number}</EventRecordID><Correlation/><Execution ProcessID='432' ThreadID='4040'/>"
        "<Channel>Microsoft-Windows-Bits-Client/Operational</Channel><Computer>PC</Computer>"
        f"<Security UserID='S-1-5-18'/></System><EventData>{lines}</EventData></Event>"
    )


def created(job: UUID = JOB, number: int = 1, at: datetime = AT) -> str:
    return xml(
        3,
        number,
        at,
        jobTitle="setup",
        jobId=f"{{{job}}}",
        jobOwner=r"PC\me",
        processPath=r"C:\Windows\System32\svchost.exe",
        processId=3388,
    )


def completed(job: UUID = JOB, number: int = 4, at: datetime = AT, bytes_transferred: int = 1_000) -> str:
    return xml(
        4,
        number,
        at,
        User=r"PC\me",
        jobTitle="setup",
        jobId=f"{{{job}}}",
        jobOwner=r"PC\me",
        fileCount=1,
        bytesTransferred=bytes_transferred,
        bytesTransferredFromPeer=0,
    )


def cancelled(job: UUID = JOB, number: int = 5, at: datetime = AT) -> str:
    return xml(5, number, at, User=r"PC\me", jobTitle="setup", jobId=f"{{{job}}}", jobOwner=r"PC\me", fileCount=1)


def transfer(event_id: int, job: UUID = JOB, number: int = 2, at: datetime = AT, **other: object) -> str:
    """59, 60 or 61. other: what is different from a file of 1,000 bytes that is there."""
    data = {
        "transferId": "{46704613-5f8b-4911-b908-f19d666e51e2}",
        "name": "setup",
        "Id": f"{{{job}}}",
        "url": URL,
        "peer": "",
        **({} if event_id == 59 else {"hr": 0}),
        "fileTime": "2026-02-17T14:36:04.0000000Z",
        "fileLength": 1_000,
        "bytesTotal": 1_000,
        "bytesTransferred": 0 if event_id == 59 else 1_000,
        "proxy": "",
        "bytesTransferredFromPeer": 0,
    }
    return xml(event_id, number, at, **{**data, **other})


def later(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


class Channel:
    """A channel of the event log that holds these texts, the oldest first. reads: how many texts were read of it."""

    def __init__(self, *texts: str, problem: OSError | None = None) -> None:
        self.texts: Sequence[str] = texts
        self.problem = problem
        self.reads = 0
        self.looks = 0

    def log(self) -> EventLog:
        return EventLog(self._read)

    def _read(self) -> Generator[str, None, None]:
        self.looks += 1
        if self.problem is not None:
            raise self.problem
        for text in reversed(self.texts):
            self.reads += 1
            yield text
