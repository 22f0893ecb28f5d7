"""Which of BITS' jobs are this program's own: BITS itself tells only whose account they are."""

from __future__ import annotations

import logging
from pathlib import Path
from uuid import UUID

_log = logging.getLogger(__name__)

_BY_ITSELF = ".complete"


class OwnJobs:
    """The ids of our own jobs, in a folder that all our programs share: for each an empty file of that name.

    So no two programs write the same file. The name of a job that completes itself ends in ".complete". Where a file is
    lost, the job is taken for that of another program: nothing is offered on it that should not be.
    """

    def __init__(self, folder: Path) -> None:
        """The folder is made with the first job."""
        self._folder = folder

    def __contains__(self, job_id: UUID) -> bool:
        return any(path.exists() for path in self._paths(job_id))

    def completes_itself(self, job_id: UUID) -> bool:
        """Whether the job is ours and its files are to get their names as soon as all have arrived."""
        return self._paths(job_id)[1].exists()

    def add(self, job_id: UUID, *, auto_complete: bool) -> None:
        """One more. Raises OSError where that can't be kept."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._paths(job_id)[auto_complete].touch()

    def forget(self, job_id: UUID) -> None:
        """It has ended."""
        for path in self._paths(job_id):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:  # no other job will have that id
                _log.info("a job that has ended could not be forgotten: %s", error)

    def _paths(self, job_id: UUID) -> tuple[Path, Path]:
        return self._folder / str(job_id), self._folder / f"{job_id}{_BY_ITSELF}"
