"""A web page where a file should be: the sign-in page of a hotel's or a train's network, or of the site itself.

A page is recognised by three things together: its answer calls itself a page, the file's name says that it is none
(or a size or a checksum says so), and, unless what is there already would be lost by taking it, the body begins as
pages do. One of them alone means little: servers call all sorts of files pages.
"""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from domonitor.backends.engine.records import FileRecord, JobRecord
from domonitor.backends.engine.response import Response
from domonitor.jobs.host import host_of

HEAD_BYTES = 512
"""So much of a body is looked at."""

_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})

_KNOWN = dict(mimetypes.types_map)  # as it comes with Python: the system's own list would have to be read first
_PAGES = frozenset({".htm", ".html", ".mht", ".mhtml", ".shtml", ".xht", ".xhtml"})
# fmt: off
_FURTHER = frozenset({
    ".7z", ".apk", ".appimage", ".bz2", ".cab", ".deb", ".dmg", ".docx", ".epub", ".flac", ".gz", ".img", ".ipa",
    ".iso", ".jar", ".lz4", ".mkv", ".msi", ".msix", ".msu", ".ogg", ".pkg", ".pptx", ".qcow2", ".rar", ".rpm",
    ".torrent", ".vhd", ".vhdx", ".vmdk", ".war", ".xlsx", ".xz", ".zst",
})
# fmt: on
"""What people download, and Python's list does not know."""

_SCRIPTS = frozenset({".asp", ".aspx", ".cgi", ".com", ".jsp", ".php", ".pl", ".py"})
"""At the end of an address these name what makes the file, not what it is."""

_BEGINNING = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*"
    r"<(?:!doctype\s+html|html|head|body|title|meta|link|script|style|iframe|table|center|div|span|font|h[1-6]|form|p"
    r"|a|b|br)[\s>/]",
    re.IGNORECASE | re.DOTALL,
)
"""How browsers know a page. Source: WHATWG, MIME Sniffing, 7.1."""


@dataclass(frozen=True, slots=True)
class Page:
    """An answer that calls itself a page, at its head.

    host: the server that gave it, "" where that is not known any more. attempts, progress_at_s: those of the job then:
    should the body be a page indeed, it was no progress.
    """

    host: str
    attempts: int
    progress_at_s: float


def page_of(response: Response, job: JobRecord) -> Page | None:
    """What there is to be remembered of an answer that calls itself a page, None of any other."""
    if not calls_itself_a_page(response):
        return None
    return Page(host_of(response.url), job.attempts, job.progress_at_s)


def unseen(job: JobRecord) -> Page:
    """Of a file that an earlier process fetched: nobody knows any more what its answer called itself."""
    return Page("", job.attempts, job.progress_at_s)


def calls_itself_a_page(response: Response) -> bool:
    """Whether the answer says that it is a web page, and not one that is only to be saved."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in _PAGE_TYPES and not response.headers.get("content-disposition", "").lower().startswith("attachment")


def is_a_page_wanted(file: FileRecord) -> bool | None:
    """Whether the file is a page, by its name and its address; None where neither of them tells."""
    try:
        address = PurePosixPath(unquote(urlsplit(file.remote_name).path)).suffix.lower()
    except ValueError:
        address = ""
    endings = {"" if address in _SCRIPTS else address}
    if not file.is_named_by_server:
        endings.add("." + file.local_name.rpartition(".")[2].lower())
    if endings & _PAGES:
        return True
    return False if any(ending in _KNOWN or ending in _FURTHER for ending in endings) else None


def names_no_file(page: Page | None, file: FileRecord) -> bool:
    """Whether the answer is a page that is hardly the file: what it is called is not taken for the file's name."""
    return page is not None and (file.digest is not None or is_a_page_wanted(file) is False)


def begins_like_a_page(head: bytes) -> bool:
    """Whether these first bytes of a body can be those of a page."""
    encoding = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    return _BEGINNING.match(head[:HEAD_BYTES].decode(encoding, "replace")) is not None
