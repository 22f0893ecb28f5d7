"""Which of BITS' jobs are this program's own: BITS itself tells only whose account they are."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from uuid import UUID

_log = logging.getLogger(__name__)


class OwnJobs:
    """The ids of our own jobs, each with whether it completes itself, kept in a file that all our programs share.

    Where the file is lost, our jobs are taken for those of another program: nothing is offered on them that should not
    be. Used on one thread.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._auto_complete: dict[str, bool] = {}
        self._seen: tuple[int, int] | None = None
        self._refresh()

    def __contains__(self, job_id: UUID) -> bool:
        self._refresh()
        return str(job_id) in self._auto_complete

    def completes_itself(self, job_id: UUID) -> bool:
        """Whether the job is ours and its files are to get their names as soon as all have arrived."""
        self._refresh()
        return self._auto_complete.get(str(job_id), False)

    def add(self, job_id: UUID, *, auto_complete: bool) -> None:
        """One more. Raises OSError where that can't be kept."""
        self._refresh()
        self._auto_complete[str(job_id)] = auto_complete
        self._write()

    def forget(self, job_id: UUID) -> None:
        """It has ended."""
        self._refresh()
        if self._auto_complete.pop(str(job_id), None) is not None:
            try:
                self._write()
            except OSError as error:  # it is forgotten the next time
                _log.info("the list of our own jobs could not be written: %s", error)

    def _refresh(self) -> None:
        """Reads what another program of ours has written meanwhile."""
        try:
            found = self._path.stat()
        except OSError:
            return
        seen = found.st_mtime_ns, found.st_size
        if seen != self._seen:
            self._auto_complete = self._read()
            self._seen = seen

    def _read(self) -> dict[str, bool]:
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except OSError as error:  # somebody holds it: what was known of it still holds
            _log.info("the list of our own jobs can't be read now: %s", error)
            return self._auto_complete
        except ValueError as error:
            _log.warning("the list of our own jobs can't be read: %s", error)
            return {}
        jobs = kept.get("jobs") if isinstance(kept, dict) else None
        return {str(job_id): flag is True for job_id, flag in jobs.items()} if isinstance(jobs, dict) else {}

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.write_text(json.dumps({"jobs": self._auto_complete}), encoding="utf-8")
        beside.replace(self._path)
