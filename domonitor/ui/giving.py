"""A command on its way from the window to the services: asked about first where it takes something away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QWidget

from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import Job, JobFile, JobKey
from domonitor.jobs.state import Command
from domonitor.monitor import Monitor
from domonitor.ui.actions import ask
from domonitor.ui.job_table import JobTableModel
from domonitor.ui.results import Result, result
from domonitor.words.question import is_offered, question, why_not

_COUNTED_JOBS = 50
"""Of more jobs than these the files are not counted one by one before the question."""
_COUNT_WITHIN_S = 0.5


class CommandGiver:
    """Gives commands to jobs, shows that they are under way, and tells what was refused and why.

    tell: takes the result.
    """

    def __init__(self, monitor: Monitor, model: JobTableModel, tell: Callable[[Result], None], window: QWidget) -> None:
        self._monitor = monitor
        self._model = model
        self._tell = tell
        self._window = window

    def offered(self, command: Command, jobs: Sequence[Job]) -> list[Job]:
        """Those of the jobs on which the command is offered."""
        return [job for job in jobs if is_offered(job, command, self._monitor.commands(job.key.service))]

    def offers_any(self, command: Command, jobs: Sequence[Job]) -> bool:
        """Whether the command is offered on any of the jobs; stops at the first one."""
        return any(is_offered(job, command, self._monitor.commands(job.key.service)) for job in jobs)

    async def give(self, command: Command, chosen: Sequence[Job]) -> None:
        """Asks where needed, gives the command to those that it is offered on, and tells what was not done."""
        jobs = self.offered(command, chosen)
        files = await self._files(jobs) if command is Command.CANCEL else {}
        asked = question(command, jobs, files)
        if asked is not None and not await ask(self._window, asked):
            return
        keys = [job.key for job in jobs]
        self._model.set_pending(keys, command)
        taken: list[JobKey] = []
        try:
            outcomes = await self._monitor.execute(command, keys)
            taken = [key for key, outcome in outcomes.items() if not outcome.is_refused]
        finally:
            self._model.set_pending(set(keys).difference(taken), None)
        self._model.set_answered(taken)
        offered = {job.key for job in jobs}
        refused = [(job, why_not([job], command)) for job in chosen if job.key not in offered]
        refused += [(job, outcomes[job.key].message) for job in jobs if outcomes[job.key].is_refused]
        self._tell(result(command, len(chosen), refused))

    async def _files(self, jobs: Sequence[Job]) -> dict[JobKey, Sequence[JobFile]]:
        """The jobs' files, for an exact question; nothing where that takes too long or can't be had."""
        if len(jobs) > _COUNTED_JOBS:
            return {}
        try:
            async with asyncio.timeout(_COUNT_WITHIN_S):
                return {job.key: await self._monitor.files(job.key) for job in jobs}
        except (CallFailed, TimeoutError):
            return {}
