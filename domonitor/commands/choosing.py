"""Which downloads a command is about: ids, beginnings of ids, or all of somebody's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from domonitor.commands.ending import Exit, Stop
from domonitor.commands.session import Session
from domonitor.jobs.change import HealthState
from domonitor.jobs.event import Event
from domonitor.jobs.job import Job, JobKey, Origin
from domonitor.jobs.state import FINAL, Command, JobState
from domonitor.words import text

LEAST_PREFIX = 8
"""So much of an id is shown at least."""

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was typed to say which downloads are meant."""

    ids: Sequence[str] = ()
    is_all: bool = False
    service: str | None = None
    not_mine: bool = False

    def check(self) -> None:
        """Raises Stop where it says nothing, or two things at once."""
        if self.not_mine and self.service is None:
            raise Stop(Exit.WRONG_USE, "--not-mine needs --service NAME as well: say whose downloads you mean.")
        if self.is_all and self.ids:
            raise Stop(Exit.WRONG_USE, "Give either ids or --all.")
        if not self.is_all and not self.ids:
            raise Stop(Exit.WRONG_USE, 'Say which downloads: their ids, or --all. "domonitor list" shows the ids.')

    def jobs(self, session: Session, command: Command | None = None) -> list[Job]:
        """The downloads. command: what is to be done with them, None for only looking. Raises Stop."""
        self.check()
        if self.is_all:
            return [job for job in session.jobs.values() if (job.origin is not Origin.OURS) is self.not_mine]
        jobs = [find(session, given) for given in dict.fromkeys(self.ids)]
        if command in (Command.SUSPEND, Command.CANCEL) and not self.not_mine:
            for job in jobs:
                if job.origin is not Origin.OURS and command not in job.refusals:
                    hint = f"If you mean it, add --service {job.key.service} --not-mine."
                    raise Stop(Exit.WRONG_USE, f"{job.display_name}: {text.whose([job])} {hint}")
        return list({job.key: job for job in jobs}.values())


def find(session: Session, given: str) -> Job:
    """The one download whose id begins like that. Raises Stop."""
    found = matching(session.jobs.values(), given)
    if len(found) == 1:
        return found[0]
    if found:
        shown = [f"  {job.key.id}  {job.display_name}" for job in found[:_SHOWN]]
        more = [f"  … and {len(found) - _SHOWN} more."] if len(found) > _SHOWN else []
        raise Stop(Exit.WRONG_USE, "\n".join([f'The ids of several downloads begin with "{given}":', *shown, *more]))
    raise _unknown(session, given)


def find_or_past(session: Session, given: str) -> Job | tuple[JobKey, tuple[Event, ...]]:
    """As find; of a download that has ended, by its whole id, what happened to it. Raises Stop."""
    if not matching(session.jobs.values(), given) and (past := session.past(None, given)) is not None:
        return past
    return find(session, given)


def ended_as(events: Iterable[Event]) -> JobState | None:
    """The final state in a timeline, None where there is none."""
    states = [event.state for event in events if event.state in FINAL]
    return states[-1] if states else None


def short_ids(jobs: Iterable[Job]) -> dict[JobKey, str]:
    """For each download the beginning of its id that tells it from all the others."""
    keys = sorted((job.key for job in jobs), key=lambda key: _plain(key.id))
    short = {}
    for at, key in enumerate(keys):
        neighbours = [keys[other].id for other in (at - 1, at + 1) if 0 <= other < len(keys)]
        length = max([LEAST_PREFIX, *(_common(key.id, other) + 1 for other in neighbours)])
        short[key] = _plain(key.id)[:length]
    return short


def _common(one: str, other: str) -> int:
    count = 0
    for left, right in zip(_plain(one), _plain(other), strict=False):
        if left != right:
            break
        count += 1
    return count


def matching(jobs: Iterable[Job], given: str) -> list[Job]:
    """The downloads whose ids begin like that; the one that has just that id, where there is one."""
    wanted = _plain(given)
    found = [job for job in jobs if wanted and _plain(job.key.id).startswith(wanted)]
    exact = [job for job in found if _plain(job.key.id) == wanted]
    return exact or found


def _plain(job_id: str) -> str:
    """Some services write their ids in capital letters and between braces; people need not."""
    return job_id.strip("{} ").casefold()


def _unknown(session: Session, given: str) -> Stop:
    for health in session.health.values():
        if health.state is HealthState.UNAVAILABLE:
            return Stop(Exit.NOT_REACHABLE, health.reason)
    if (past := session.past(None, given)) is not None:
        state = ended_as(past[1])
        said = text.tr("Gone from its service") if state is None else text.state_name(state)
        return Stop(Exit.REFUSED, text.tr("{id} has ended: {state}.").format(id=given, state=said))
    return Stop(
        Exit.WRONG_USE,
        f'No download has an id that begins with "{given}". "domonitor list" shows those that are there.',
    )
