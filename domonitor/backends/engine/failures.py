"""What a failure is called: from statuses and operating system errors to the documented codes.

Whether a failure passes by itself is not decided here but read from the one table of codes.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from domonitor.backends.engine.records import FileRecord
from domonitor.jobs import codes, hresult, size
from domonitor.jobs.codes import refusal as refusal
from domonitor.jobs.error import CallFailed, CopyError, ErrorContext, ErrorFile

REASON_LENGTH = 80
"""So much of what a server says of its status is shown."""

_WIN32 = 0x80070000
"""An error of Windows is a code with this before it. Source: winerror.h, HRESULT_FROM_WIN32."""

OS_ERRORS: Mapping[int, int] = {
    errno.ENOSPC: hresult.ERROR_DISK_FULL,
    errno.EDQUOT: hresult.ERROR_DISK_QUOTA_EXCEEDED,
    errno.EFBIG: hresult.ERROR_FILE_TOO_LARGE,
    errno.EIO: hresult.ERROR_IO_DEVICE,
    errno.EACCES: hresult.E_ACCESSDENIED,
    errno.EPERM: hresult.E_ACCESSDENIED,
    errno.ELOOP: hresult.E_ACCESSDENIED,
    errno.EROFS: hresult.ERROR_WRITE_PROTECT,
    errno.EISDIR: hresult.ERROR_FILE_EXISTS,
    errno.EEXIST: hresult.ERROR_FILE_EXISTS,
    errno.ENOENT: hresult.ERROR_PATH_NOT_FOUND,
    errno.ENOTDIR: hresult.ERROR_PATH_NOT_FOUND,
    errno.ENODEV: hresult.ERROR_PATH_NOT_FOUND,
    errno.ENXIO: hresult.ERROR_PATH_NOT_FOUND,
    errno.ESTALE: hresult.ERROR_PATH_NOT_FOUND,
    errno.ENAMETOOLONG: hresult.ERROR_FILENAME_EXCED_RANGE,
    errno.EINVAL: hresult.ERROR_INVALID_NAME,
    errno.EILSEQ: hresult.ERROR_INVALID_NAME,
    errno.EBUSY: hresult.ERROR_SHARING_VIOLATION,
    errno.ETXTBSY: hresult.ERROR_SHARING_VIOLATION,
    errno.EMFILE: hresult.ERROR_TOO_MANY_OPEN_FILES,
    errno.ENFILE: hresult.ERROR_TOO_MANY_OPEN_FILES,
    errno.ENOMEM: hresult.E_OUTOFMEMORY,
}
"""What POSIX says of a file, as Windows would. Anything else is ERROR_WRITE_FAULT."""

WINDOWS_ERRORS: Mapping[int, int] = {
    2: hresult.ERROR_PATH_NOT_FOUND,  # ERROR_FILE_NOT_FOUND
    33: hresult.ERROR_SHARING_VIOLATION,  # ERROR_LOCK_VIOLATION
    39: hresult.ERROR_DISK_FULL,  # ERROR_HANDLE_DISK_FULL
    183: hresult.ERROR_FILE_EXISTS,  # ERROR_ALREADY_EXISTS: a rename says so where making a file says the other
}
"""Windows' second words for the same; its other errors are their own codes. Source: winerror.h."""


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


_NEVER_STORED = "They are never stored: after a restart they have to be given again."
_WANTS_LOGIN = f"It wants a user name and a password, and was told none. {_NEVER_STORED}"
_WRONG_LOGIN = "It does not accept the user name and the password that it was told."
PROXY_WANTS_LOGIN = f"It wants a user name and a password, or does not accept those that it was told. {_NEVER_STORED}"


def of_status(status: int, reason: str, retry_after_s: float, *, was_told_login: bool = False) -> Failure:
    """An HTTP status that gives no file. reason: the server's words, which may be anything.

    was_told_login: whether the server has been told who asks.
    """
    words = "".join(sign for sign in reason[:REASON_LENGTH] if sign.isprintable())
    said = f"{f'The server answered {status} {words}'.rstrip()}."
    if status == 401:
        said = f"{said} {_WRONG_LOGIN if was_told_login else _WANTS_LOGIN}"
    return Failure(ErrorContext.REMOTE_FILE, _code_of_status(status), said, retry_after_s)


def _code_of_status(status: int) -> int:
    if 200 <= status < 300:
        return hresult.DO_E_UNEXPECTED_HTTP_STATUS_2XX  # a success, and yet no file
    return hresult.HTTP_STATUS + status if 100 <= status < 1000 else hresult.WININET_E_INVALID_SERVER_RESPONSE


def of_proxy_status(status: int, host: str) -> Failure:
    """A proxy's answer, other than yes, to the wish for a connection to the host."""
    said = f"The proxy answered {status} instead of passing us on to {host}."
    if status == 407:
        said = f"{said} {PROXY_WANTS_LOGIN}"
    return Failure(ErrorContext.GENERAL_TRANSPORT, hresult.HTTP_STATUS + status, said)


