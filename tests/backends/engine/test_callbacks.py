"""Callback objects: when they are called, how often, and when they are forgotten. The clock stands still."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest

from domonitor.backends.engine import callbacks
from domonitor.backends.engine.callbacks import Callbacks
from domonitor.backends.interface import CopyErrorObject, CopyFile, CopyJob
from tests.backends.engine.fake_clock import FakeClock


class Listener:
    """Counts its calls; raises in the first ones. heard: released once for each call."""

    def __init__(self, raises: int = 0) -> None:
        self.raises = raises
        self.calls: list[str] = []
        self.threads: set[str] = set()
        self.heard = threading.Semaphore(0)

    def _hear(self, name: str) -> None:
        self.calls.append(name)
        self.threads.add(threading.current_thread().name)
        self.heard.release()
        if len(self.calls) <= self.raises:
            raise ValueError("not now")

    def job_transferred(self, job: CopyJob) -> None:
        self._hear("transferred")

    def job_error(self, job: CopyJob, error: CopyErrorObject) -> None:
        self._hear("error")

    def job_modification(self, job: CopyJob) -> None:
        self._hear("modification")

    def file_transferred(self, job: CopyJob, file: CopyFile) -> None:
        self._hear("file")

    def wait(self, calls: int = 1) -> None:
        for _ in range(calls):
            assert self.heard.acquire(timeout=10)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def service(clock: FakeClock) -> Iterator[Callbacks]:
    service = Callbacks(0.5, clock)
    yield service
    service.close()


def tell(service: Callbacks, job_id: UUID) -> None:
    service.post(job_id, "job_transferred", lambda callback: callback.job_transferred(None))  # type: ignore[arg-type]


def tell_modified(service: Callbacks, job_id: UUID) -> None:
    service.post_modification(job_id, lambda callback: callback.job_modification(None))  # type: ignore[arg-type]


def until(condition: Callable[[], bool]) -> None:
    """What another thread is about to do; bounded."""
    for _ in range(1_000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise TimeoutError("it did not come to that")


@pytest.mark.expected_log("failed 5 times and is not called again")
def test_a_callback_that_raises_is_called_again_with_growing_pauses_and_a_bound(
    service: Callbacks, clock: FakeClock
) -> None:
    listener, job_id = Listener(raises=100), uuid4()
    service.register(job_id, listener)
    tell(service, job_id)
    pauses = []
    for _ in range(callbacks.MOST_CALLS - 1):
        listener.wait()
        until(lambda: len(clock.due_in_s) == 1)
        pauses += clock.due_in_s
        clock.advance(pauses[-1])
    listener.wait()
    assert pauses == [1.0, 2.0, 4.0, 8.0]
    tell(service, job_id)
    listener.wait()
    assert len(listener.calls) == callbacks.MOST_CALLS + 1


def test_one_that_raises_keeps_no_other_one_waiting(service: Callbacks, clock: FakeClock) -> None:
    bad, good, first, second = Listener(raises=1), Listener(), uuid4(), uuid4()
    service.register(first, bad)
    service.register(second, good)
    tell(service, first)
    tell(service, second)
    good.wait()
    bad.wait()
    assert len(bad.calls) == 1
    until(lambda: bool(clock.due_in_s))
    clock.advance(1)
    bad.wait()
    assert good.threads == bad.threads == {"domonitor-callbacks"}


def test_an_ended_jobs_callback_is_forgotten_once_it_has_heard_everything(service: Callbacks, clock: FakeClock) -> None:
    listener, job_id = Listener(raises=1), uuid4()
    service.register(job_id, listener)
    tell(service, job_id)
    listener.wait()
    until(lambda: bool(clock.due_in_s))
    service.end(job_id)
    assert service.registered(job_id) is listener
    clock.advance(1)
    listener.wait()
    until(lambda: service.registered(job_id) is None)
    tell(service, job_id)
    tell_modified(service, job_id)
    assert not any((service._outstanding, service._ended, service._modified_s))


def test_an_ended_job_with_nothing_left_to_hear_is_forgotten_at_once(service: Callbacks) -> None:
    job_id = uuid4()
    service.register(job_id, Listener())
    service.end(job_id)
    assert service.registered(job_id) is None


def test_one_modification_call_stands_for_all_changes_within_the_interval(service: Callbacks, clock: FakeClock) -> None:
    listener, job_id = Listener(), uuid4()
    service.register(job_id, listener)
    tell_modified(service, job_id)
    listener.wait()
    for _ in range(10):
        tell_modified(service, job_id)
    assert clock.due_in_s == [0.5]
    clock.advance(0.5)
    listener.wait()
    assert listener.calls == ["modification"] * 2


def test_nobody_is_called_after_the_close_or_once_the_callback_was_taken_back(
    service: Callbacks, clock: FakeClock
) -> None:
    listener, job_id = Listener(), uuid4()
    service.register(job_id, listener)
    service.register(job_id, None)
    tell(service, job_id)
    service.close()
    service.register(job_id, listener)
    tell(service, job_id)
    assert listener.calls == []
