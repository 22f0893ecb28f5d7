"""What a call may be given. Everything here raises CallFailed and touches nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from enum import IntEnum
from itertools import pairwise
from typing import TypeVar

from domonitor.backends.engine import digests, failures
from domonitor.backends.engine.access import AuthScheme
from domonitor.backends.engine.records import FileRecord, JobRecord
from domonitor.jobs import hresult
from domonitor.jobs.address import check_address
from domonitor.jobs.error import InvalidInput
from domonitor.jobs.job import FileRange, NotifyFlags
from domonitor.jobs.limit import JobLimits
from domonitor.jobs.request import Digest, NewFile, NewJob

DISPLAY_NAME_LENGTH = 256
DESCRIPTION_LENGTH = 1_024
ORIGIN_LENGTH = 64
RANGES = 500
OWN_HEADERS = frozenset(
    {
        *("host", "range", "content-length", "transfer-encoding", "accept-encoding"),
        *("if-range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since"),
        *("connection", "keep-alive", "te", "trailer", "upgrade", "http2-settings", "expect"),
        *("proxy-authorization", "proxy-connection"),
    }
)
"""Of these hang which bytes come, how they are told apart, and the connection that others share. What is meant for a
proxy would be told to the server wherever there is none, or behind its tunnel: logins for it are set as such."""
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

E = TypeVar("E", bound=IntEnum)


LONGEST_TIME_S = 1e9
MOST_BYTES = 1 << 62


def check_display_name(display_name: str) -> None:
    """1 to 256 characters."""
    _check_text(display_name)
    if not 1 <= len(display_name) <= DISPLAY_NAME_LENGTH:
        raise failures.refusal(
            hresult.E_INVALIDARG, f"A job's name has 1 to {DISPLAY_NAME_LENGTH} characters. Choose another one."
        )


def check_description(description: str) -> None:
    """At most 1,024 characters."""
    _check_text(description)
    if len(description) > DESCRIPTION_LENGTH:
        raise failures.refusal(
            hresult.E_INVALIDARG, f"A job's description has at most {DESCRIPTION_LENGTH:,} characters. Shorten it."
        )


def checked_origin(origin: str) -> str:
    """Who gives a command: at most 64 characters."""
    _check_text(origin)
    if len(origin) > ORIGIN_LENGTH:
        raise failures.refusal(
            hresult.E_INVALIDARG, f"Who gives a command is told in at most {ORIGIN_LENGTH} characters."
        )
    return origin


def known_file(job: JobRecord, index: int) -> FileRecord:
    """The job's file that was added as number index."""
    try:
        return job.file(index)
    except StopIteration:
        raise failures.refusal(hresult.E_INVALIDARG, "The job has no such file. Look at its files again.") from None


def check_remote_name(remote_name: str) -> None:
    """An http or https address of at most 2,200 characters, by the same rule as what people type."""
    try:
        check_address(remote_name)
    except InvalidInput as problem:
        raise failures.refusal(hresult.E_INVALIDARG, str(problem)) from None


def check_new_file(file: NewFile) -> None:
    """A usable address, an absolute local name, sensible ranges and size."""
    check_remote_name(file.remote_name)
    _check_text(file.local_name)
    if "\0" in file.local_name or not os.path.isabs(file.local_name) or not os.path.basename(file.local_name):  # noqa: PTH117, PTH119
        raise failures.refusal(
            hresult.E_INVALIDARG, f'"{file.local_name}" is no full path of a file. Give one with its folder.'
        )
    if file.size is not None and not 0 <= file.size <= MOST_BYTES:
        raise failures.refusal(hresult.E_INVALIDARG, "A file's size can't be less than 0, or beyond what a disk holds.")
    check_ranges(file.ranges)
    if file.expected is not None:
        check_digest(file.expected)


def check_digest(digest: Digest) -> None:
    """An algorithm that there is, and a value of its length in hexadecimal digits."""
    known = digests.lengths()
    name = digests.name(digest.algorithm)
    if name is None:
        raise failures.refusal(
            hresult.E_INVALIDARG,
            f'No checksum that can be checked is called "{digest.algorithm[:40]}". There are {_list(known)}.',
        )
    value = digests.plain(digest.value) if len(digest.value) <= digests.LONGEST_VALUE else ""
    if len(value) == known[name] and digests.is_hex(value):
        return
    fitting = [other for other, digits in known.items() if digits == len(value) and digests.is_hex(value)]
    hint = f"So many have {_list(fitting)}." if fitting else "Copy it again, all of it."
    raise failures.refusal(
        hresult.E_INVALIDARG,
        f"A {name} checksum has {known[name]} digits from 0 to 9 and a to f, and this one has not. {hint}",
    )


