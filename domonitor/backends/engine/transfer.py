"""One request for a file, or for a part of it, and what arrives."""

from __future__ import annotations

from collections.abc import Callable

from domonitor.backends.engine import addresses, answers, expectations, failures, portal
from domonitor.backends.engine.answers import Anew, Head
from domonitor.backends.engine.failures import Failure
from domonitor.backends.engine.part_file import PartFile
from domonitor.backends.engine.portal import Page
from domonitor.backends.engine.records import FileRecord, JobRecord
from domonitor.backends.engine.response import Response
from domonitor.backends.engine.spans import Kind, Span


class Transfer:
    """Fetches a span of a file into the temporary file. Lives on the engine's thread.

    A body whose length was not announced and that ends with its connection (HTTP/1.0) is taken as it comes: nobody can
    tell a cut from the end. Any other body is taken for the file only when it is whole.

    started: called once when the first answer is accepted; says why it can't be used after all, None where it can.
    ended: called at the end, with the part file closed: with None where all of the answer's body has arrived, else with
    what is to be done about it. every_step: called at each disk.SYNC_STEP_BYTES. head: what the server said of the
    file; None until started. until: where in the temporary file the answer's body ends, None while that is not known.
    page: what is to be remembered of an answer that calls itself a web page.
    """

    def __init__(
        self,
        job: JobRecord,
        file: FileRecord,
        span: Span,
        buffer_bytes: int,
        started: Callable[[Transfer, Response], Failure | None],
        ended: Callable[[Transfer, Failure | Anew | None], None],
        every_step: Callable[[], None],
    ) -> None:
        self.job = job
        self.file = file
        self.span = span
        self.url = addresses.on_the_wire(file.remote_name)
        self.owner = job.number
        self.byte_range = span.header
        # A range says itself whose part it is; without the condition a server that knows no ranges can be told.
        self.if_range = file.validator if span.kind is Kind.WHOLE and span.offset else ""
        self.is_apart = span.kind is Kind.SEGMENT
        self.received_bytes = 0
        self.head: Head | None = None
        self.until: int | None = None
        self.page: Page | None = None
        self.part = PartFile(file.part, buffer_bytes, every_step)
        self.write: Callable[[bytes], object] = self.part.write
        self._started = started
        self._ended = ended
        self._result: Failure | Anew | None = None

    @property
    def position(self) -> int:
        """Up to where in the temporary file the span has arrived."""
        return self.part.written_bytes if self.part.is_open else self.span.at

    def begin(self, response: Response) -> bool:
        """See Fetch: looks at the answer's head and opens the file."""
        self.page = portal.page_of(response, self.job)
        contradiction = expectations.contradiction(self.file, self.span.at, response)
        judged = contradiction or answers.judge(self.file, self.span, response)
        if not isinstance(judged, Head):
            self._result = judged
            return False
        self.until = None if judged.end is None else judged.end - self.span.offset + self.span.at
        is_segment = self.span.kind is Kind.SEGMENT
        self.part.flush()  # what came before, of a redirect for instance, is not the file
        try:
            is_there = self.part.begin(self.span.at, self.until, keeps_bytes=self.file.size if is_segment else None)
        except OSError as error:
            self._result = failures.of_error(error)
            return False
        if not is_there:
            self._result = Anew.CHANGED
            return False
        self.head = judged
        self._result = self._started(self, response)
        return self._result is None

    def end(self, failure: Failure | None) -> None:
        """See Fetch: judges what has arrived."""
        self.part.flush()
        if self.part.error is not None:
            self._result = failures.of_error(self.part.error)
        elif self._result is None:
            self._result = self._judge_body(failure)
        self._ended(self, self._result)

    def _judge_body(self, failure: Failure | None) -> Failure | None:
        if failure is not None:
            return failure
        if not self.part.is_open:
            return answers.invalid("The server ended its answer before it had begun with the file.")
        found = self.position + self.part.surplus_bytes
        if self.until is not None and found != self.until:
            return answers.wrong_size(found, self.until)
        return None
