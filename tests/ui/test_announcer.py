"""What is announced to those who can't see the list: what has become of jobs, seldom, and never how far they are."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change
from domonitor.jobs.job import Job, JobKey, Origin
from domonitor.jobs.state import JobState
from domonitor.ui.announcer import PAUSE_S, Announcer, sentence
from domonitor.ui.job_rows import JobRows
from domonitor.ui.rows import Row
from tests.ui.conftest import Run
from tests.ui.opened import job, opened, until

S = JobState


def rows(*jobs: Job) -> list[Row]:
    made = JobRows(lambda key: None)
    made.apply("scripted", Change(jobs))
    return made.all


def test_one_job_is_told_by_name_and_many_by_their_number() -> None:
    failed = job(1, S.ERROR, display_name="setup.iso", error_code=0x80072EE7)
    over = [job(number, S.ACKNOWLEDGED) for number in range(2, 5)]
    assert sentence(rows(*over, failed)) == "setup.iso: The server can't be found. 3 downloads are over."
    assert sentence(rows(job(1, S.ERROR), job(2, S.ERROR))) == "2 downloads need you."


def test_what_other_programs_do_is_not_told() -> None:
    assert sentence(rows(job(1, S.ERROR, origin=Origin.SYSTEM))) == ""


class Listener:
    """An announcer on a clock of the test's own, and what it said."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.said: list[str] = []
        self._window = QObject()
        self.announcer = Announcer(self._window, lambda: self.now_s)
        self.announcer.say = self.said.append

    @property
    def waits_s(self) -> float:
        """How long the announcer wants to wait from now on."""
        return self.announcer._timer.interval() / 1000


def test_at_most_one_announcement_in_five_seconds_says_all_that_happened(qapp: QApplication) -> None:
    heard = Listener()
    heard.announcer.take(rows(job(1, S.ERROR)))
    assert heard.waits_s < 1, "the first news come soon"
    heard.announcer.tell()
    heard.now_s += 1
    heard.announcer.take(rows(job(1, S.QUEUED)))
    heard.announcer.take(rows(job(2, S.ERROR), job(3, S.ERROR)))
    assert PAUSE_S - 1 <= heard.waits_s <= PAUSE_S - 0.9
    heard.announcer.tell()
    assert heard.said == ["job 1: Needs you.", "2 downloads need you. job 1: Waiting for its turn."]
    heard.announcer.tell()
    assert len(heard.said) == 2, "nothing new is nothing to say"


def test_the_window_tells_what_becomes_of_jobs_and_nothing_of_their_progress(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.TRANSFERRING), job(2, S.TRANSFERRING)])
        async with opened(service) as window:
            said: list[str] = []
            window.announcer.say = said.append
            await until(lambda: len(window.model.rows) == 2)
            service.publish(Change((job(2, S.TRANSFERRING, progress=(500, 1_000, 0, 1)),)))
            await until(lambda: window.model.rows[1].job.progress.bytes_transferred == 500)
            service.publish(Change((job(1, S.ERROR, error_code=0x80072EE7),)))
            await until(lambda: said)
            assert said == ["job 1: The server can't be found."], "the first list is no news, nor is progress"
            service.publish(Change(removals={JobKey("scripted", "1"): None}))
            await until(lambda: window.model.rows[0].is_gone)
            assert said == ["job 1: The server can't be found."], "the next one waits for its time"
            window.announcer.tell()
            assert said[1:] == ["job 1: Gone from its service."]

    run(test())
