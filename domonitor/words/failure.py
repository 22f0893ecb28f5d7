"""What the error panel says of a job's error: what failed, what it means, what to do, and the facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domonitor.jobs import codes, hresult
from domonitor.jobs.address import without_secrets
from domonitor.jobs.error import CopyError, ErrorContext
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.job import Job
from domonitor.jobs.state import JobState
from domonitor.words import text


@dataclass(frozen=True, slots=True)
class Failure:
    """The panel's words, without secrets.

    steps: what to do, a sentence each. context, file, code, description, when: the facts. retry: the next attempt.
    recorded: that all of it comes from a record, "" where the service holds it.
    """

    headline: str
    meaning: str
    steps: tuple[str, ...]
    context: str
    file: str
    code: str
    description: str
    when: str
    retry: str
    recorded: str = ""

    @property
    def remedy(self) -> str:
        """The steps with their numbers, a line each."""
        return "\n".join(f"{number}.  {step}" for number, step in enumerate(self.steps, 1))

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """The facts with their titles."""
        values = (self.context, self.file, self.code, self.description, self.when)
        return tuple(zip(titles(), values, strict=True))

    def as_text(self, job: Job) -> str:
        """All of it as text to hand on."""
        lines = [f"{job.display_name}: {self.headline}", self.meaning, self.remedy, ""]
        lines += [f"{title}: {words}" for title, words in self.facts]
        return "\n".join([*lines, *filter(None, (self.recorded, self.retry))])


def titles() -> tuple[str, str, str, str, str]:
    """What stands before the facts: context, file, code, description, when."""
    return text.tr("Where"), text.tr("File"), text.tr("Code"), text.tr("Details"), text.tr("When")


def failure(job: Job, error: CopyError, now: datetime, recorded: str = "") -> Failure:
    """The words for a job's error. recorded: see Failure."""
    explanation = codes.explain(error.code)
    headline, meaning, steps = explanation.headline, explanation.details, explanation.steps
    if not error.code:
        headline = text.tr("The service does not say what failed")
        meaning = text.tr("The job is in an error state, and no error code came with it.")
        steps = (text.tr("Choose Resume to try again."),)
    code = f"{hresult.text(error.code)}  {explanation.name}".rstrip()
    return Failure(
        headline,
        meaning,
        steps,
        error.context_description or error.context.description,
        f"{without_secrets(error.file.remote_name)}\n{error.file.local_name}"
        if error.file
        else text.tr("tied to no file"),
        code if error.code else text.tr("none"),
        error.description or text.tr("The service says no more."),
        _when(error),
        retry(job, error, now),
        recorded,
    )


def retry(job: Job, error: CopyError, now: datetime) -> str:
    """When it is tried again, counting down."""
    if error.retry_at is not None:
        left_s = (error.retry_at - now).total_seconds()
        if left_s < 0.5:
            return text.tr("Tries again now.")
        return text.tr("Tries again by itself in {time}.").format(time=text.countdown(left_s))
    if job.state is JobState.TRANSIENT_ERROR:
        return text.tr("Tries again by itself; the service does not say when.")
    return text.tr("It does not try again by itself: you decide.")


def without_object(job: Job) -> CopyError:
    """What can be said where neither the service nor a record holds an error object."""
    said = text.tr("The service gives no more information on this error.")
    return CopyError(ErrorContext.UNKNOWN, job.error_code or 0, said, retry_at=job.retry_at)


def last_error(timeline: Sequence[Event]) -> Event | None:
    """The last error of a timeline, as an event with its error; None where there is none."""
    return next((one for one in reversed(timeline) if one.kind is EventKind.ERROR and one.error), None)


def fits(job: Job, event: Event | None) -> bool:
    """Whether a recorded error is the one that the job has now."""
    return event is not None and event.error is not None and job.error_code in (None, event.error.code)


def _when(error: CopyError) -> str:
    at = text.moment(error.occurred_at) or text.tr("unknown")
    if error.attempts is None or error.attempts < 2:
        return at
    return text.tr("{time}, {n} failures in a row").format(time=at, n=error.attempts)
