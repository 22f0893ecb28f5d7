"""Every sentence that is made of data: sizes, times, states, summaries, consequences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from domonitor.jobs import codes
from domonitor.jobs.change import HealthState
from domonitor.jobs.job import Job, JobFile, JobKey, Origin, Priority
from domonitor.jobs.rate import remaining_s
from domonitor.jobs.request import Existing
from domonitor.jobs.size import in_words
from domonitor.jobs.state import ACTIVE, ALLOWED, ERRONEOUS, FINAL, Command, JobState
from domonitor.words.language import plural as plural
from domonitor.words.language import tr as tr

UNKNOWN = "\N{EN DASH}"
SHOWN_NAME = 60


def size(count: float | None) -> str:
    """Bytes in the unit that reads best, with decimal prefixes: 4.2 MB."""
    if count is None:
        return UNKNOWN
    return in_words(count)


def speed(bytes_per_s: float | None) -> str:
    """3.2 MB/s; nothing where there is no speed."""
    return "" if bytes_per_s is None else f"{size(bytes_per_s)}/s"


def duration(seconds: float | None) -> str:
    """About how long: 45 s, 4 min, 1 h 20 min, 3 days. Nothing where it is not known."""
    if seconds is None:
        return ""
    if seconds < 59.5:
        return tr("{n} s").format(n=max(1, round(seconds)))
    minutes = round(seconds / 60)
    if minutes < 60:
        return tr("{n} min").format(n=minutes)
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return tr("{h} h {m} min").format(h=hours, m=minutes) if minutes else tr("{h} h").format(h=hours)
    return plural(round(hours / 24), tr("{n} day"), tr("{n} days"))


def countdown(seconds: float) -> str:
    """0:42 until something happens."""
    left = max(0, round(seconds))
    return f"{left // 60}:{left % 60:02d}" if left < 3600 else duration(left)


def moment(at: datetime | None) -> str:
    """A moment in local time: 14:02 today, with the date on other days."""
    if at is None:
        return ""
    local = at.astimezone()
    if local.date() == datetime.now(UTC).astimezone().date():
        return f"{local:%H:%M:%S}"
    return f"{local:%Y-%m-%d %H:%M}"


def date_and_time(at: datetime | None) -> str:
    """A moment in local time with its date, "" for none."""
    return "" if at is None else f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def recorded(at: datetime, now: datetime, *, is_lost: bool) -> str:
    """That an error comes from a record, of which day. is_lost: the service was asked and no longer holds it."""
    local = at.astimezone()
    days = (now.astimezone().date() - local.date()).days
    day = {0: tr("today"), 1: tr("yesterday")}.get(days, tr("on {date}").format(date=f"{local:%Y-%m-%d}"))
    words = tr("Recorded {time} {day}; the service no longer holds it.") if is_lost else tr("Recorded {time} {day}.")
    return words.format(time=f"{local:%H:%M}", day=day)


def percent(job: Job) -> str:
    """61 %; never 100 before all is there."""
    fraction = job.progress.fraction
    if fraction is None:
        return ""
    return f"{100 if fraction >= 1 else min(99, int(fraction * 100))} %"


def progress(job: Job) -> str:
    """How far a job is: 61 %, or 4/5 files where the sizes are not known."""
    if job.progress.fraction is None and job.progress.files_total > 1:
        return f"{job.progress.files_transferred}/{job.progress.files_total}"
    return percent(job)


def state_name(state: JobState) -> str:
    """The state's name alone."""
    return {
        JobState.QUEUED: tr("Waiting for its turn"),
        JobState.CONNECTING: tr("Connecting"),
        JobState.TRANSFERRING: tr("Downloading"),
        JobState.SUSPENDED: tr("Suspended"),
        JobState.ERROR: tr("Needs you"),
        JobState.TRANSIENT_ERROR: tr("Tries again by itself"),
        JobState.TRANSFERRED: tr("Arrived, to be completed"),
        JobState.ACKNOWLEDGED: tr("Finished"),
        JobState.CANCELLED: tr("Cancelled"),
    }[state]


