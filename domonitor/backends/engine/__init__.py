"""The embedded download engine."""

from domonitor.backends.engine.backend import EngineBackend
from domonitor.backends.engine.clock import Clock, SystemClock
from domonitor.backends.engine.manager import EngineManager
from domonitor.backends.engine.settings import EngineSettings

__all__ = ["Clock", "EngineBackend", "EngineManager", "EngineSettings", "SystemClock"]
