"""What an earlier process left in the store and on the disk, made whole before the engine begins."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from domonitor.backends.engine import disk
from domonitor.backends.engine.records import FileRecord, FileStage, JobRecord
from domonitor.backends.engine.store import Rows, Store

_BOOT = "boot"


def recover(store: Store) -> list[JobRecord]:
    """The jobs that are not final, with what is really there of their files. Removes what no job waits for."""
    leftovers = store.load_leftovers()
    left = disk.delete_all(part for _, _, part in leftovers)
    store.write(Rows(forgotten_files=[(job, at) for job, at, part in leftovers if part not in left]))
    boot = _boot_id()
    is_same_boot = bool(boot) and store.meta(_BOOT) == boot
    jobs = []
    for job, files in store.load_live():
        for file in files:
            is_whole = file.stage is not FileStage.TRANSFERRED or job.is_completing
            if not is_whole and disk.size_of(file.part) != file.size:
                file.forget_content()  # somebody deleted it, or cut it off
            file.done_bytes = _done_bytes(file, is_same_boot=is_same_boot)
            job.add(file)
        jobs.append(job)
    store.set_meta(_BOOT, boot)
    return jobs


def _done_bytes(file: FileRecord, *, is_same_boot: bool) -> int:
    """How much of the file can be built upon.

    After a power cut only what was synced is trusted: a file may be longer than what is really in it. As long as the
    computer has not been started anew, everything that was written is there.
    """
    if file.stage is not FileStage.PENDING:
        return file.size or 0
    written_bytes = disk.size_of(file.part) or 0
    if not file.validator:
        return 0
    trusted_bytes = written_bytes if is_same_boot else min(written_bytes, file.durable_bytes)
    return trusted_bytes if file.size is None else min(trusted_bytes, file.size)


def _boot_id() -> str:
    """Differs after each start of the computer; "" where the system has no such thing."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return ""
