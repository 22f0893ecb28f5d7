"""Accounts: who we are, and what a security identifier is called."""

from __future__ import annotations

import ctypes
from ctypes import byref, c_uint32, c_void_p, c_wchar_p
from functools import cache

from domonitor.backends.com.library import library

SYSTEM_SIDS = frozenset({"S-1-5-18", "S-1-5-19", "S-1-5-20"})
"""Windows itself: Local System, Local Service, Network Service. Source: well-known SIDs."""

_TOKEN_QUERY, _TOKEN_USER, _TOKEN_ELEVATION = 0x0008, 1, 20
_ROOM = 1024


@cache
def own_sid() -> str:
    """The security identifier of this process's account, "" where it can't be told."""
    room = _of_token(_TOKEN_USER)
    if room is None:
        return ""
    text = c_wchar_p()
    sid = c_void_p.from_buffer(room)  # TOKEN_USER begins with the SID's address
    if not library("advapi32").ConvertSidToStringSidW(sid, byref(text)):
        return ""
    try:
        return text.value or ""
    finally:
        library("kernel32").LocalFree(text)


@cache
def is_elevated() -> bool:
    """Whether this process has the rights of an administrator."""
    room = _of_token(_TOKEN_ELEVATION)
    return room is not None and bool(c_uint32.from_buffer(room).value)


@cache
def account_name(sid: str) -> str:
    """DOMAIN\\name of the account; the identifier itself where no name is known."""
    security = library("advapi32")
    place = c_void_p()
    if not security.ConvertStringSidToSidW(c_wchar_p(sid), byref(place)):
        return sid
    try:
        name, domain = ctypes.create_unicode_buffer(256), ctypes.create_unicode_buffer(256)
        name_length, domain_length, kind = c_uint32(256), c_uint32(256), c_uint32()
        found = security.LookupAccountSidW(
            None, place, name, byref(name_length), domain, byref(domain_length), byref(kind)
        )
        if not found or not name.value:
            return sid
        return f"{domain.value}\\{name.value}" if domain.value else name.value
    finally:
        library("kernel32").LocalFree(place)


def _of_token(kind: int) -> ctypes.Array[ctypes.c_char] | None:
    security, kernel = library("advapi32"), library("kernel32")
    kernel.GetCurrentProcess.restype = c_void_p
    token = c_void_p()
    if not security.OpenProcessToken(c_void_p(kernel.GetCurrentProcess()), _TOKEN_QUERY, byref(token)):
        return None
    try:
        room, needed = ctypes.create_string_buffer(_ROOM), c_uint32()
        return room if security.GetTokenInformation(token, kind, room, _ROOM, byref(needed)) else None
    finally:
        kernel.CloseHandle(token)
