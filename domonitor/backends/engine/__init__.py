"""The embedded download engine.

What is named here is imported when it is first asked for: a client of the engine host needs no libcurl and no store.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domonitor.backends.engine.access import AuthScheme, AuthTarget
    from domonitor.backends.engine.backend import EngineBackend
    from domonitor.backends.engine.clock import Clock, SystemClock
    from domonitor.backends.engine.host_backend import HostBackend
    from domonitor.backends.engine.manager import EngineManager
    from domonitor.backends.engine.proxies import Proxy, ProxyKind
    from domonitor.backends.engine.remote import RemoteManager
    from domonitor.backends.engine.settings import EngineSettings

__all__ = [
    "AuthScheme",
    "AuthTarget",
    "Clock",
    "EngineBackend",
    "EngineManager",
    "EngineSettings",
    "HostBackend",
    "Proxy",
    "ProxyKind",
    "RemoteManager",
    "SystemClock",
]

_WHERE = {
    "AuthScheme": "access",
    "AuthTarget": "access",
    "Clock": "clock",
    "EngineBackend": "backend",
    "EngineManager": "manager",
    "EngineSettings": "settings",
    "HostBackend": "host_backend",
    "Proxy": "proxies",
    "ProxyKind": "proxies",
    "RemoteManager": "remote",
    "SystemClock": "clock",
}


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
