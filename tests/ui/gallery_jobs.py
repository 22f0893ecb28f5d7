"""What the pictures show: jobs of several services, with their files, errors and timelines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.error import CopyError, ErrorContext, ErrorFile
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.job import FileProgress, Job, JobFile, JobKey, Origin, Priority, Progress, Times
from domonitor.jobs.state import JobState

S, C = JobState, ErrorContext
MB = 1_000_000
HOST = "dl.example.com"
FILES_OF_SETUP = ["setup.iso", "setup.sha256", "readme.txt", "drivers.cab", "extras.zip"]


@dataclass(frozen=True, slots=True)
class Failure:
    """An error for a picture of the panel. retry_s: seconds to the next attempt, None where it waits for somebody."""

    name: str
    code: int
    context: ErrorContext
    said: str
    retry_s: float | None = None
    files: tuple[int, int] = (0, 1)
    attempts: int = 1


FAMILIES = (
    Failure("name", 0x80072EE7, C.GENERAL_TRANSPORT, f'"{HOST}" has no address.', attempts=4),
    Failure("not-found", 0x80190194, C.REMOTE_FILE, "The server answered 404 Not Found.", files=(2, 5)),
    Failure("busy", 0x801901F7, C.REMOTE_FILE, "The server answered 503 Service Unavailable.", 42, attempts=3),
    Failure("disk-full", 0x80070070, C.LOCAL_FILE, "The disk has 12.0 MB left, and 3.9 GB are needed."),
    Failure("certificate", 0x80072F05, C.GENERAL_TRANSPORT, "The certificate was valid until 2026-10-30."),
    Failure("no-progress", 0x80D02002, C.GENERAL_TRANSPORT, "No byte has arrived for 60 minutes.", files=(0, 2)),
    Failure("login", 0x80190191, C.REMOTE_FILE, "The server answered 401 Unauthorized and asks for a login."),
    Failure("checksum", 0x80091007, C.LOCAL_FILE, "The SHA-256 of the file is another one than was given.", attempts=2),
    Failure("no-information", 0, C.UNKNOWN, ""),
)


def engine(now: datetime | None = None) -> ScriptedBackend:
    """Our own jobs, in every state."""
    now = now or datetime.now(UTC)

    def job(
        number: int,
        name: str,
        state: JobState,
        done: float,
        total: float | None,
        files: tuple[int, int] = (0, 1),
        **more,
    ) -> Job:
        made = now - timedelta(minutes=60 - number)
        progress = Progress(None if total is None else int(total * MB), int(done * MB), files[1], files[0])
        return Job(
            JobKey("engine", f"{number:08x}-1111-4222-8333-444455556666"),
            name,
            state,
            progress,
            Times(made, now - timedelta(seconds=20)),
            **{"priority": Priority.FOREGROUND, **more},
        )

    jobs = [
        job(1, "setup.iso", S.ERROR, 1_600, 4_000, (2, 5), error_code=0x80072EE7),
        job(2, "data.zip", S.TRANSFERRING, 610, 1_000),
        job(3, "Lecture, part 3.mp4", S.TRANSFERRING, 84, 90),
        job(4, "radio.ogg", S.TRANSFERRING, 17, None),
        job(5, "b.bin", S.TRANSIENT_ERROR, 12, 100, error_code=0x801901F7, retry_at=now + timedelta(seconds=42)),
        job(
            6,
            "Photos of the club",
            S.QUEUED,
            0,
            200,
            waiting_reason="It waits for its turn behind 1 other.",
            priority=Priority.LOW,
        ),
        job(7, "map.pdf", S.SUSPENDED, 3, 12),
        job(8, "letters.zip", S.TRANSFERRED, 18, 18, (1, 1)),
        job(9, "forecast.json", S.ACKNOWLEDGED, 0.3, 0.3, (1, 1)),
        job(10, "firmware.bin", S.ERROR, 0, None, error_code=0x80072EE7),
        job(11, "drivers.cab", S.ERROR, 0, None, error_code=0x80072EE7),
    ]
    service = ScriptedBackend(jobs, name="engine")
    for each in jobs:
        count = each.progress.files_total
        names = (
            ["setup.iso", "setup.sha256", "readme.txt", "drivers.cab", "extras.zip"]
            if count == 5
            else [each.display_name]
        )
        service.files_by_job[each.key.id] = tuple(_files(each, names))
    first = jobs[0]
    error = failure_error(FAMILIES[0], first, now)
    service.errors[first.key.id] = error
    for each in (jobs[4], *jobs[9:]):
        service.errors[each.key.id] = failure_error(FAMILIES[2] if each is jobs[4] else FAMILIES[0], each, now)
    service.events = {first.key.id: _timeline(now, error)}
    return service


def bits(now: datetime | None = None) -> ScriptedBackend:
    """Jobs of other programs."""
    now = now or datetime.now(UTC)
    times = Times(now - timedelta(days=2), now - timedelta(hours=5))
    jobs = [
        Job(
            JobKey("bits", "{9C1DBB3F-0000-4000-8000-1234567890AB}"),
            "Edge Update",
            S.TRANSFERRING,
            Progress(160 * MB, 40 * MB, 1, 0),
            times,
            origin=Origin.MY_ACCOUNT,
            owner="PC\\anna",
            reported={
                "TransferType": "DOWNLOAD",
                "RetryInterval": "600",
                "RetryTimeout": "1209600",
                "ProxyUsage": "PRECONFIG",
                "NotifyFlags": "3",
            },
        ),
        Job(
            JobKey("bits", "{9C1DBB3F-0000-4000-8000-1234567890AC}"),
            "WU Client Download",
            S.SUSPENDED,
            Progress(900 * MB, 120 * MB, 3, 1),
            times,
            origin=Origin.SYSTEM,
            owner="SYSTEM",
        ),
    ]
    return ScriptedBackend(jobs, name="bits")


def running_a_program() -> ScriptedBackend:
    """A job that runs a program at its end, with a long command line."""
    now = datetime.now(UTC)
    job = Job(
        JobKey("bits", "{9C1DBB3F-0000-4000-8000-1234567890AD}"),
        "Updater",
        S.SUSPENDED,
        Progress(None, 0, 1, 0),
        Times(now - timedelta(days=2), now - timedelta(hours=5)),
        origin=Origin.MY_ACCOUNT,
        owner="PC\\anna",
        reported={
            "NotifyCommandLine": r"C:\Users\anna\AppData\Local\Temp\again.exe /quiet" + " /again" * 40,
            "Warning": "Windows runs the notify command line by itself when this job ends or fails. Malware uses that "
            "to come back again and again. If you don't know the command, cancel the job and have the "
            "computer checked.",
        },
    )
    return ScriptedBackend([job], name="bits")


def failing(failure: Failure) -> ScriptedBackend:
    """One job with this error, two more at the same server."""
    now = datetime.now(UTC)
    state = S.ERROR if failure.retry_s is None else S.TRANSIENT_ERROR
    retry_at = None if failure.retry_s is None else now + timedelta(seconds=failure.retry_s)
    kept, total = failure.files
    job = Job(
        JobKey("engine", "0c0ffee0-1111-4222-8333-444455556666"),
        "setup.iso",
        state,
        Progress(4_000 * MB, 1_600 * MB, total, kept),
        Times(now - timedelta(hours=1), now),
        error_code=failure.code or None,
        retry_at=retry_at,
    )
    service = ScriptedBackend([job], name="engine")
    names = FILES_OF_SETUP if total == 5 else [job.display_name, "extras.zip"][:total]
    service.files_by_job[job.key.id] = tuple(_files(job, names))
    if failure.code:
        service.errors[job.key.id] = failure_error(failure, job, now)
    return service


def many(count: int) -> ScriptedBackend:
    """A long list."""
    now = datetime.now(UTC)
    states = (S.ACKNOWLEDGED, S.QUEUED, S.TRANSFERRING, S.SUSPENDED, S.TRANSIENT_ERROR, S.ERROR)
    return ScriptedBackend(
        (
            Job(
                JobKey("engine", str(number)),
                f"file-{number:05}.zip",
                states[number % 6],
                Progress(90 * MB, number * 7919 % 90 * MB, 1, 0),
                Times(now - timedelta(minutes=number), now),
                error_code=0x80190194 if states[number % 6] in (S.ERROR, S.TRANSIENT_ERROR) else None,
            )
            for number in range(count)
        ),
        name="engine",
    )


def failure_error(failure: Failure, job: Job, now: datetime) -> CopyError:
    """The error object of the job."""
    name = FILES_OF_SETUP[2] if job.progress.files_total == 5 else job.display_name
    address = f"https://anna:secret@{HOST}/pub/2026/{name}?token=secret"
    file = ErrorFile(address, f"/home/anna/Downloads/{name}")
    return CopyError(
        failure.context,
        failure.code,
        failure.said,
        file=file,
        protocol="https",
        occurred_at=now - timedelta(seconds=20),
        retry_at=job.retry_at,
        attempts=failure.attempts,
    )


def _files(job: Job, names: list[str]) -> list[JobFile]:
    progress = job.progress
    size = None if progress.bytes_total is None else progress.bytes_total // len(names)
    files = []
    for at, name in enumerate(names):
        whole = at < progress.files_transferred
        done = (size or 0) if whole else (progress.bytes_transferred // 8 if at == progress.files_transferred else 0)
        if len(names) == 1:
            done = progress.bytes_transferred
        shown = FileProgress(size, done, completed=whole and job.state is S.ACKNOWLEDGED)
        files.append(JobFile(f"https://{HOST}/pub/2026/{name}", f"/home/anna/Downloads/{name}", shown, (), whole))
    return files


def _timeline(now: datetime, error: CopyError) -> tuple[Event, ...]:
    def at(minutes: float) -> datetime:
        return now - timedelta(minutes=minutes)

    failed = Event(at(29), EventKind.ERROR, S.TRANSIENT_ERROR, error.code, "", "engine", error)
    return (
        Event(at(45), EventKind.COMMAND, detail="resume", origin="window"),
        Event(at(45), EventKind.STATE, S.QUEUED, origin="engine"),
        Event(at(44.9), EventKind.STATE, S.CONNECTING, origin="engine"),
        Event(at(44.8), EventKind.STATE, S.TRANSFERRING, origin="engine"),
        Event(at(30), EventKind.NAMED, detail='The server calls it "setup (x64).iso"; it is saved as "setup.iso".'),
        failed,
        Event(at(28), EventKind.RETRY, detail="attempt 2", origin="engine"),
        Event(at(20), EventKind.ERROR, S.TRANSIENT_ERROR, error.code, "", "engine", error),
        Event(at(19), EventKind.RETRY, detail="attempt 3", origin="engine"),
        Event(at(11), EventKind.ERROR, S.TRANSIENT_ERROR, error.code, "", "engine", error),
        Event(at(10), EventKind.COMMAND, detail="set address", origin="command line"),
        Event(at(0.4), EventKind.ERROR, S.ERROR, error.code, "", "engine", error),
        Event(at(0.4), EventKind.STATE, S.ERROR, origin="engine"),
    )
