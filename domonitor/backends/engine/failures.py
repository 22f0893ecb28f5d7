"""What a failure is called: from statuses and operating system errors to the documented codes.

Whether a failure passes by itself is not decided here but read from the one table of codes.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from domonitor.backends.engine.records import FileRecord
from domonitor.jobs import codes, hresult
from domonitor.jobs.error import CallFailed, CopyError, ErrorContext, ErrorFile

REASON_LENGTH = 80
"""So much of what a server says of its status is shown."""

_OS_ERRORS = {
    errno.ENOSPC: hresult.ERROR_DISK_FULL,
    errno.EDQUOT: hresult.ERROR_DISK_FULL,
    errno.EFBIG: hresult.ERROR_DISK_FULL,
    errno.EACCES: hresult.E_ACCESSDENIED,
    errno.EPERM: hresult.E_ACCESSDENIED,
    errno.EISDIR: hresult.ERROR_FILE_EXISTS,
    errno.EEXIST: hresult.ERROR_FILE_EXISTS,
    errno.ELOOP: hresult.E_ACCESSDENIED,
    errno.ENOENT: hresult.ERROR_PATH_NOT_FOUND,
    errno.ENOTDIR: hresult.ERROR_PATH_NOT_FOUND,
    errno.EROFS: hresult.ERROR_WRITE_PROTECT,
    errno.ENAMETOOLONG: hresult.ERROR_FILENAME_EXCED_RANGE,
    errno.EMFILE: hresult.ERROR_TOO_MANY_OPEN_FILES,
    errno.ENFILE: hresult.ERROR_TOO_MANY_OPEN_FILES,
}

_WIN32_ALREADY_EXISTS = 183
"""Source: winerror.h, ERROR_ALREADY_EXISTS."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a transfer stopped.

    description: what exactly was seen, a sentence. retry_after_s: no new attempt before that, as the server asked.
    """

    context: ErrorContext
    code: int
    description: str
    retry_after_s: float = 0.0

    @property
    def passes_by_itself(self) -> bool:
        """Whether a later attempt may succeed without anybody doing anything."""
        return codes.explain(self.code).passes_by_itself("engine") is True


def of_status(status: int, reason: str, retry_after_s: float) -> Failure:
    """An HTTP status that is no success. reason: the server's words, which may be anything."""
    words = "".join(sign for sign in reason[:REASON_LENGTH] if sign.isprintable())
    said = f"The server answered {status} {words}".rstrip()
    return Failure(ErrorContext.REMOTE_FILE, hresult.HTTP_STATUS + status, f"{said}.", retry_after_s)


def unusable_address(error: ValueError) -> Failure:
    """An address that can't even be asked."""
    said = f"The address can't be used ({type(error).__name__})."
    return Failure(ErrorContext.REMOTE_FILE, hresult.INET_E_INVALID_URL, said)


def no_progress(failure: Failure) -> Failure:
    """What becomes of a failure that would pass, once no byte has arrived within the no-progress time-out."""
    said = f"Nothing arrived within the allowed time. {failure.description}".rstrip()
    return Failure(failure.context, hresult.DO_E_DOWNLOAD_NO_PROGRESS, said)


def code_of_os_error(error: OSError) -> int:
    """The HRESULT of an operating system's error."""
    winerror = getattr(error, "winerror", None)
    if winerror == _WIN32_ALREADY_EXISTS:
        return hresult.ERROR_FILE_EXISTS  # a rename says so where making a file says the other
    if winerror is not None:
        return 0x80070000 | (int(winerror) & 0xFFFF)
    return _OS_ERRORS.get(error.errno or 0, hresult.ERROR_WRITE_FAULT)


def of_error(error: Exception) -> Failure:
    """A local file, or the list of downloads, that can't be opened, written or renamed."""
    if not isinstance(error, OSError):
        return Failure(ErrorContext.LOCAL_FILE, hresult.E_UNEXPECTED, f"An error inside: {type(error).__name__}.")
    said = error.strerror or type(error).__name__
    return Failure(ErrorContext.LOCAL_FILE, code_of_os_error(error), f"The operating system says: {said}.")


def error_object(failure: Failure, file: FileRecord | None, occurred_at: datetime, attempts: int) -> CopyError:
    """The job's error object after a failure. file: None where it is tied to none. occurred_at: UTC."""
    return CopyError(
        failure.context,
        failure.code,
        failure.description,
        failure.context.description,
        ErrorFile(file.remote_name, file.local_name) if file else None,
        file.remote_name.partition(":")[0].lower() if file else None,
        occurred_at,
        attempts=max(1, attempts),
    )


def refusal(code: int, message: str = "") -> CallFailed:
    """The exception for a call that is refused, with its documented name and, by default, its plain words."""
    explanation = codes.explain(code)
    return CallFailed(code, explanation.name, message or f"{explanation.headline}. {' '.join(explanation.steps)}")


def refusal_of_os_error(error: OSError, path: str) -> CallFailed:
    """The exception for a call that the operating system refused for a file or folder."""
    code = code_of_os_error(error)
    explanation = codes.explain(code)
    if error.errno == errno.EISDIR:
        said = f"A folder of that name is already there: {path}. Rename the folder, or choose another one for the file."
        return CallFailed(code, explanation.name, said)
    return CallFailed(code, explanation.name, f"{explanation.headline}: {path}. {' '.join(explanation.steps)}")


def refusal_of(error: object, path: str = "") -> CallFailed:
    """The exception for a call that failed with another one. path: whose, "" for the list of downloads."""
    if isinstance(error, CallFailed):
        return error
    if isinstance(error, OSError):
        return refusal_of_os_error(error, path or "the list of downloads")
    return refusal(hresult.E_UNEXPECTED)


@contextmanager
def refusing() -> Iterator[None]:
    """Turns an error of the operating system, met while the list of downloads is read, into the refusal of a call."""
    try:
        yield
    except OSError as error:
        raise refusal_of(error) from error