def file_state(file: JobFile) -> str:
    """How far a file is, in words."""
    if file.progress.completed:
        return tr("Complete")
    if file.transferred:
        return tr("Arrived")
    return tr("Under way") if file.progress.bytes_transferred else tr("Not begun")


def file_percent(file: JobFile) -> str:
    """61 %; never 100 before all is there, nothing where its size is not known."""
    done, total = file.progress.bytes_transferred, file.progress.bytes_total
    if file.transferred:
        return "100 %"
    return f"{min(99, done * 100 // total)} %" if total else ""


def file_name(file: JobFile) -> str:
    """The last part of the file's local name, on whatever system its service runs."""
    return file.local_name.replace("\\", "/").rpartition("/")[2]


def pending(command: Command) -> str:
    """What a row says while a command is under way."""
    return {
        Command.RESUME: tr("Resuming…"),
        Command.SUSPEND: tr("Suspending…"),
        Command.COMPLETE: tr("Completing…"),
        Command.CANCEL: tr("Cancelling…"),
        Command.SET_PRIORITY: tr("Changing…"),
        Command.SET_ADDRESS: tr("Changing…"),
        Command.SET_LIMITS: tr("Changing…"),
    }[command]


def state(job: Job, now: datetime) -> str:
    """The state in words: of an error what happened, and when it is tried again."""
    if job.error_code is None:
        if job.state is JobState.ACKNOWLEDGED and job.progress.files_missing:
            return tr("Finished in part")
        return state_name(job.state)
    headline = codes.explain(job.error_code).headline
    if job.retry_at is None:
        return headline
    return tr("{what}, retry in {time}").format(what=headline, time=countdown((job.retry_at - now).total_seconds()))


def reason(job: Job, *, is_still: bool) -> str:
    """Why the job does not move, in its service's words; "" where it moves, or its state says why.

    is_still: nothing has come for a while though it transfers.
    """
    if job.waiting_reason and job.state in ACTIVE | {JobState.TRANSIENT_ERROR, JobState.SUSPENDED}:
        return job.waiting_reason
    if job.state is JobState.TRANSFERRING and is_still:
        return tr("Nothing arrives, and the service gives no reason")
    if job.state is JobState.QUEUED or (job.state in ERRONEOUS and job.error_code is None):
        return tr("The service gives no reason")
    if job.state is JobState.TRANSFERRED and not job.auto_complete and job.origin is Origin.OURS:
        return tr("Complete gives its files their names")
    return ""


def remaining(job: Job, bytes_per_s: float | None) -> str:
    """About how long a running job still takes."""
    return duration(remaining_of(job, bytes_per_s))


def remaining_of(job: Job, bytes_per_s: float | None) -> float | None:
    """Seconds, None where that can't be said."""
    if job.state is not JobState.TRANSFERRING or job.progress.bytes_total is None:
        return None
    return remaining_s(job.progress.bytes_total - job.progress.bytes_transferred, bytes_per_s)


def row_sentence(job: Job, words: str, bytes_per_s: float | None) -> str:
    """A row as one spoken sentence."""
    parts = [job.display_name, words]
    if job.state not in FINAL and (done := percent(job)):
        parts.append(done)
    if job.state is JobState.TRANSFERRING and (left := remaining(job, bytes_per_s)):
        parts.append(tr("{time} left").format(time=left))
    return ", ".join(parts) + "."