def is_http_status(code: int | None) -> bool:
    """Whether the code stands for what a server or proxy has answered."""
    return code is not None and hresult.HTTP_STATUS <= code < hresult.HTTP_STATUS + 1000


def unusable_address(error: ValueError) -> Failure:
    """An address that can't even be asked."""
    said = f"The address can't be used ({type(error).__name__})."
    return Failure(ErrorContext.REMOTE_FILE, hresult.INET_E_INVALID_URL, said)


def no_progress(failure: Failure) -> Failure:
    """What becomes of a failure that would pass, once no byte has arrived within the no-progress time-out."""
    said = f"Nothing arrived within the allowed time. {failure.description}".rstrip()
    return Failure(failure.context, hresult.DO_E_DOWNLOAD_NO_PROGRESS, said)


def other_size(file: FileRecord, seen: str) -> Failure:
    """A file that has not the size that was given with its address. seen: what it has, as part of a sentence."""
    said = f"{_name(file)} is not the file that was expected: it should have {file.expected_size:,} bytes, and {seen}."
    return Failure(ErrorContext.REMOTE_FILE, hresult.DO_E_HTTP_BLOCKSIZE_MISMATCH, said)


def other_content(file: FileRecord, algorithm: str, wanted: str, found: str, *, is_page: bool) -> Failure:
    """A file that has not the checksum that was given with its address. is_page: whether it begins like a web page."""
    said = (
        f"{_name(file)} is not the file that was expected. Its {algorithm} checksum should be {wanted} and is {found}."
    )
    if is_page:
        said += " What came begins like a web page: perhaps one on which somebody has to sign in."
    return Failure(ErrorContext.REMOTE_FILE, hresult.CRYPT_E_HASH_VALUE, said)


def sign_in_page(file: FileRecord, host: str, seen: str = "") -> Failure:
    """A web page where a file should be. host: whose it is, "" where that is not known. seen: another sentence."""
    said = f"{host or 'The server'} sent a web page instead of {_name(file)}, perhaps one on which to sign in. {seen}"
    return Failure(ErrorContext.REMOTE_FILE, hresult.WININET_E_LOGIN_FAILURE_DISPLAY_ENTITY_BODY, said.rstrip())


def no_room(left_bytes: int, others_bytes: int, free_bytes: int) -> Failure:
    """A file that would fill its disk. All in bytes: what it still needs, what other running ones do, what is free."""
    missing = size.at_least(left_bytes + others_bytes - free_bytes)
    others = f", other downloads that run need {size.in_words(others_bytes)}" if others_bytes else ""
    said = (
        f"It needs {size.in_words(left_bytes)} more on this disk{others} and {size.in_words(free_bytes)} are free: "
        f"make at least {missing} free, then resume."
    )
    return Failure(ErrorContext.LOCAL_FILE, hresult.ERROR_DISK_FULL, said)


def little_room(free_bytes: int) -> Failure:
    """A file of unknown size on a disk that is nearly full."""
    said = (
        f"The server does not say how large it is, and only {size.in_words(free_bytes)} are free on this disk: "
        "make room, then resume."
    )
    return Failure(ErrorContext.LOCAL_FILE, hresult.ERROR_DISK_FULL, said)


def _name(file: FileRecord) -> str:
    return os.path.basename(file.local_name)  # noqa: PTH119


def code_of_os_error(error: OSError) -> int:
    """The HRESULT of an operating system's error: always one that the table of codes explains for the engine."""
    winerror = getattr(error, "winerror", None)
    if winerror is None:
        return _code_of_errno(error.errno or 0)
    number = int(winerror) & 0xFFFF
    code = WINDOWS_ERRORS.get(number, _WIN32 | number)
    is_explained = codes.explain(code).passes_by_itself("engine") is not None
    return code if is_explained else hresult.ERROR_WRITE_FAULT


def _code_of_errno(number: int) -> int:
    if number == errno.EFBIG and _is_file_size_limited():
        return hresult.ERROR_DISK_FULL
    return OS_ERRORS.get(number, hresult.ERROR_WRITE_FAULT)


def _is_file_size_limited() -> bool:
    """Whether this process may not write as much as it likes to: then it was no limit of the disk that it met."""
    if sys.platform == "win32":
        return False
    import resource

    return resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY


def of_error(error: Exception) -> Failure:
    """A local file, or the list of downloads, that can't be opened, written or renamed."""
    if not isinstance(error, OSError):
        return Failure(ErrorContext.LOCAL_FILE, hresult.E_UNEXPECTED, f"An error inside: {type(error).__name__}.")
    said = error.strerror or type(error).__name__
    winerror = getattr(error, "winerror", None)
    number = "" if winerror is None else f" (Windows error {winerror})"
    code = code_of_os_error(error)
    return Failure(ErrorContext.LOCAL_FILE, code, f"The operating system says: {said.rstrip('.')}{number}.")


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
