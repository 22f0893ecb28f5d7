"""Whether a folder or file of this computer can be changed by administrators and Windows alone."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable, Iterator
from ctypes import byref, c_uint32, c_void_p, c_wchar_p
from dataclasses import dataclass
from pathlib import Path

from domonitor.backends.com.library import library

TRUSTED_SIDS = frozenset(
    {
        "S-1-5-18",  # Local System
        "S-1-5-32-544",  # Administrators
        "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",  # Trusted Installer
    }
)
"""Who may change a program that runs as administrator. Source: well-known SIDs."""

_NOBODY_YET = frozenset({"S-1-3-0", "S-1-3-4"})
"""Creator Owner and Owner Rights: whoever made, or owns, the object, which is looked at by itself."""

_ADDS_OR_CHANGES = 0x0002 | 0x0004 | 0x0100
"""FILE_WRITE_DATA or FILE_ADD_FILE, FILE_APPEND_DATA or FILE_ADD_SUBDIRECTORY, FILE_WRITE_ATTRIBUTES: with the last
one alone a folder becomes a way to another one."""
_TAKES_AWAY = 0x0040 | 0x00010000
"""FILE_DELETE_CHILD, DELETE."""
_TAKES_OVER = 0x00040000 | 0x00080000 | 0x02000000 | 0x10000000 | 0x40000000
"""WRITE_DAC, WRITE_OWNER, MAXIMUM_ALLOWED, GENERIC_ALL, GENERIC_WRITE."""

CHANGES = _ADDS_OR_CHANGES | _TAKES_AWAY | _TAKES_OVER
"""The rights to change a file or folder, or to put another one in its place."""
MOVES = _TAKES_AWAY | _TAKES_OVER
"""The rights over a folder by which what lies somewhere below it could be another one tomorrow."""

_ALLOWS, _ALLOWS_ON_CONDITION = 0, 9
_DENIES = frozenset({1, 6, 10, 12})
_INHERITED_ONLY = 0x08
"""Source: winnt.h, ACE_HEADER."""

_FILE_OBJECT = 1
_OWNER_AND_DACL = 0x1 | 0x4
_SID_OFFSET = 8
_FIXED_DRIVE = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an access control list. kind, flags, mask: as in an ACE. sid: "" where it can't be read."""

    kind: int
    flags: int
    mask: int
    sid: str


@dataclass(frozen=True, slots=True)
class Rights:
    """Who owns an object, and what its list says; entries None for no list at all, which is everybody's."""

    owner: str
    entries: tuple[Entry, ...] | None

    def are_guarded(self, rights: int, *, for_children: bool = True) -> bool:
        """Whether none of the rights is anybody's but those whom we trust.

        What is denied counts for nothing: whom it does not name has the right all the same.
        for_children: what is granted only on what will lie below counts, too.
        """
        if self.owner not in TRUSTED_SIDS or self.entries is None:
            return False
        return not any(_grants(entry, rights, for_children) for entry in self.entries)


def _grants(entry: Entry, rights: int, for_children: bool) -> bool:
    if entry.kind in _DENIES or (entry.flags & _INHERITED_ONLY and not for_children):
        return False
    if entry.kind not in (_ALLOWS, _ALLOWS_ON_CONDITION):
        return True  # nobody here knows what it says
    return bool(entry.mask & rights) and entry.sid not in TRUSTED_SIDS | _NOBODY_YET


def are_guarded(paths: Iterable[Path]) -> bool:
    """Whether these files and folders, and the way to them, can be changed by those alone whom we trust.

    False where that can't be told. May take a while: ask on a thread.
    """
    ways: set[Path] = set()
    for path in paths:
        try:
            real = Path(os.path.realpath(path, strict=True))
        except OSError:
            return False
        if not _is_on_fixed_disk(real) or not _has(real, CHANGES):
            return False
        ways.update(real.parents)
    return all(_has(way, MOVES, for_children=False) for way in ways)


def _has(path: Path, rights: int, *, for_children: bool = True) -> bool:
    found = rights_of(path)
    return found is not None and found.are_guarded(rights, for_children=for_children)


def rights_of(path: Path) -> Rights | None:
    """Whose the file or folder is, and who may do what with it; None where that can't be told."""
    owner, dacl, descriptor = c_void_p(), c_void_p(), c_void_p()
    code = library("advapi32").GetNamedSecurityInfoW(
        *(c_wchar_p(str(path)), _FILE_OBJECT, _OWNER_AND_DACL),
        *(byref(owner), None, byref(dacl), None, byref(descriptor)),
    )
    if code:
        return None
    try:
        return Rights(_sid(owner), None if not dacl.value else tuple(_entries(dacl)))
    finally:
        library("kernel32").LocalFree(descriptor)


def rights_in(description: str) -> Rights | None:
    """The same of rights that are written down in the security descriptor definition language."""
    security, descriptor = library("advapi32"), c_void_p()
    if not security.ConvertStringSecurityDescriptorToSecurityDescriptorW(
        c_wchar_p(description), 1, byref(descriptor), None
    ):
        return None
    try:
        owner, dacl, is_there, is_default = c_void_p(), c_void_p(), c_uint32(), c_uint32()
        security.GetSecurityDescriptorOwner(descriptor, byref(owner), byref(is_default))
        security.GetSecurityDescriptorDacl(descriptor, byref(is_there), byref(dacl), byref(is_default))
        return Rights(_sid(owner), None if not dacl.value else tuple(_entries(dacl)))
    finally:
        library("kernel32").LocalFree(descriptor)


class _Acl(ctypes.Structure):
    """ACL."""

    _fields_ = (
        *(("revision", ctypes.c_uint8), ("reserved", ctypes.c_uint8), ("size", ctypes.c_uint16)),
        *(("count", ctypes.c_uint16), ("reserved_too", ctypes.c_uint16)),
    )


class _Ace(ctypes.Structure):
    """ACE_HEADER, and the mask that follows in every kind of it."""

    _fields_ = (
        *(("kind", ctypes.c_uint8), ("flags", ctypes.c_uint8), ("size", ctypes.c_uint16)),
        ("mask", c_uint32),
    )


def _entries(dacl: c_void_p) -> Iterator[Entry]:
    assert dacl.value is not None
    for number in range(_Acl.from_address(dacl.value).count):
        place = c_void_p()
        if not library("advapi32").GetAce(dacl, number, byref(place)) or place.value is None:
            yield Entry(-1, 0, 0, "")
            continue
        ace = _Ace.from_address(place.value)
        has_sid = ace.kind in (_ALLOWS, _ALLOWS_ON_CONDITION)
        yield Entry(ace.kind, ace.flags, ace.mask, _sid(c_void_p(place.value + _SID_OFFSET)) if has_sid else "")


def _sid(place: c_void_p) -> str:
    text = c_wchar_p()
    if not place.value or not library("advapi32").ConvertSidToStringSidW(place, byref(text)):
        return ""
    try:
        return text.value or ""
    finally:
        library("kernel32").LocalFree(text)


def _is_on_fixed_disk(path: Path) -> bool:
    """Elsewhere the names of administrators are another computer's, or there are no rights at all."""
    drive = path.drive
    return len(drive) == 2 and library("kernel32").GetDriveTypeW(c_wchar_p(f"{drive}\\")) == _FIXED_DRIVE
