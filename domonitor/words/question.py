"""Which commands are offered on a job, why not, and what must be asked before some of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from domonitor.jobs.job import Job, JobFile, JobKey, Origin
from domonitor.jobs.state import SETTING, Command
from domonitor.words import text


@dataclass(frozen=True, slots=True)
class Question:
    """What must be asked before a command: the consequence, and the words on the two buttons."""

    title: str
    consequence: str
    go: str
    keep: str


def is_offered(job: Job, command: Command, served: frozenset[Command]) -> bool:
    """Whether the command is offered on the job. served: what its service can do at all.

    Complete and what changes the job are never offered on a job of somebody else.
    """
    return command in served and job.allows(command) and not _is_its_makers_alone(job, command)


def _is_its_makers_alone(job: Job, command: Command) -> bool:
    return job.origin is not Origin.OURS and (command is Command.COMPLETE or command in SETTING)


def why_not(jobs: Sequence[Job], command: Command) -> str:
    """Why the command is offered on none of the jobs."""
    if not jobs:
        return text.tr("Choose a download first.")
    for job in jobs:
        if _is_its_makers_alone(job, command):
            if command is Command.COMPLETE:
                return text.tr("Only the program that created this download can complete it.")
            return text.tr("Only the program that created this download can change it.")
        if reason := text.refusal(job, command):
            return reason
    return text.tr("The service of this download can't do that.")


def question(
    command: Command, jobs: Iterable[Job], files: Mapping[JobKey, Sequence[JobFile]] | None = None
) -> Question | None:
    """What to ask before the command; None where it can be given at once. files: those of the jobs, where known."""
    jobs = tuple(jobs)
    owners = text.whose(jobs)
    owner = f"{owners} " if owners else ""
    if command is Command.CANCEL:
        return Question(
            _title(jobs, text.tr('Cancel "{name}"?'), text.tr("Cancel {n} downloads?")),
            owner + text.cancel_consequence(jobs, files or {}),
            text.plural(len(jobs), text.tr("Cancel download"), text.tr("Cancel {n} downloads")),
            text.tr("Keep downloading"),
        )
    if command is Command.COMPLETE and (consequence := text.complete_consequence(jobs)):
        return Question(
            text.tr("Complete without the missing files?"),
            consequence,
            text.tr("Complete"),
            text.tr("Keep downloading"),
        )
    if command is Command.SUSPEND and owners:
        return Question(
            _title(jobs, text.tr('Suspend "{name}"?'), text.tr("Suspend {n} downloads?")),
            owner + text.tr("Somebody may be waiting for it."),
            text.tr("Suspend"),
            text.tr("Change nothing"),
        )
    return None


def _title(jobs: Sequence[Job], one: str, many: str) -> str:
    return text.plural(len(jobs), one, many).replace("{name}", jobs[0].display_name)
