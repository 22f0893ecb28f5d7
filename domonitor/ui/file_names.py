"""Names and addresses of files for the filter: asked for only once somebody searches, and only in spare time."""

from __future__ import annotations

from collections.abc import Iterable

from domonitor.jobs.address import without_secrets
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import JobFile
from domonitor.monitor import Monitor
from domonitor.ui.job_table import JobTableModel
from domonitor.ui.tasks import TaskOwner

MOST_FILES = 200
"""Of more files than these in one job, the rest is not searched."""


class FileNames:
    """Asks the services for the files of those jobs that the filter knows none of yet, one after the other."""

    def __init__(self, monitor: Monitor, model: JobTableModel, tasks: TaskOwner) -> None:
        self._monitor = monitor
        self._model = model
        self._tasks = tasks
        self._is_running = False

    def want(self) -> None:
        """Somebody searches: what is missing is asked for."""
        if not self._is_running:
            self._is_running = True
            self._tasks.start(self._ask_all(), what="file names for the filter")

    async def _ask_all(self) -> None:
        try:
            for row in list(self._model.jobs.all):
                if row.files is not None or row.is_over or row.is_stale:
                    continue
                try:
                    files = await self._monitor.files(row.job.key)
                except CallFailed:
                    files = ()
                self._model.set_files(row.job.key, searched(files))
        finally:
            self._is_running = False


def searched(files: Iterable[JobFile]) -> str:
    """What the filter looks through of the files: addresses without what is secret in them, and local names."""
    lines = []
    for file, _ in zip(files, range(MOST_FILES), strict=False):
        lines += [without_secrets(file.remote_name), file.local_name]
    return "\n".join(lines)