def summary(counts: Mapping[JobState, int], longest_s: float | None) -> str:
    """One sentence on all jobs: 1 needs you · 3 running, 12 min left · 2 waiting by themselves.

    counts: of our own jobs in each state; what other programs do is theirs.
    """
    running = counts[JobState.TRANSFERRING] + counts[JobState.CONNECTING]
    waiting = counts[JobState.TRANSIENT_ERROR] + counts[JobState.QUEUED]
    parts = []
    if count := counts[JobState.ERROR]:
        parts.append(plural(count, tr("{n} needs you"), tr("{n} need you")))
    if count := counts[JobState.TRANSFERRED]:
        parts.append(plural(count, tr("{n} arrived, to be completed"), tr("{n} arrived, to be completed")))
    if running:
        words = plural(running, tr("{n} running"), tr("{n} running"))
        parts.append(words + (", " + tr("{time} left").format(time=duration(longest_s)) if longest_s else ""))
    if waiting:
        parts.append(plural(waiting, tr("{n} waiting by itself"), tr("{n} waiting by themselves")))
    if count := counts[JobState.SUSPENDED]:
        parts.append(plural(count, tr("{n} suspended"), tr("{n} suspended")))
    if not parts:
        return tr("All downloads are finished") if any(counts.values()) else tr("Nothing is being downloaded")
    return " · ".join(parts)


def given(command: Command) -> str:
    """That a command was carried out, in a word."""
    return {
        Command.RESUME: tr("Resumed"),
        Command.SUSPEND: tr("Suspended"),
        Command.COMPLETE: tr("Completed"),
        Command.CANCEL: tr("Cancelled"),
    }.get(command, tr("Changed"))


def command_name(command: Command) -> str:
    """What the command's button says."""
    return {
        Command.RESUME: tr("Resume"),
        Command.SUSPEND: tr("Suspend"),
        Command.COMPLETE: tr("Complete"),
        Command.CANCEL: tr("Cancel"),
        Command.SET_PRIORITY: tr("Change priority"),
        Command.SET_ADDRESS: tr("Change address"),
        Command.SET_LIMITS: tr("Change limits"),
    }[command]


def command_purpose(command: Command) -> str:
    """What the command does, for a tooltip."""
    return {
        Command.RESUME: tr("Start the chosen downloads, or start them again"),
        Command.SUSPEND: tr("Stop the chosen downloads; what has arrived is kept"),
        Command.COMPLETE: tr("Give the files that have arrived their names and end the job"),
        Command.CANCEL: tr("Remove the chosen downloads and what has arrived of them"),
        Command.SET_PRIORITY: tr("Let the chosen downloads have their turn before or after others"),
        Command.SET_ADDRESS: tr("Fetch the file from another address; what has arrived is kept where it is the same"),
        Command.SET_LIMITS: tr("Say how fast and over how many connections the chosen downloads may come"),
    }[command]


def refusal(job: Job, command: Command) -> str:
    """Why the command is not offered on the job; "" where it is."""
    if command in job.refusals:
        return job.refusals[command]
    if command not in ALLOWED[job.state]:
        return tr("{command} does nothing here: {state}.").format(
            command=command_name(command), state=state_name(job.state)
        )
    if command is Command.COMPLETE and not job.progress.files_transferred:
        return tr("No file has arrived whole yet, so there is nothing to keep.")
    return ""


def existing(choice: Existing) -> str:
    """What is done where a file of the wanted name is there, as a choice."""
    return {
        Existing.RENAME: tr("keep both, number the new one"),
        Existing.REFUSE: tr("keep it, don't download"),
        Existing.REPLACE: tr("replace it"),
    }[choice]


def becomes(wanted: str, name: str) -> str:
    """That a file can't have the name that it is given. wanted: may be anything."""
    shown = "".join(sign for sign in wanted if sign.isprintable())
    shown = shown if len(shown) <= SHOWN_NAME else f"{shown[: SHOWN_NAME - 1]}…"
    return tr('"{wanted}" becomes "{name}"').replace("{wanted}", shown).replace("{name}", name)


