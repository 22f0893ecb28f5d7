"""Whether a file that has arrived is the one that was expected: its size, its checksum, and that it is no web page.

    all bytes durable  →  read on a thread of its own, where there is something to be checked  →  arrived
                                                  ↓
                          forgotten, durably  →  failed

Only a file that has arrived can get its name. A crash in the midst leaves a file with all its bytes that has not
arrived: the next start checks it again.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from domonitor.backends.engine import digests, disk, failures, portal, spans
from domonitor.backends.engine.failures import Failure
from domonitor.backends.engine.loop import Loop
from domonitor.backends.engine.portal import Page
from domonitor.backends.engine.records import FileRecord, JobRecord


class Owner(Protocol):
    """Who is told what came out."""

    def file_arrived(self, job: JobRecord, file: FileRecord) -> None:
        """The file is the one that was expected."""

    def file_failed(self, job: JobRecord, file: FileRecord, failure: Failure) -> None:
        """It is another one, and has been forgotten."""


@dataclass(slots=True, eq=False)
class _Check:
    """One file to be looked at.

    page: see Verifying.whole. part: its temporary file, of so many bytes. algorithm: of the checksum, "" where only
    the beginning is to be looked at. is_dropped: nobody waits for it any more. head, digest: what came out.
    """

    job: JobRecord
    file: FileRecord
    page: Page | None
    part: str
    size: int
    algorithm: str
    is_dropped: bool = False
    head: bytes = b""
    digest: str = ""

    def run(self, is_closing: Callable[[], bool]) -> None:
        """Reads the file. Raises OSError, PartLost where it is not whole."""
        digest = digests.new(self.algorithm) if self.algorithm else None
        read_bytes = 0
        for block in disk.blocks(self.part):
            if self.is_dropped or is_closing():
                return
            if not read_bytes:
                self.head = bytes(block[: portal.HEAD_BYTES])
                if digest is None:
                    return
            read_bytes += len(block)
            if digest is not None:
                digest.update(block)  # the other threads run meanwhile
        if digest is not None:
            if read_bytes != self.size:
                raise disk.PartLost(f"{read_bytes} bytes are there instead of {self.size}")
            self.digest = digest.hexdigest()


class Verifying:
    """Checks files one after the other. Lives on the engine's thread, but for close."""

    def __init__(
        self,
        loop: Loop,
        owner: Owner,
        settling: set[FileRecord],
        unreadable: Callable[[JobRecord, FileRecord, object], None],
    ) -> None:
        """settling: the files that are not to be started meanwhile. unreadable: told of a file that can't be read."""
        self._loop = loop
        self._owner = owner
        self._settling = settling
        self._unreadable = unreadable
        self._checks: queue.SimpleQueue[_Check | None] = queue.SimpleQueue()
        self._waiting: set[_Check] = set()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def whole(self, job: JobRecord, file: FileRecord, page: Page | None) -> None:
        """All of the file's bytes are durable. page: its answer called itself a web page, or nobody knows."""
        wrong_size = _has_wrong_size(file)
        is_odd = page is not None and file.expected_size is None and portal.is_a_page_wanted(file) is False
        if not wrong_size and not is_odd and file.digest is None:
            self._owner.file_arrived(job, file)
            return
        algorithm = file.digest.algorithm if file.digest and not wrong_size else ""
        check = _Check(job, file, page, file.part, file.done_bytes, algorithm)
        self._settling.add(file)
        self._waiting.add(check)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="domonitor-verify", daemon=True)
            self._thread.start()
        self._checks.put(check)

    def stopped(self, job: JobRecord) -> None:
        """Nothing of the job is fetched any more. Its files are checked nevertheless, unless it ends just now."""
        if any(check.job is job for check in self._waiting):
            self._loop.post(partial(self._drop_if_ending, job))

    def close(self) -> None:
        """Ends at once; what was not checked is checked at the next start. Called when the loop has ended."""
        self._closing.set()
        self._checks.put(None)
        if self._thread is not None:
            self._thread.join()

    def _drop_if_ending(self, job: JobRecord) -> None:
        """Windows deletes no file that is being read."""
        for check in [check for check in self._waiting if check.job is job and job.is_ending]:
            check.is_dropped = True
            self._waiting.discard(check)
            self._settling.discard(check.file)

    def _run(self) -> None:
        while (check := self._checks.get()) is not None and not self._closing.is_set():
            error: Exception | None = None
            try:
                check.run(self._closing.is_set)
            except Exception as raised:
                error = raised
            if not self._closing.is_set():
                self._loop.post(partial(self._checked, check, error))

    def _checked(self, check: _Check, error: Exception | None) -> None:
        if check not in self._waiting:
            return
        self._waiting.discard(check)
        job, file = check.job, check.file
        self._settling.discard(file)
        if error is not None:
            self._unreadable(job, file, error)
        elif job.is_ending:
            pass  # it is being dropped; should the job stay after all, it is checked again
        elif (failure := _judged(check)) is None:
            self._owner.file_arrived(job, file)
        else:
            self._forget(check, failure)

    def _forget(self, check: _Check, failure: Failure) -> None:
        """Forgets durably what has arrived before anything else can be fetched in its place."""
        job, file = check.job, check.file
        job.forget_content(file)
        self._settling.add(file)
        self._loop.batch.save_file(job, file)
        self._loop.batch.do(lambda: None, partial(self._forgotten, check, failure))

    def _forgotten(self, check: _Check, failure: Failure, result: object) -> None:
        job, file = check.job, check.file
        self._settling.discard(file)
        if isinstance(result, Exception):
            self._unreadable(job, file, result)
        elif not job.is_ending:
            if check.page is not None and failure.passes_by_itself:
                # The next attempts come at growing intervals, and in the end there are no more of them.
                job.attempts, job.progress_at_s = check.page.attempts, check.page.progress_at_s
            self._owner.file_failed(job, file, failure)


def _judged(check: _Check) -> Failure | None:
    """Why the file is not the one that was expected."""
    file = check.file
    wanted = digests.plain(file.digest.value) if file.digest else ""
    wrong_size = _has_wrong_size(file)
    if not wrong_size and check.digest and check.digest == wanted:
        return None  # whatever it looks like
    is_page = portal.begins_like_a_page(check.head)
    is_page_wanted = portal.is_a_page_wanted(file)
    wrong_digest = bool(check.digest)
    if (
        is_page
        and check.page
        and (is_page_wanted is False or (is_page_wanted is None and (wrong_size or wrong_digest)))
    ):
        seen = f"Its checksum is {check.digest}, where {wanted} was expected." if wrong_digest else ""
        return failures.sign_in_page(file, check.page.host, seen)
    if wrong_size:
        return failures.other_size(file, f"{file.size or 0:,} arrived")
    if wrong_digest and file.digest:
        algorithm = digests.name(file.digest.algorithm) or file.digest.algorithm
        return failures.other_content(file, algorithm, wanted, check.digest, is_page=is_page)
    return None


def _has_wrong_size(file: FileRecord) -> bool:
    return spans.local_size(file.ranges, file.expected_size) not in (None, file.size)
