"""What an earlier process left in the store and on the disk, made whole before the engine begins.

Afterwards the store claims nothing that is not on the disk: jobs can be listed from their rows alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from domonitor.backends.engine import disk
from domonitor.backends.engine.records import FileRecord, FileStage
from domonitor.backends.engine.rows import file_row, job_row, state_row
from domonitor.backends.engine.segments import missing_bytes
from domonitor.backends.engine.store import Claim, Rows, Store
from domonitor.backends.engine.timeline import ENGINE
from domonitor.jobs.state import JobState

_BOOT = "boot"


def recover(store: Store, now: datetime) -> None:
    """Removes what no job waits for, cuts off what a power cut may have spoilt, and corrects what is not there."""
    leftovers = store.leftovers()
    (left,) = disk.last([disk.delete_all(part for _, _, part in leftovers)])
    if isinstance(left, set):  # else they are deleted, but perhaps not for good: the next start looks again
        store.write(Rows(forgotten_files=[(job, at) for job, at, part in leftovers if part not in left]))
    boot = _boot_id()
    is_same_boot = bool(boot) and store.meta(_BOOT) == boot
    claims = store.claims()
    if not is_same_boot:
        _cut_off_unsynced(claims)
    for number in dict.fromkeys(claim.job for claim in claims if _is_wrong(claim, is_same_boot=is_same_boot)):
        _correct(store, number, now, is_same_boot=is_same_boot)
    store.correct_sums()
    store.set_meta(_BOOT, boot)  # in any case: a store that can't be written must not look as if it could


def _cut_off_unsynced(claims: Iterable[Claim]) -> None:
    """After a power cut a file may be longer than what is really in it: only what was synced is trusted.

    As long as the computer has not been started anew, everything that was written is there.
    """
    for claim in claims:
        if claim.stage is FileStage.PENDING and not claim.is_divided:
            with suppress(OSError):  # gone, or not ours any more: found out when it is needed
                disk.cut(claim.part, claim.durable_bytes)


def _is_wrong(claim: Claim, *, is_same_boot: bool) -> bool:
    found_bytes = disk.size_of(claim.part)
    if claim.is_divided and claim.stage is FileStage.PENDING:
        return found_bytes != claim.size or not (is_same_boot or claim.is_durable)
    return found_bytes != (claim.size if claim.stage is FileStage.TRANSFERRED else claim.done_bytes)


def _correct(store: Store, number: int, now: datetime, *, is_same_boot: bool) -> None:
    """Writes down what is really there of the job's files."""
    job = store.load(number)
    if job is None:
        return
    for file in job.files:
        if file.stage is FileStage.TRANSFERRED and disk.size_of(file.part) != file.size:
            job.forget_content(file)  # somebody deleted it, or cut it off
        elif file.stage is FileStage.PENDING and file.durable_gaps:
            if disk.size_of(file.part) != file.size:
                job.forget_content(file)
            elif not is_same_boot:
                file.gaps = file.durable_gaps
                job.set_done(file, (file.size or 0) - missing_bytes(file.gaps))
        elif file.stage is FileStage.PENDING:
            job.set_done(file, _done_bytes(file))
    events = []
    if job.state is JobState.TRANSFERRED and not job.is_transferred:
        job.state = JobState.QUEUED
        job.modified = now
        events.append(state_row(job, ENGINE))
    store.write(Rows(jobs=[job_row(job)], files=[file_row(job, file) for file in job.files], events=events))


def _done_bytes(file: FileRecord) -> int:
    """How much of the file can be built upon."""
    written_bytes = disk.size_of(file.part) or 0
    if not file.validator:
        return 0
    return written_bytes if file.size is None else min(written_bytes, file.size)


def _boot_id() -> str:
    """Differs after each start of the computer; "" where the system has no such thing."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""
