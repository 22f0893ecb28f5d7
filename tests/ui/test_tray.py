"""The icon in the notification area: where a closed window goes, what it says, and what it tells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QSystemTrayIcon

from domonitor import app
from domonitor.backends.interface import Backend
from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change
from domonitor.jobs.job import Job, JobKey, Origin
from domonitor.jobs.state import Command, JobState
from domonitor.settings import Settings
from domonitor.ui import tray
from domonitor.ui.add_jobs import AddDialog
from domonitor.ui.main_window import MainWindow
from domonitor.ui.tray import PAUSE_S, Standing, Tray, message, picture
from tests.ui.conftest import Run
from tests.ui.opened import FLAT, job, opened, part, until
from tests.ui.test_announcer import rows

S = JobState
pytestmark = pytest.mark.qt_log_ignore("systemTrayWindowChanged", extend=True)  # the offscreen platform has none
ON = Settings("/tmp", theme="light", tray=True, columns=FLAT)


class Seen:
    """A tray on a clock of the test's own, and what it says. is_there: whether the system has a place for it."""

    def __init__(self, window: MainWindow, settings: Settings = ON) -> None:
        self.is_there = True
        self.now_s = 100.0
        self.said: list[tuple[str, str]] = []
        self.tray = Tray(window, lambda: self.is_there, lambda: self.now_s)
        self.tray.say = lambda title, words: self.said.append((title, words))
        self.tray.follow(settings)
        window.settings_changed.connect(self.tray.follow)
        self._timer = self.tray._news._timer

    @property
    def titles(self) -> list[str]:
        return [title for title, _ in self.said]

    @property
    def waits_s(self) -> float:
        """How long it wants to wait from now on before it tells."""
        assert self._timer.isActive()
        return self._timer.interval() / 1000

    async def wait(self) -> None:
        """Goes on to that moment."""
        await until(self._timer.isActive)
        self.now_s += self.waits_s
        self._timer.setInterval(0)
        await until(lambda: not self._timer.isActive())

    def press(self, name: str) -> None:
        part(self.tray.menu, QAction, name).trigger()


@asynccontextmanager
async def with_tray(*backends: Backend) -> AsyncIterator[tuple[MainWindow, Seen]]:
    async with opened(*backends, settings=ON) as window:
        yield window, Seen(window)


