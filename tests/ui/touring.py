"""A tour by keyboard: the window with jobs of two services in every state, and fingers on its keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QDialog

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change
from domonitor.jobs.request import CommandRequest, Outcome
from domonitor.jobs.state import FINAL, Command, JobState
from tests.ui import gallery_jobs as shown
from tests.ui.fingers import MOST_STEPS, Fingers
from tests.ui.opened import opened, part, until

S = JobState
BECOMES = {
    Command.RESUME: S.QUEUED,
    Command.SUSPEND: S.SUSPENDED,
    Command.CANCEL: S.CANCELLED,
    Command.COMPLETE: S.ACKNOWLEDGED,
}


def obedient(service: ScriptedBackend) -> ScriptedBackend:
    """The service, carrying out what it is told."""
    jobs = {each.key.id: each for each in service._pending.take(500)[0].upserts}
    service.publish(Change(tuple(jobs.values())))

    def obey(request: CommandRequest) -> tuple[Outcome, ...]:
        for one in request.job_ids if request.command in BECOMES else ():
            now = jobs[one] = replace(jobs[one], state=BECOMES[request.command], error_code=None, retry_at=None)
            service.publish(Change(removals={now.key: now}) if now.state in FINAL else Change((now,)))
        return tuple(Outcome(one) for one in request.job_ids)

    service.answer = obey
    return service


class Tour:
    """The window with jobs of two services in every state, and the fingers on its keys."""

    def __init__(self, fingers: Fingers, service: ScriptedBackend) -> None:
        self.fingers, self.window, self.service = fingers, fingers.window, service
        self.press, self.type, self.go_to = fingers.press, fingers.type, fingers.go_to

    @property
    def chosen(self) -> list[str]:
        return [each.display_name for each in self.window.table.selected_jobs()]

    @property
    def names(self) -> list[str]:
        return [row.job.display_name for row in self.window.model.rows]

    @property
    def given(self) -> list[tuple[Command, int]]:
        return [(request.command, len(request.job_ids)) for request in self.service.requests]

    def state(self, name: str) -> JobState:
        return next(row.job.state for row in self.window.model.rows if row.job.display_name == name)

    async def choose(self, name: str) -> None:
        """Walks down the list to the job, and again where the list has changed on the way."""
        await self.go_to("jobTable", "F6")
        await self.press("Home")
        for _ in range(MOST_STEPS):
            if self.chosen == [name]:
                return
            before = self.window.table.currentIndex().row()
            await self.press("Down")
            if self.window.table.currentIndex().row() == before:
                await self.press("Home")
        raise AssertionError(f"{name} is not in the list")

    async def dialog(self, name: str) -> QDialog:
        """The dialog, once it is there and has the focus."""
        await until(lambda: any(each.isVisible() for each in self.window.findChildren(QDialog, name)))
        return part(self.window, QDialog, name)

    async def gone(self, name: str) -> None:
        await until(lambda: not self.window.findChildren(QDialog, name))

    async def failed(self) -> None:
        """The failed download is chosen, and its panel is there."""
        await self.choose("setup.iso")
        await until(self.window.details.error_panel.isVisible)


@asynccontextmanager
async def tour(history: Path | None = None) -> AsyncIterator[Tour]:
    service = obedient(shown.engine())
    async with opened(service, shown.bits(), history=history, is_grouped=True) as window:
        await until(lambda: len(window.model.rows) == 13)
        yield Tour(Fingers(window), service)