def _list(names: Iterable[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def check_login(user_name: str, password: str, scheme: int) -> None:
    """Nothing that can't be told, and a user where one is needed."""
    _check_text(user_name + password)
    if any(ord(sign) < 0x20 or ord(sign) == 0x7F for sign in user_name + password):
        said = "The user name or the password contains a control character. Type them again."
        raise failures.refusal(hresult.E_INVALIDARG, said)
    if not user_name and scheme not in (AuthScheme.ANY, AuthScheme.NEGOTIATE):
        said = "Only Negotiate can do without a user name. Give one."
        raise failures.refusal(hresult.E_INVALIDARG, said)
    if ":" in user_name and scheme in (AuthScheme.ANY, AuthScheme.BASIC):
        said = "A user name with a colon can't be told by the Basic scheme. Choose Digest or Negotiate."
        raise failures.refusal(hresult.E_INVALIDARG, said)


def custom_headers(lines: Sequence[str]) -> tuple[str, ...]:
    """The lines as libcurl takes them. None of them may be one that the engine itself has to get right."""
    return tuple(_custom_header(line) for line in lines)


def _custom_header(line: str) -> str:
    _check_text(line)
    name, colon, value = line.partition(":")
    if not colon or not _HEADER_NAME.fullmatch(name):
        # What stands there may be a secret: it is not repeated.
        said = 'A header looks like "Name: value", with a name of letters, digits and hyphens. Correct the header.'
        raise failures.refusal(hresult.E_INVALIDARG, said)
    if any((ord(sign) < 0x20 and sign != "\t") or ord(sign) == 0x7F for sign in value):
        said = f'The header "{name}" contains a line break or another control character. Take it out.'
        raise failures.refusal(hresult.E_INVALIDARG, said)
    if name.lower() in OWN_HEADERS:
        said = f'The header "{name}" is set by the engine itself. Leave it out.'
        raise failures.refusal(hresult.E_INVALIDARG, said)
    value = value.strip(" \t")
    return f"{name}: {value}" if value else f"{name};"  # so libcurl writes one without a value


def check_certificate(certificate_path: str, key_path: str, password: str) -> None:
    """Full paths of files that are there."""
    _check_text(certificate_path + key_path + password)
    for path in (certificate_path, key_path) if key_path else (certificate_path,):
        if "\0" in path or not os.path.isabs(path) or not os.path.isfile(path):  # noqa: PTH113, PTH117
            said = f'There is no file "{path}" for the certificate. Give the full path of one.'
            raise failures.refusal(hresult.E_INVALIDARG, said)
    if "\0" in password:
        said = "The password contains a control character. Type it again."
        raise failures.refusal(hresult.E_INVALIDARG, said)


def check_ranges(ranges: Sequence[FileRange]) -> None:
    """At most 500, each with at least a byte, none of them overlapping another one. Their order is the caller's."""
    if len(ranges) > RANGES:
        said = f"A file has at most {RANGES} ranges. Add the others as further files, or ask for the whole file."
        raise failures.refusal(hresult.E_INVALIDARG, said)
    if not all(_is_range(each) for each in ranges):
        said = "A range begins at 0 or later and has at least one byte. Correct the range."
        raise failures.refusal(hresult.DO_E_INVALID_RANGE, said)
    in_order = sorted(ranges, key=lambda each: each.offset)
    if any(one.length is None or one.offset + one.length > next_one.offset for one, next_one in pairwise(in_order)):
        raise failures.refusal(hresult.DO_E_OVERLAPPING_RANGES)


def check_limits(bytes_per_second: int | None, segments: int) -> None:
    """A speed that can be kept to, and a number of connections that servers put up with."""
    try:
        JobLimits(bytes_per_second, segments)
    except InvalidInput as error:
        raise failures.refusal(hresult.E_INVALIDARG, str(error)) from None


def check_new_job(job: NewJob) -> None:
    """A usable name, usable limits and at least one file."""
    check_display_name(job.display_name)
    check_limits(job.bytes_per_second, job.segments)
    if not job.files:
        raise failures.refusal(hresult.DO_E_JOB_EMPTY)
    for file in job.files:
        check_new_file(file)


def known(kind: type[E], value: int) -> E:
    """The value as a member of its enumeration."""
    try:
        return kind(value)
    except ValueError:
        raise failures.refusal(hresult.E_NOTIMPL, f"{value} is no {kind.__name__}.") from None


def known_flags(flags: int) -> NotifyFlags:
    """The flags, if all are known."""
    if flags & ~int(NotifyFlags(0x1F)):
        raise failures.refusal(hresult.E_NOTIMPL, f"{flags:#x} contains unknown notify flags.")
    return NotifyFlags(flags)


def seconds(value: float) -> float:
    """A time that is not negative, and short enough to be reckoned with."""
    if not 0 <= value <= LONGEST_TIME_S:
        raise failures.refusal(hresult.E_INVALIDARG, f"A time lies between 0 and {LONGEST_TIME_S:,.0f} seconds.")
    return float(value)


def _is_range(given: FileRange) -> bool:
    return 0 <= given.offset <= MOST_BYTES and (given.length is None or 1 <= given.length <= MOST_BYTES)


def _check_text(text: str) -> None:
    """Nothing that has no place in UTF-8: it could not be stored."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise failures.refusal(
            hresult.E_INVALIDARG, "The text contains half a character, or bytes that are none. Use another name."
        ) from None
