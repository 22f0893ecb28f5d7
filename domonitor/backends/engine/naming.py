"""Under which name a file is saved: what its server calls it, as far as that is safe and free.

A name is changed in three places: when the file is added, when the first answer says what it is called, and when
another program has taken the name at the very end. Each time the new name is claimed and stored before anything is
done with it, and the old one is let go only after that: whenever the process ends, each target is one file's alone.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from domonitor.backends.engine import disk
from domonitor.backends.engine.failures import Failure
from domonitor.backends.engine.loop import Loop
from domonitor.backends.engine.records import FileRecord, JobRecord
from domonitor.backends.engine.response import Response
from domonitor.backends.engine.targets import Targets
from domonitor.backends.engine.timeline import Timeline
from domonitor.jobs import hresult
from domonitor.jobs.disposition import called_by_server
from domonitor.jobs.error import CallFailed, ErrorContext
from domonitor.jobs.names import file_name, safe_name
from domonitor.jobs.request import Existing

SHOWN_LENGTH = 100
"""So much of what a server calls a file is shown."""


class Naming:
    """Gives files other names. Lives on the engine's thread."""

    def __init__(self, loop: Loop, targets: Targets, timeline: Timeline) -> None:
        self._loop = loop
        self._targets = targets
        self._timeline = timeline

    def numbered(self, job: JobRecord, file: FileRecord, wanted: str) -> None:
        """The file has just been added under another name than was wanted, because that was taken."""
        name = Path(wanted).name
        _follow(job, wanted, file.local_name)
        said = f'The name "{name}" is taken; this file is saved as "{Path(file.local_name).name}".'
        self._timeline.named(job, said)

    def answered(self, job: JobRecord, file: FileRecord, response: Response) -> Failure | None:
        """The first answer for a file that its server names is here; why it can't be saved under that name.

        A server that says nothing leaves the name as it is.
        """
        called = called_by_server(response.headers.get("content-disposition", ""), response.url, file.remote_name)
        name = safe_name(called)
        if not name or _is_same(name, file_name(file.remote_name)) or _is_same(name, Path(file.local_name).name):
            file.is_named_by_server = False
            return None
        wanted = str(Path(file.local_name).with_name(name))
        said = f'The server calls it "{_shown(called)}"'
        try:
            if file.existing is not Existing.RENAME:
                disk.check_target(wanted, replace=file.existing is Existing.REPLACE)
            (target,) = self._targets.claim([(wanted, file.existing)])
        except (FileExistsError, IsADirectoryError):
            return _taken(f"{said}, and a file or a folder of that name is already there.")
        except CallFailed:
            return _taken(f"{said}, and another download already goes there.")
        except OSError:
            file.is_named_by_server = False  # no such name can be in this folder: the one that it has is as good
            return None
        saved = Path(target).name
        self._change(job, file, target, f"{said}." if saved == called else f'{said}; it is saved as "{saved}".')
        return None

    def give_way(self, job: JobRecord, file: FileRecord) -> bool:
        """Another file has the name by now; whether this one is allowed to get the next number, and has got it."""
        name = Path(file.local_name).name
        try:
            if file.existing is not Existing.RENAME or not disk.is_taken(file.local_name):
                return False
            (target,) = self._targets.claim([(file.local_name, file.existing)])
        except OSError:
            return False
        said = f'Another file got the name "{name}" meanwhile; this one is saved as "{Path(target).name}".'
        self._change(job, file, target, said)
        return True

    def _change(self, job: JobRecord, file: FileRecord, target: str, said: str) -> None:
        old = (file.local_name, file.is_named_by_server, job.display_name)
        batch = self._loop.batch
        batch.undo.append(partial(self._undo, job, file, target, *old))
        batch.after.append(partial(self._targets.release, [file.local_name]))
        _follow(job, file.local_name, target)
        file.local_name, file.is_named_by_server = target, False
        batch.save_file(job, file)
        self._timeline.named(job, said)

    def _undo(
        self, job: JobRecord, file: FileRecord, target: str, local_name: str, is_named: bool, display_name: str
    ) -> None:
        self._targets.release([target])
        if is_named:
            job.forget_content(file)  # whole already, it would not be asked for again, and its server not heard
        file.local_name, file.is_named_by_server, job.display_name = local_name, is_named, display_name


def _follow(job: JobRecord, old: str, new: str) -> None:
    """The job's name follows its file's, if it was the same."""
    if job.display_name == Path(old).name:
        job.display_name = Path(new).name


def _is_same(name: str, other: str) -> bool:
    return os.path.normcase(name) == os.path.normcase(other)


def _taken(said: str) -> Failure:
    return Failure(ErrorContext.LOCAL_FILE, hresult.ERROR_FILE_EXISTS, said)


def _shown(name: str) -> str:
    plain = "".join(sign for sign in name if sign.isprintable())
    return plain if len(plain) <= SHOWN_LENGTH else f"{plain[: SHOWN_LENGTH - 1]}…"