def test_it_is_there_where_the_settings_say_so_and_the_system_has_a_place(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            seen = Seen(window, replace(ON, tray=False))
            icon = seen.tray.icon
            assert not icon.isVisible()
            window.settings_changed.emit(ON)
            assert icon.isVisible()
            assert not icon.icon().isNull()
            window.settings_changed.emit(replace(ON, tray=False))
            assert not icon.isVisible()
            seen.is_there = False
            window.settings_changed.emit(ON)
            assert not icon.isVisible()

    run(test())


def test_without_it_closing_the_window_ends_it(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            Seen(window, replace(ON, tray=False))
            window.close()
            assert window.closed.is_set()

    run(test())


def test_closing_hides_the_window_says_so_once_and_quit_ends_it(run: Run) -> None:
    async def test() -> None:
        async with with_tray(ScriptedBackend()) as (window, seen):
            kept: list[Settings] = []
            window.settings_changed.connect(kept.append)
            for _ in range(2):
                window.close()
                assert not window.isVisible()
                assert not window.closed.is_set()
                seen.press("trayShow")
                assert window.isVisible()
            assert seen.titles == ["domonitor goes on in the notification area"]
            assert kept[-1].window, "how it looked is kept"
            window.close()
            seen.press("trayQuit")
            assert window.closed.is_set()
            assert not seen.tray.icon.isVisible()

    run(test())


def test_the_program_s_own_ways_to_end_still_end_it(run: Run) -> None:
    async def test() -> None:
        async with with_tray(ScriptedBackend()) as (window, _):
            part(window, QAction, "quitAction").trigger()
            assert window.closed.is_set()
        async with with_tray(ScriptedBackend()) as (window, _):
            app._close_windows()
            assert window.closed.is_set()

    run(test())


def test_a_place_that_has_gone_takes_no_window_with_it(run: Run) -> None:
    async def test() -> None:
        async with with_tray(ScriptedBackend()) as (window, seen):
            seen.is_there = False
            window.close()
            assert window.closed.is_set()
        async with with_tray(ScriptedBackend()) as (window, _):
            window.close()
            window.settings_changed.emit(replace(ON, tray=False))
            assert window.isVisible(), "nothing else could bring it back"

    run(test())


def test_it_stands_for_how_it_stands_with_the_summary_as_its_tip(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(9, S.ERROR, origin=Origin.MY_ACCOUNT)])
        async with with_tray(service) as (window, seen):
            icon = seen.tray.icon
            await until(lambda: window.model.rowCount() == 1)
            assert seen.tray.standing is Standing.CALM
            assert icon.toolTip() == "domonitor: Nothing is being downloaded"
            service.publish(Change((job(1, S.TRANSFERRING),)))
            await until(lambda: seen.tray.standing is Standing.RUNNING)
            service.publish(Change((job(2, S.ERROR, error_code=0x80072EE7),)))
            await until(lambda: seen.tray.standing is Standing.NEEDS_YOU)
            assert icon.toolTip() == f"domonitor: {window.summary_label.text()}"
            assert icon.toolTip() == "domonitor: 1 needs you · 1 running"

    run(test())


def test_each_standing_has_a_picture_of_its_own_in_every_size(run: Run) -> None:
    async def test() -> None:
        for size in (16, 22, 32, 64):
            drawn = [picture(standing).pixmap(size, size).toImage() for standing in Standing]
            assert all(drawn[at] != drawn[at - 1] for at in range(3))

    run(test())


def test_suspend_all_and_resume_all_are_for_our_own_jobs(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend(
            [
                job(1, S.TRANSFERRING),
                job(2, S.SUSPENDED),
                job(3, S.TRANSFERRING, origin=Origin.MY_ACCOUNT),
                job(4, S.SUSPENDED, origin=Origin.OTHER_USER),
                job(5, S.ACKNOWLEDGED),
            ]
        )
        async with with_tray(service) as (window, seen):
            await until(lambda: len(window.monitor.jobs) == 5)
            seen.press("traySuspendAll")
            await until(lambda: service.requests)
            seen.press("trayResumeAll")
            await until(lambda: len(service.requests) == 2)
            assert [(each.command, each.job_ids) for each in service.requests] == [
                (Command.SUSPEND, ("1",)),
                (Command.RESUME, ("2",)),
            ]

    run(test())


def test_add_brings_the_window_back_with_its_dialog(run: Run) -> None:
    async def test() -> None:
        async with with_tray(ScriptedBackend()) as (window, seen):
            window.close()
            seen.press("trayAdd")
            assert window.isVisible()
            (dialog,) = window.findChildren(AddDialog)
            dialog.reject()

    run(test())


@pytest.mark.parametrize(
    ("reason", "is_shown"),
    [
        (QSystemTrayIcon.ActivationReason.Trigger, True),
        (QSystemTrayIcon.ActivationReason.DoubleClick, True),
        (QSystemTrayIcon.ActivationReason.Context, False),
    ],
)
def test_a_click_on_it_brings_the_window_back(
    run: Run, reason: QSystemTrayIcon.ActivationReason, is_shown: bool
) -> None:
    async def test() -> None:
        async with with_tray(ScriptedBackend()) as (window, seen):
            window.close()
            seen.tray.icon.activated.emit(reason)
            assert window.isVisible() is is_shown

    run(test())


# What has ended.


def ends(service: ScriptedBackend, *jobs: Job) -> None:
    """These jobs become so; one that is finished is told with its last word."""
    over = {one.key: one for one in jobs if one.state is S.ACKNOWLEDGED}
    service.publish(Change(tuple(one for one in jobs if one.key not in over), over))


def test_what_ends_while_the_window_is_hidden_is_told_together_and_seldom(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(number, S.TRANSFERRING) for number in range(1, 8)])
        async with with_tray(service) as (window, seen):
            await until(lambda: len(window.monitor.jobs) == 7)
            window.close()
            seen.said.clear()
            ends(service, job(1, S.ACKNOWLEDGED), job(2, S.ERROR, error_code=0x80072EE7), job(3, S.ACKNOWLEDGED))
            await until(lambda: len(seen.tray._news._rows) == 3)
            await seen.wait()
            assert seen.said == [
                (
                    "A download needs you, 2 downloads are finished",
                    "job 2: The server can't be found\njob 1 and one more",
                )
            ]
            seen.now_s += 3
            ends(service, job(4, S.ACKNOWLEDGED))
            await until(lambda: seen.tray._news._rows)
            assert seen.waits_s == pytest.approx(PAUSE_S - 3, abs=0.1)
            ends(service, job(5, S.ACKNOWLEDGED))
            await until(lambda: len(seen.tray._news._rows) == 2)
            await seen.wait()
            assert seen.titles[1:] == ["2 downloads are finished"]

    run(test())


def test_what_ends_in_sight_or_of_other_programs_or_by_the_user_s_will_is_not_told(run: Run) -> None:
    async def test() -> None:
        theirs = job(2, S.TRANSFERRING, origin=Origin.MY_ACCOUNT)
        service = ScriptedBackend([job(1, S.TRANSFERRING), theirs, job(3, S.TRANSFERRING), job(4, S.TRANSFERRING)])
        async with with_tray(service) as (window, seen):
            await until(lambda: len(window.monitor.jobs) == 4)
            ends(service, job(1, S.ACKNOWLEDGED))
            await until(lambda: JobKey("scripted", "1") not in window.monitor.jobs)
            window.close()
            seen.said.clear()
            ends(service, replace(theirs, state=S.ERROR))
            service.publish(Change(removals={job(3).key: job(3, S.CANCELLED)}))
            ends(service, job(4, S.SUSPENDED), job(5, S.ERROR))
            await until(lambda: len(window.monitor.jobs) == 3)
            await asyncio.sleep(0)
            assert not seen._timer.isActive()
            assert seen.said == []

    run(test())


def test_each_kind_of_end_has_its_words() -> None:
    failed = job(1, S.ERROR, error_code=0x80072EE7)
    over = [job(number, S.ACKNOWLEDGED, progress=(1, 1, 1, 1)) for number in (2, 3, 4)]
    arrived = job(5, S.TRANSFERRED, progress=(1, 1, 1, 1))
    assert message(rows(failed)) == ("A download needs you", "job 1: The server can't be found")
    assert message(rows(*over[:1])) == ("A download is finished", "job 2: Finished")
    assert message(rows(*over)) == ("3 downloads are finished", "job 2 and 2 more")
    assert message(rows(arrived))[0] == "A download has arrived, to be completed"
    assert message(rows(job(6, S.TRANSFERRING))) == ("", ""), "it goes on again by now"


def test_nothing_is_made_before_the_settings_want_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", staticmethod(lambda: True))

    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            tray.follow(window, replace(ON, tray=False))
            assert window.findChild(Tray) is None
            window.settings_changed.emit(ON)
            window.settings_changed.emit(ON)
            assert len(window.findChildren(Tray)) == 1

    run(test())


def test_a_message_holds_nothing_secret() -> None:
    failed = job(1, S.ERROR, display_name="https://anna:pass@a.de/f.iso?token=abc", error_code=0x80072EE7)
    title, words = message(rows(failed))
    assert (title, words) == ("A download needs you", "https://a.de/f.iso?…: The server can't be found")
    assert message([]) == ("", "")


def test_a_start_out_of_sight_needs_the_icon(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[bool] = []
    real = app.open_window

    def noted(_backends: object, settings: Settings, *_: object, **options: bool) -> MainWindow:
        shown.append(options["is_shown"])
        window = real([], settings, None, is_shown=options["is_shown"])
        window.closed.set()
        return window

    monkeypatch.setattr(app, "open_window", noted)
    monkeypatch.setattr("domonitor.services.open_backends", lambda **_: [])

    async def test() -> None:
        for is_on, is_there, is_hidden in (
            (True, True, True),
            (True, False, True),
            (False, True, True),
            (True, True, False),
        ):
            monkeypatch.setattr("domonitor.settings.load", lambda _, is_on=is_on: replace(ON, tray=is_on))
            monkeypatch.setattr(Tray, "is_available", staticmethod(lambda is_there=is_there: is_there))
            await app._main(None, [], in_process=False, is_hidden=is_hidden)

    run(test())
    assert shown == [False, True, True, True]
