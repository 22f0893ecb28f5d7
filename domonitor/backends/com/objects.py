"""COM objects in Python: created, asked, listed. It is used on an Apartment's thread alone.

Every method answers with an HRESULT; here is the one place where a failed one becomes CallFailed.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from ctypes import POINTER, byref, c_uint32, c_void_p
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from comtypes import GUID, STDMETHOD, COMError, IUnknown

from domonitor.backends.com.library import library
from domonitor.backends.com.slots import INTERFACES
from domonitor.jobs import hresult
from domonitor.jobs.codes import refusal

V = TypeVar("V", bound=Any)

_LOCAL_SERVER = 4
"""Source: CLSCTX_LOCAL_SERVER."""

_AT_ONCE = 64
"""So many objects of a list are asked for in one call."""

CONNECTION_LOST = frozenset({hresult.RPC_S_SERVER_UNAVAILABLE, hresult.RPC_S_CALL_FAILED, hresult.RPC_E_DISCONNECTED})
"""The service on the other side has ended."""

Pointer = Any
"""A COM object behind one of its interfaces. It is released when nothing refers to it any more."""


@cache
def interface(name: str) -> Any:
    """The interface of that name as comtypes wants it."""
    of = INTERFACES[name]
    base = interface(of.base) if of.base else IUnknown
    methods = [STDMETHOD(ctypes.c_long, slot, types) for slot, types in of.slots]
    return type(IUnknown)(name, (base,), {"_iid_": GUID(of.iid), "_methods_": methods})


def create(class_id: str, name: str) -> Pointer:
    """A new object of a service that runs in a process of its own; it is started for that. Raises CallFailed."""
    out = c_void_p()
    wanted = interface(name)
    call = library("ole32").CoCreateInstance
    ask(call, byref(GUID(class_id)), None, _LOCAL_SERVER, byref(wanted._iid_), byref(out))
    return _object(out, name)


def ask(method: Callable[..., int], *arguments: Any) -> int:
    """Calls it; the success code, which may say more than S_OK. Raises CallFailed."""
    code = method(*arguments) & 0xFFFFFFFF
    if code & 0x80000000:
        raise refusal(code)
    return code


def read(method: Callable[..., int], kind: Callable[[], V], *before: Any) -> V:
    """The value that the method's last argument takes, after the ones before. Raises CallFailed."""
    out = kind()
    ask(method, *before, byref(out))
    return out


def number(method: Callable[..., int], kind: Callable[[], Any] = c_uint32) -> int:
    """The number that the method gives. Raises CallFailed."""
    return int(read(method, kind).value)


def words(method: Callable[..., int], *before: Any) -> str:
    """The text that the method gives, "" for none. Raises CallFailed."""
    return taken(read(method, c_void_p, *before))


def taken(text: c_void_p) -> str:
    """A text that was handed over, whose memory is freed here; "" for none."""
    if not text.value:
        return ""
    try:
        return ctypes.wstring_at(text.value)
    finally:
        freed(text)


def freed(memory: c_void_p) -> None:
    """Frees what a service has handed over."""
    library("ole32").CoTaskMemFree(memory)


def given(method: Callable[..., int], name: str, *before: Any) -> Pointer:
    """The object that the method gives, behind the interface of that name. Raises CallFailed."""
    return _object(read(method, c_void_p, *before), name)


def asked_for(pointer: Pointer, name: str) -> Pointer | None:
    """The same object behind another of its interfaces, None where it has no such one. Raises CallFailed."""
    try:
        return pointer.QueryInterface(interface(name))
    except COMError as failure:
        code = failure.hresult & 0xFFFFFFFF
        if code != hresult.E_NOINTERFACE:
            raise refusal(code) from None
        return None


def listed(enumeration: Pointer, name: str) -> Iterator[Pointer]:
    """The objects of a list, from where it stands on. Raises CallFailed."""
    while True:
        places, count = (c_void_p * _AT_ONCE)(), c_uint32()
        ask(enumeration.Next, _AT_ONCE, ctypes.cast(places, POINTER(c_void_p)), byref(count))
        yield from [_object(c_void_p(place), name) for place in places[: count.value]]
        if count.value < _AT_ONCE:
            return


def guid(of: UUID) -> Any:
    """The id as a method takes it, by its address."""
    return GUID(f"{{{of}}}")


def empty_guid() -> Any:
    """Room for an id."""
    return GUID()


def uuid(of: Any) -> UUID:
    """The id that stands in such a room."""
    return UUID(bytes_le=bytes(of))


def _object(address: c_void_p, name: str) -> Pointer:
    return ctypes.cast(address, POINTER(interface(name)))
