"""What a failure is called: from statuses and operating system errors to the documented codes.

Whether a failure passes by itself is not decided here but read from the one table of codes.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass
from datetime import datetime

from domonitor.backends.engine.records import FileRecord
from domonitor.jobs import codes, hresult
from domonitor.jobs.error import CallFailed, CopyError, ErrorContext, ErrorFile

_OS_ERRORS = {
    errno.ENOSPC: hresult.ERROR_DISK_FULL,
    errno.EDQUOT: hresult.ERROR_DISK_FULL,
    errno.EFBIG: hresult.ERROR_DISK_FULL,
    errno.EACCES: hresult.E_ACCESSDENIED,
    errno.EPERM: hresult.E_ACCESSDENIED,
    errno.EISDIR: hresult.ERROR_FILE_EXISTS,
    errno.EEXIST: hresult.ERROR_FILE_EXISTS,
    errno.ENOENT: hresult.ERROR_PATH_NOT_FOUND,
    errno.ENOTDIR: hresult.ERROR_PATH_NOT_FOUND,
    errno.EROFS: hresult.ERROR_WRITE_PROTECT,
    errno.ENAMETOOLONG: hresult.ERROR_FILENAME_EXCED_RANGE,
    errno.EMFILE: hresult.ERROR_TOO_MANY_OPEN_FILES,
    errno.ENFILE: hresult.ERROR_TOO_MANY_OPEN_FILES,
}


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
    """An HTTP status that is no success."""
    said = f"The server answered {status} {reason}".rstrip()
    return Failure(ErrorContext.REMOTE_FILE, hresult.HTTP_STATUS + status, f"{said}.", retry_after_s)


def no_progress(failure: Failure) -> Failure:
    """What becomes of a failure that would pass, once no byte has arrived within the no-progress time-out."""
    said = f"Nothing arrived within the allowed time. {failure.description}".rstrip()
    return Failure(failure.context, hresult.DO_E_DOWNLOAD_NO_PROGRESS, said)


def code_of_os_error(error: OSError) -> int:
    """The HRESULT of an operating system's error."""
    winerror = getattr(error, "winerror", None)
    if winerror is not None:
        return 0x80070000 | (int(winerror) & 0xFFFF)
    return _OS_ERRORS.get(error.errno or 0, hresult.ERROR_WRITE_FAULT)


def of_os_error(error: OSError) -> Failure:
    """A local file that can't be opened, written or renamed."""
    said = error.strerror or type(error).__name__
    return Failure(ErrorContext.LOCAL_FILE, code_of_os_error(error), f"The operating system says: {said}.")


def error_object(
    failure: Failure, file: FileRecord | None, occurred_at: datetime, attempts: int, retry_at: datetime | None = None
) -> CopyError:
    """The job's error object after a failure. file: None where it is tied to none. Moments in UTC."""
    return CopyError(
        failure.context,
        failure.code,
        failure.description,
        failure.context.description,
        ErrorFile(file.remote_name, file.local_name) if file else None,
        file.remote_name.partition(":")[0].lower() if file else None,
        occurred_at,
        retry_at,
        max(1, attempts),
    )


def refusal(code: int, message: str = "") -> CallFailed:
    """The exception for a call that is refused, with its documented name and, by default, its plain words."""
    explanation = codes.explain(code)
    return CallFailed(code, explanation.name, message or f"{explanation.headline}. {' '.join(explanation.steps)}")


def refusal_of_os_error(error: OSError, path: str) -> CallFailed:
    """The exception for a call that the operating system refused for a file or folder."""
    code = code_of_os_error(error)
    explanation = codes.explain(code)
    return CallFailed(code, explanation.name, f"{explanation.headline}: {path}. {' '.join(explanation.steps)}")


def refusal_of(error: object) -> CallFailed:
    """The exception for a call that failed with another one."""
    if isinstance(error, CallFailed):
        return error
    if isinstance(error, OSError):
        return refusal_of_os_error(error, "the list of downloads")
    return refusal(hresult.E_UNEXPECTED)
