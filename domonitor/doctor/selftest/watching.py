"""What the self-test tries of the watching: as the window does it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from domonitor.backends.bits.backend import BitsBackend
from domonitor.backends.bits.event_log import EventLog
from domonitor.backends.com.service_control import ServiceState, service_state
from domonitor.doctor.selftest import Differs, NotHere
from domonitor.doctor.selftest.bench import JOB_NAME, Bench
from domonitor.doctor.selftest.server import CONTENT, FILE
from domonitor.jobs.job import Job
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState

_LOOKS = 3
_LOGGED_WITHIN_S = 10.0


def look_starts_nothing(bench: Bench) -> str:
    """A service that is stopped stays so, however often it is looked at."""
    if service_state("BITS") is not ServiceState.STOPPED:
        raise NotHere("BITS runs already. Windows stops it some minutes after the last job; try again then.")
    with _watching(bench) as backend:
        for _ in range(_LOOKS):
            backend.poll()
    if (state := service_state("BITS")) is not ServiceState.STOPPED:
        raise Differs(f"After {_LOOKS} looks BITS is {state.value}.")
    return f"BITS is still stopped after {_LOOKS} looks."


def watched_to_its_end(bench: Bench) -> str:
    """A job that is added as the window does it is ours, is seen, and gives its file its name by itself."""
    target = bench.target()
    seen: list[JobState] = []
    ended: list[Job | None] = []
    with _watching(bench) as backend:
        (outcome,) = backend.add([NewJob(JOB_NAME, (NewFile(bench.server.url(FILE), str(target)),))])
        if outcome.is_refused:
            raise Differs(f"It was refused: {outcome.message}")

        def has_ended() -> bool:
            change = backend.poll()
            seen.extend(job.state for job in change.upserts if job.key.id == outcome.job_id)
            ended.extend(final for key, final in change.removals.items() if key.id == outcome.job_id)
            return bool(ended)

        try:
            bench.until(has_ended)
        except TimeoutError:
            names = ", ".join(dict.fromkeys(state.name for state in seen)) or "not seen"
            raise Differs(f"It was {names}, and did not end.") from None
    final = ended[0]
    if final is None or final.state is not JobState.ACKNOWLEDGED:
        raise Differs(f"It ended as {'gone' if final is None else final.state.name}.")
    if target.read_bytes() != CONTENT:
        raise Differs("Its file does not hold what the server sent.")
    return "It was seen, and completed by itself."


def event_log(bench: Bench) -> str:
    """Windows' event log names the job that was completed, and its end."""
    wanted, log = bench.completed, EventLog()
    if wanted is None:
        raise NotHere("No job was completed that it could name.")
    if log.ends([wanted]) is None:
        raise NotHere("The event log of BITS is not there, or this account may not read it.")
    try:
        bench.until(lambda: bool(log.ends([wanted])), _LOGGED_WITHIN_S)
    except TimeoutError:
        found = len(log.timeline(wanted))
        raise Differs(f"It has {found} events of the completed job, and none of its end.") from None
    end = (log.ends([wanted]) or {})[wanted]
    if end.end is not JobState.ACKNOWLEDGED:
        raise Differs(f"It calls the completed job {end.end.name if end.end else 'not ended'}.")
    return f"It names the completed job and its end, in {len(log.timeline(wanted))} events."


@contextmanager
def _watching(bench: Bench) -> Iterator[BitsBackend]:
    backend = BitsBackend(bench.folder / "own jobs")
    backend.open(lambda: None)
    try:
        yield backend
    finally:
        backend.close()
