"""What a person should know of a job before anything is done with it: that it runs a program at its end."""

from __future__ import annotations

from domonitor.jobs.job import Job
from domonitor.words import text
from domonitor.words.masking import without_secrets_in

COMMAND, WARNING = "NotifyCommandLine", "Warning"
"""The fields in which a service reports the program, and what to think of it."""


def short_caution(job: Job) -> str:
    """That the job runs a program, in a few words; "" where it does not."""
    return text.tr("Runs a program at its end") if job.reported.get(COMMAND) else ""


def caution(job: Job) -> tuple[str, str]:
    """Which program the job runs, in one line, and what to think of it; "" twice where it runs none."""
    command = " ".join(job.reported.get(COMMAND, "").split())
    if not command:
        return "", ""
    said = text.tr("This download runs a program at its end: {command}").format(command=without_secrets_in(command))
    return said, job.reported.get(WARNING, "")
