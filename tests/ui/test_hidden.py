"""Services are asked less often while nobody can see the window, and at once when somebody can again."""

from __future__ import annotations

from PySide6.QtCore import Qt

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change
from domonitor.jobs.state import JobState
from tests.backends.played import PlayedBackend
from tests.ui.conftest import Run
from tests.ui.opened import job, opened, until

S = JobState
OFTEN_S, SELDOM_S = 0.005, 1000.0
STILL_LOOKS = 30


class PolledBackend(PlayedBackend):
    """A service that is polled, seldom while nobody looks. told: what it has heard of that."""

    def __init__(self, *args: object, **fields: object) -> None:
        super().__init__(*args, **fields)
        self.told: list[bool] = []
        self.poll_interval_s = OFTEN_S

    @property
    def is_hidden(self) -> bool:
        return self.told[-1:] == [True]

    @is_hidden.setter
    def is_hidden(self, is_hidden: bool) -> None:
        self.told.append(is_hidden)
        self.poll_interval_s = SELDOM_S if is_hidden else OFTEN_S
        if not is_hidden:
            self.wake()

    @property
    def polls(self) -> int:
        return self.calls.count("poll")


def test_minimised_or_hidden_and_back_is_told_once_each(run: Run) -> None:
    async def test() -> None:
        service = PolledBackend([job(1)])
        async with opened(service) as window:
            assert service.told == [False]
            window.showMinimized()
            await until(lambda: service.told == [False, True])
            window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
            await until(lambda: service.told == [False, True, False])
            window.hide()
            window.hide()
            assert service.told[3:] == [True]
            window.come_to_the_front()
            assert service.told[4:] == [False]
            window.showMaximized()
            window.showNormal()
            assert service.told[5:] == []

    run(test())


def test_out_of_sight_nothing_is_polled_until_it_is_shown_again_and_then_at_once(run: Run) -> None:
    async def test() -> None:
        service = PolledBackend([job(1, S.QUEUED)])
        async with opened(service) as window:
            before = service.polls
            await until(lambda: service.polls > before + 3)
            window.hide()
            resting = await rested(service)
            service._pending.add(Change((job(1, S.SUSPENDED),)))  # news that nothing wakes for
            assert await rested(service) == resting
            window.show()
            await until(lambda: service.polls > resting)
            await until(lambda: window.model.rows[0].job.state is S.SUSPENDED)

    run(test())


async def rested(service: PolledBackend) -> int:
    """How often it was polled by the time that it is polled no more."""
    seen: list[int] = []

    def is_still() -> bool:
        seen.append(service.polls)
        return seen[-STILL_LOOKS:] == [seen[-1]] * STILL_LOOKS

    await until(is_still)
    return seen[-1]


def test_a_window_that_starts_out_of_sight_says_so_from_the_beginning(run: Run) -> None:
    async def test() -> None:
        service = PolledBackend([job(1)])
        async with opened(service, is_shown=False) as window:
            assert not window.isVisible()
            assert service.told == [True]
            await until(lambda: window.monitor.jobs)
            window.come_to_the_front()
            assert service.told == [True, False]

    run(test())


def test_a_service_that_does_not_care_is_left_alone_beside_one_that_does(run: Run) -> None:
    async def test() -> None:
        plain, polled = ScriptedBackend([job(1)]), PolledBackend(name="polled")
        async with opened(plain, polled) as window:
            window.hide()
            assert polled.told == [False, True]
            assert not hasattr(plain, "is_hidden")
            plain.publish(Change((job(2),)))
            await until(lambda: len(window.monitor.jobs) == 2)

    run(test())
