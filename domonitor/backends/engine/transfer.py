"""One attempt to fetch one file into its temporary file."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import Enum, auto

from domonitor.backends.engine import addresses, failures
from domonitor.backends.engine.failures import Failure
from domonitor.backends.engine.part_file import PartFile
from domonitor.backends.engine.records import FileRecord, JobRecord
from domonitor.backends.engine.response import Response
from domonitor.jobs import hresult
from domonitor.jobs.error import ErrorContext

VALIDATOR_LENGTH = 1_024
"""A longer one is no validator but a nuisance: it would go with every request and into every row."""

_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


class Result(Enum):
    """How an attempt ended."""

    ARRIVED = auto()
    FAILED = auto()
    CHANGED = auto()
    """What is in the temporary file belongs to another content: it has to start again from the first byte."""


class Transfer:
    """Fetches a file from where its temporary file ends. Lives on the engine's thread.

    A body whose length was not announced and that ends with its connection (HTTP/1.0) is taken as it comes: nobody can
    tell a cut from the end. Any other body is taken for the file only when it is whole.

    started: called once when the first answer is accepted. ended: called at the end, with the part file closed.
    every_step: called at each disk.SYNC_STEP_BYTES. size, validator: what the server said of the file.
    synced_at_s, is_syncing: when the file was last synced behind its transfer, and whether it is now.
    """

    def __init__(
        self,
        job: JobRecord,
        file: FileRecord,
        buffer_bytes: int,
        started: Callable[[Transfer], None],
        ended: Callable[[Transfer, Result, Failure | None], None],
        every_step: Callable[[Transfer], None],
    ) -> None:
        self.job = job
        self.file = file
        # Without a validator nobody can tell whether it is still the same content: then it starts again.
        self.offset = file.done_bytes if file.validator else 0
        self.url = addresses.on_the_wire(file.remote_name)
        self.byte_range = f"{self.offset}-" if self.offset else ""
        self.if_range = file.validator if self.offset else ""
        self.size: int | None = None
        self.validator = ""
        self.synced_at_s = 0.0
        self.is_syncing = False
        self.part = PartFile(file.part, buffer_bytes, lambda: every_step(self))
        self.write: Callable[[bytes], object] = self.part.write
        self._started = started
        self._ended = ended
        self._result: tuple[Result, Failure | None] | None = None

    @property
    def done_bytes(self) -> int:
        """Bytes in the temporary file."""
        return self.part.written_bytes if self.part.is_open else self.file.done_bytes

    def begin(self, response: Response) -> bool:
        """See Fetch: looks at the answer's head and opens the file."""
        self._result = self._judge(response)
        if self._result is not None:
            return False
        try:
            is_whole = self.part.begin(self.offset)
        except OSError as error:
            self._result = (Result.FAILED, failures.of_error(error))
            return False
        if not is_whole:
            self._result = (Result.CHANGED, None)
            return False
        self._started(self)
        return True

    def end(self, failure: Failure | None) -> None:
        """See Fetch: judges what has arrived."""
        self.part.flush()
        if self.part.error is not None:
            self._result = (Result.FAILED, failures.of_error(self.part.error))
        elif self._result is None:
            self._result = self._judge_body(failure)
        self._ended(self, *self._result)

    def _judge(self, response: Response) -> tuple[Result, Failure | None] | None:
        """What is wrong with the answer, None where its body can be taken."""
        status = response.status
        if status == 206 and self.offset:
            return self._judge_range(response)
        if status in (200, 203):
            if self.offset:
                # The content is another one by now, or the server sends no parts: the whole file comes again.
                return (Result.CHANGED, None)
            if "content-length" in response.headers and "transfer-encoding" not in response.headers:
                self.size = response.number("content-length")
                if self.size is None:
                    return (Result.FAILED, _invalid("The server announced a length that is no number."))
            self.validator = _validator(response)
            return None
        if status == 416 and self.offset:
            return (Result.CHANGED, None)
        if status == 206:
            return (
                Result.FAILED,
                _invalid("The server answered with a part of the file where the whole was asked for."),
            )
        return (Result.FAILED, failures.of_status(status, response.reason, response.retry_after_s()))

    def _judge_range(self, response: Response) -> tuple[Result, Failure | None] | None:
        found = _CONTENT_RANGE.fullmatch(response.headers.get("content-range", ""))
        if found is None or int(found[1]) != self.offset or found[3] == "*":
            return (Result.CHANGED, None)
        self.size = int(found[3])
        self.validator = _validator(response) or self.file.validator
        is_same = self.validator == self.file.validator and self.file.size in (None, self.size)
        return None if is_same else (Result.CHANGED, None)

    def _judge_body(self, failure: Failure | None) -> tuple[Result, Failure | None]:
        if failure is not None:
            return (Result.FAILED, failure)
        if not self.part.is_open:
            return (Result.FAILED, _invalid("The server ended its answer before it had begun with the file."))
        if self.size is not None and self.done_bytes != self.size:
            return (Result.FAILED, self._wrong_size(self.size))
        return (Result.ARRIVED, None)

    def _wrong_size(self, size: int) -> Failure:
        """Too many bytes are not the file. Too few are a body cut short: the next attempt goes on behind them."""
        said = f"{self.done_bytes} bytes arrived where {size} were announced."
        if self.done_bytes < size:
            return Failure(ErrorContext.GENERAL_TRANSPORT, hresult.WININET_E_CONNECTION_ABORTED, said)
        return Failure(ErrorContext.REMOTE_FILE, hresult.DO_E_HTTP_BLOCKSIZE_MISMATCH, said)


def _invalid(said: str) -> Failure:
    return Failure(ErrorContext.REMOTE_FILE, hresult.WININET_E_INVALID_SERVER_RESPONSE, said)


def _validator(response: Response) -> str:
    """What If-Range may carry: a strong ETag, else the date; "" where the server gives neither. Source: RFC 9110."""
    etag = response.headers.get("etag", "")
    validator = etag if etag.startswith('"') else response.headers.get("last-modified", "")
    return validator if len(validator) <= VALIDATOR_LENGTH else ""
