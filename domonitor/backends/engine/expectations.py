"""Whether an answer can be the file that was asked for, by its head alone: before a byte of it is written."""

from __future__ import annotations

from domonitor.backends.engine import failures, portal
from domonitor.backends.engine.failures import Failure
from domonitor.backends.engine.records import FileRecord
from domonitor.backends.engine.response import Response
from domonitor.jobs.host import host_of


def contradiction(file: FileRecord, offset: int, response: Response) -> Failure | None:
    """Why the answer is not the file's, None where nothing speaks against it. What is there already stays.

    offset: behind which byte it was asked for.
    """
    if response.status not in (200, 203, 206):
        return None
    if file.expected_size is None and not offset:
        return None
    is_page = portal.calls_itself_a_page(response)
    announced = _announced(response)
    is_page_wanted = portal.is_a_page_wanted(file) if is_page else None
    is_over_it = bool(offset) and response.status != 206  # the whole file would come again, over what is there
    if is_over_it and is_page and is_page_wanted is False and not _is_the_same(file, announced, response):
        return _page(file, response)
    if file.expected_size is None or announced in (None, file.expected_size):
        return None
    if is_page and not is_page_wanted:
        return _page(file, response)
    return failures.other_size(file, f"the server announces {announced:,}")


def _page(file: FileRecord, response: Response) -> Failure:
    return failures.sign_in_page(file, host_of(response.url))


def _announced(response: Response) -> int | None:
    """Bytes of the whole file, as the answer says; None where it does not, or not in a way that can be read."""
    if response.status == 206:
        total = response.headers.get("content-range", "").rpartition("/")[2]
        return int(total) if total.isascii() and total.isdigit() and len(total) < 19 else None
    return None if "transfer-encoding" in response.headers else response.number("content-length")


def _is_the_same(file: FileRecord, announced: int | None, response: Response) -> bool:
    """Whether it is the file after all: from a server that calls it a page, and sends no parts."""
    tags = (response.headers.get("etag"), response.headers.get("last-modified"))
    return (announced is not None and announced == file.size) or (bool(file.validator) and file.validator in tags)
