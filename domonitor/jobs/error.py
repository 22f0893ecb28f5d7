"""The error object of a job, and the exceptions of domonitor.

DomonitorError
├── CallFailed       a service refused a call, or could not be asked: .code, .name
├── InvalidInput     what a person typed or chose can't be used; the message says what to do
└── FolderInUse      another process holds the engine's folder: .process_id
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from domonitor.jobs import hresult


class DomonitorError(Exception):
    """What the world may do to us. The message is a sentence for the user."""


class CallFailed(DomonitorError):
    """A refused call.

    code: HRESULT, unsigned. name: its documented name. The message says what to do.
    """

    def __init__(self, code: int, name: str, message: str) -> None:
        super().__init__(message)
        self.code = code & 0xFFFFFFFF
        self.name = name

    def __repr__(self) -> str:
        return f"CallFailed({hresult.text(self.code)}, {self.name!r}, {str(self)!r})"


class InvalidInput(DomonitorError):
    """Something typed or chosen that can't be used. Nothing was changed."""


class FolderInUse(DomonitorError):
    """Another engine works in the folder. process_id: its process, None where it can't be told."""

    def __init__(self, folder: str, process_id: int | None) -> None:
        owner = "another program" if process_id is None else f"process {process_id}"
        super().__init__(
            f"The download engine's folder {folder} is in use by {owner}. Close it, or choose another folder."
        )
        self.process_id = process_id


class ErrorContext(IntEnum):
    """Where a failure happened. Source: BG_ERROR_CONTEXT."""

    NONE = 0
    UNKNOWN = 1
    GENERAL_QUEUE_MANAGER = 2
    QUEUE_MANAGER_NOTIFICATION = 3
    LOCAL_FILE = 4
    REMOTE_FILE = 5
    GENERAL_TRANSPORT = 6
    REMOTE_APPLICATION = 7
    SERVER_CERTIFICATE_CALLBACK = 8

    @property
    def description(self) -> str:
        """The context in plain words, as a sentence."""
        return _CONTEXT_DESCRIPTIONS[self]


_CONTEXT_DESCRIPTIONS = {
    ErrorContext.NONE: "No error has occurred.",
    ErrorContext.UNKNOWN: "It is not known where the error occurred.",
    ErrorContext.GENERAL_QUEUE_MANAGER: "The error occurred in the download service's queue.",
    ErrorContext.QUEUE_MANAGER_NOTIFICATION: "The error occurred while another program was being notified.",
    ErrorContext.LOCAL_FILE: "The error occurred while the file was being written on this computer.",
    ErrorContext.REMOTE_FILE: "The error occurred while the file on the server was being read.",
    ErrorContext.GENERAL_TRANSPORT: "The error occurred on the way to the server.",
    ErrorContext.REMOTE_APPLICATION: "The error occurred in the program that answers on the server.",
    ErrorContext.SERVER_CERTIFICATE_CALLBACK: "The error occurred while the server's certificate was being checked.",
}


@dataclass(frozen=True, slots=True)
class ErrorFile:
    """The file that was being transferred when the error occurred."""

    remote_name: str
    local_name: str


@dataclass(frozen=True, slots=True)
class CopyError:
    """A job's error object at one moment. Source: IBackgroundCopyError.

    code: HRESULT, unsigned. description, context_description: the service's words, "" where it gives none.
    file: None where the error is tied to no file. occurred_at, retry_at: UTC.
    retry_at is None where the service will not try again by itself.
    attempts: how often the transfer failed since it last moved, None where the service does not count.
    """

    context: ErrorContext
    code: int
    description: str = ""
    context_description: str = ""
    file: ErrorFile | None = None
    protocol: str | None = None
    occurred_at: datetime | None = None
    retry_at: datetime | None = None
    attempts: int | None = None
