"""What Windows' service control manager says of a service. To ask starts nothing."""

from __future__ import annotations

import ctypes
from ctypes import byref, c_uint32, c_void_p, c_wchar_p
from enum import Enum

from domonitor.backends.com.library import last_error, library

_CONNECT = 0x0001
_QUERY_CONFIG, _QUERY_STATUS = 0x0001, 0x0004
_NOT_THERE = 1060
"""ERROR_SERVICE_DOES_NOT_EXIST."""
_START_DISABLED, _STATE_RUNNING = 4, 4
_ROOM = 8192
"""The longest that QueryServiceConfig gives, in bytes."""


class ServiceState(Enum):
    """How a service is. UNKNOWN: the manager could not be asked."""

    RUNNING = "running"
    STOPPED = "stopped"
    DISABLED = "disabled"
    MISSING = "missing"
    UNKNOWN = "unknown"


class _Status(ctypes.Structure):
    """SERVICE_STATUS."""

    _fields_ = tuple(
        (name, c_uint32)
        for name in ("type", "state", "accepted", "win32_exit_code", "exit_code", "check_point", "wait_hint")
    )


class _Config(ctypes.Structure):
    """The beginning of QUERY_SERVICE_CONFIGW."""

    _fields_ = (("type", c_uint32), ("start_type", c_uint32))


def service_state(name: str) -> ServiceState:
    """How the service of that name is, for example "BITS". A service that is not disabled is started when called."""
    control = library("advapi32")
    control.OpenSCManagerW.restype = control.OpenServiceW.restype = c_void_p
    manager = c_void_p(control.OpenSCManagerW(None, None, _CONNECT))
    if not manager.value:
        return ServiceState.UNKNOWN
    try:
        service = c_void_p(control.OpenServiceW(manager, c_wchar_p(name), _QUERY_STATUS | _QUERY_CONFIG))
        if not service.value:
            return ServiceState.MISSING if last_error() == _NOT_THERE else ServiceState.UNKNOWN
        try:
            return _state_of(service)
        finally:
            control.CloseServiceHandle(service)
    finally:
        control.CloseServiceHandle(manager)


def _state_of(service: c_void_p) -> ServiceState:
    control, status, needed = library("advapi32"), _Status(), c_uint32()
    if not control.QueryServiceStatus(service, byref(status)):
        return ServiceState.UNKNOWN
    if status.state == _STATE_RUNNING:
        return ServiceState.RUNNING
    room = ctypes.create_string_buffer(_ROOM)
    if not control.QueryServiceConfigW(service, room, _ROOM, byref(needed)):
        return ServiceState.UNKNOWN
    is_disabled = _Config.from_buffer(room).start_type == _START_DISABLED
    return ServiceState.DISABLED if is_disabled else ServiceState.STOPPED
