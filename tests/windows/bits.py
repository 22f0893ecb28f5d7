"""BITS for a test: asked directly, stopped, disabled, and left without a job."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from domonitor.backends.bits.backend import BitsBackend
from domonitor.backends.bits.event_log import EventLog
from domonitor.backends.bits.manager import BitsManager
from domonitor.backends.com.service_control import ServiceState, service_state
from domonitor.jobs.change import Change
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import Job

OWN_JOBS = "own jobs"
PATIENCE_S = 20.0
_LOOK_S = 0.05

_ALL_ACCESS = 0xF003F
_STOP, _NO_CHANGE = 1, 0xFFFFFFFF
DEMAND_START, DISABLED = 3, 4
"""Source: winsvc.h, SERVICE_DEMAND_START, SERVICE_DISABLED."""


class Watched:
    """A backend, polled as the monitor polls it; what it has told by now."""

    def __init__(self, folder: Path, event_log: EventLog | None = None) -> None:
        self.woken = threading.Event()
        self.backend = BitsBackend(folder / OWN_JOBS, event_log)
        self.jobs: dict[str, Job] = {}
        self.gone: dict[str, Job | None] = {}
        self.changes: list[Change] = []
        self.backend.open(self.woken.set)

    def poll(self) -> Change:
        change = self.backend.poll()
        self.changes.append(change)
        self.jobs |= {job.key.id: job for job in change.upserts}
        for key, final in change.removals.items():
            self.jobs.pop(key.id, None)
            self.gone[key.id] = final
        return change

    def until(self, condition: Callable[[], object], patience_s: float = PATIENCE_S, look_s: float = _LOOK_S) -> None:
        """Polls until it holds."""
        until(lambda: (self.poll(), condition())[1], patience_s, look_s)


def until(condition: Callable[[], object], patience_s: float = PATIENCE_S, look_s: float = _LOOK_S) -> None:
    """Returns once it holds. Nothing tells when a service is so far: it is asked."""
    deadline_s = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError("it did not come to that")
        time.sleep(look_s)


@contextmanager
def watched(folder: Path, event_log: EventLog | None = None) -> Iterator[Watched]:
    """A backend on BITS, without any job at the beginning and at the end."""
    start_type(DEMAND_START)
    drop_all_jobs()
    it = Watched(folder, event_log)
    try:
        yield it
    finally:
        it.backend.close()
        drop_all_jobs()


@contextmanager
def manager() -> Iterator[BitsManager]:
    """Another program's way to BITS."""
    it = BitsManager()
    try:
        yield it
    finally:
        it.close()


def drop_all_jobs() -> None:
    with manager() as it:
        for job in it.enum_jobs():
            with suppress(CallFailed):
                job.cancel()


def start_type(kind: int) -> None:
    """How BITS is started from now on."""
    with _service() as service:
        assert _control().ChangeServiceConfigW(
            service, _NO_CHANGE, kind, _NO_CHANGE, None, None, None, None, None, None, None
        )


def stop() -> None:
    """Stops the service, as Windows does where it has nothing to do."""
    with _service() as service:
        _control().ControlService(service, _STOP, ctypes.create_string_buffer(64))
    until(lambda: service_state("BITS") is not ServiceState.RUNNING)


@contextmanager
def _service() -> Iterator[ctypes.c_void_p]:
    control = _control()
    control.OpenSCManagerW.restype = control.OpenServiceW.restype = ctypes.c_void_p
    scm = ctypes.c_void_p(control.OpenSCManagerW(None, None, _ALL_ACCESS))
    service = ctypes.c_void_p(control.OpenServiceW(scm, "BITS", _ALL_ACCESS))
    assert service.value, ctypes.WinError()
    try:
        yield service
    finally:
        control.CloseServiceHandle(service)
        control.CloseServiceHandle(scm)


def _control() -> ctypes.WinDLL:
    return ctypes.windll.advapi32
