"""BITS: how the service is, and which interfaces it has. Nothing is started for that."""

from __future__ import annotations

import os

from domonitor.doctor.finding import IMPORTING, Finding, ok, warning
from domonitor.jobs.error import CallFailed

_HOW_TO_ENABLE = (
    'An administrator can set the start type of BITS to Manual in the program "Services"; Windows can\'t fetch its '
    "updates either until then."
)


def bits() -> Finding:
    """How BITS is, without a full stop; where it runs already, also its version and its newest interface."""
    if os.name != "nt":
        return ok("BITS: not on this system")
    with IMPORTING:
        from domonitor.backends.com.service_control import ServiceState, service_state

    state = service_state("BITS")
    if state is ServiceState.RUNNING:
        return ok(f"BITS: running{_interfaces()}")
    if state is ServiceState.DISABLED:
        return warning("BITS: disabled", _HOW_TO_ENABLE)
    return ok(
        {
            ServiceState.STOPPED: "BITS: not running; Windows starts it when a program needs it",
            ServiceState.MISSING: "BITS: not on this system",
        }.get(state, "BITS: there, but Windows does not tell how it is")
    )


def without_bits() -> str:
    """Why BITS can't be tried on this computer, a sentence; "" where it can."""
    if os.name != "nt":
        return "The self-test is for BITS, which is on Windows alone."
    from domonitor.backends.com.service_control import ServiceState, service_state

    return {
        ServiceState.MISSING: "This Windows has no BITS.",
        ServiceState.DISABLED: f"BITS is disabled. {_HOW_TO_ENABLE}",
    }.get(service_state("BITS"), "")


def _interfaces() -> str:
    with IMPORTING:
        from domonitor.backends.bits.manager import BitsManager
    manager = BitsManager()
    try:
        version = manager.version()
        jobs = manager.enum_jobs()
        newest = jobs[0].newest_interface() if jobs else ""
    except CallFailed as failure:
        return f", but it does not answer: {str(failure).rstrip('.')}"
    finally:
        manager.close()
    told = [f"version {version}" if version else "of a version that it does not tell"]
    if newest:
        told.append(f"jobs up to {newest}")
    return f", {', '.join(told)}"