def cancel_consequence(jobs: Iterable[Job], files: Mapping[JobKey, Sequence[JobFile]]) -> str:
    """What Cancel would delete, exactly. files: those of the jobs where the service lists them."""
    jobs = tuple(jobs)
    if all(len(files.get(job.key, ())) == job.progress.files_total for job in jobs):
        listed = [file for job in jobs for file in files[job.key]]
        partial = [file.progress.bytes_transferred for file in listed if not file.transferred]
        return _deleted(sum(file.transferred for file in listed), sum(map(bool, partial)), sum(partial))
    whole = sum(job.progress.files_transferred for job in jobs)
    done = sum(job.progress.bytes_transferred for job in jobs)
    if not whole:
        return _deleted(0, 0 if not done else sum(bool(job.progress.bytes_transferred) for job in jobs), done)
    finished = plural(whole, tr("{n} finished file"), tr("{n} finished files"))
    return tr("Cancel deletes {finished} and all else that has arrived, {size} in all.").format(
        finished=finished, size=size(done)
    )


def _deleted(whole: int, unfinished: int, unfinished_bytes: int) -> str:
    finished = plural(whole, tr("{n} finished file"), tr("{n} finished files"))
    rest = plural(unfinished, tr("{size} of an unfinished one"), tr("{size} of {n} unfinished ones"))
    if not whole:
        rest = plural(unfinished, tr("{size} of an unfinished file"), tr("{size} of {n} unfinished files"))
    rest = rest.replace("{size}", size(unfinished_bytes))
    if whole and unfinished:
        return tr("Cancel deletes {finished} and {rest}.").format(finished=finished, rest=rest)
    if whole or unfinished:
        return tr("Cancel deletes {what}.").format(what=finished if whole else rest)
    return tr("Nothing has arrived yet, so nothing is deleted.")


def complete_consequence(jobs: Iterable[Job]) -> str:
    """What Complete would keep and drop, exactly; "" where nothing is dropped."""
    jobs = tuple(jobs)
    kept = sum(job.progress.files_transferred for job in jobs)
    total = sum(job.progress.files_total for job in jobs)
    if kept == total:
        return ""
    return tr("Complete keeps {kept} of {total} files. The others are dropped, with what has arrived of them.").format(
        kept=kept, total=total
    )


def whose(jobs: Sequence[Job]) -> str:
    """Who those of the jobs belong to that are not ours, for a question before a command; "" where all are ours."""
    foreign = [job for job in jobs if job.origin is not Origin.OURS]
    if not foreign:
        return ""
    owners = ", ".join(sorted({_owner(job) for job in foreign}))
    if len(jobs) == 1:
        return tr("This download belongs to {owners}.").format(owners=owners)
    words = plural(len(foreign), tr("One of them belongs to {owners}."), tr("{n} of them belong to {owners}."))
    return words.replace("{owners}", owners)


def _owner(job: Job) -> str:
    if job.origin is Origin.SYSTEM:
        return tr("the system")
    if job.origin is Origin.MY_ACCOUNT:
        return tr("another program of yours")
    return job.owner or tr("another user")


def service(name: str) -> str:
    """A service's name as people know it."""
    return {
        "engine": tr("domonitor"),
        "bits": "BITS",
        "do": "Delivery Optimization",
        "do-agent": tr("DO agent"),
    }.get(name, name)


def health_name(state: HealthState) -> str:
    """How a service is reached, in a word or two."""
    return {
        HealthState.OK: tr("running"),
        HealthState.IDLE: tr("idle"),
        HealthState.CONNECTING: tr("connecting"),
        HealthState.UNAVAILABLE: tr("not reachable"),
    }[state]


def origin_name(value: str) -> str:
    """Who made a job, by the value of its Origin."""
    return {
        Origin.OURS: tr("domonitor"),
        Origin.MY_ACCOUNT: tr("another program of yours"),
        Origin.OTHER_USER: tr("another user"),
        Origin.SYSTEM: tr("the system"),
    }[Origin(value)]


def priority_name(priority: Priority) -> str:
    """A priority in words."""
    return {
        Priority.FOREGROUND: tr("Foreground"),
        Priority.HIGH: tr("High"),
        Priority.NORMAL: tr("Normal"),
        Priority.LOW: tr("Low"),
    }[priority]
