"""The embedded download engine."""

from domonitor.backends.engine.access import AuthScheme, AuthTarget
from domonitor.backends.engine.backend import EngineBackend
from domonitor.backends.engine.clock import Clock, SystemClock
from domonitor.backends.engine.manager import EngineManager
from domonitor.backends.engine.proxies import Proxy, ProxyKind
from domonitor.backends.engine.settings import EngineSettings

__all__ = [
    "AuthScheme",
    "AuthTarget",
    "Clock",
    "EngineBackend",
    "EngineManager",
    "EngineSettings",
    "Proxy",
    "ProxyKind",
    "SystemClock",
]
