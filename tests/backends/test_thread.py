from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager

import pytest

from domonitor.backends.thread import BackendThread

SOON_S = 10


@contextmanager
def running(name: str = "test") -> Iterator[BackendThread]:
    thread = BackendThread(name)
    try:
        yield thread
    finally:
        thread.close(lambda: None).result(SOON_S)


@contextmanager
def busy(thread: BackendThread) -> Iterator[Future[bool]]:
    """Keeps the thread in one call meanwhile."""
    entered, release = threading.Event(), threading.Event()

    def stay() -> bool:
        entered.set()
        return release.wait(SOON_S)

    future = thread.submit(stay)
    assert entered.wait(SOON_S)
    try:
        yield future
    finally:
        release.set()


def test_all_calls_run_on_the_one_daemon_thread_of_that_name() -> None:
    with running("bits") as thread:
        threads = {thread.submit(threading.current_thread).result(SOON_S) for _ in range(20)}
    (only,) = threads
    assert only.name == "domonitor-bits"
    assert only.daemon


def test_calls_run_in_their_order() -> None:
    ran: list[int] = []
    with running() as thread:
        futures = [thread.submit(lambda number=number: ran.append(number)) for number in range(50)]  # type: ignore[misc]
        for future in futures:
            future.result(SOON_S)
    assert ran == list(range(50))


def test_commands_go_before_polls_that_wait_and_keep_their_own_order() -> None:
    ran: list[str] = []
    with running() as thread:
        with busy(thread):
            thread.submit(lambda: ran.append("poll 1"))
            last = thread.submit(lambda: ran.append("poll 2"))
            thread.submit(lambda: ran.append("command 1"), is_urgent=True)
            thread.submit(lambda: ran.append("command 2"), is_urgent=True)
        last.result(SOON_S)
    assert ran == ["command 1", "command 2", "poll 1", "poll 2"]


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(3)], ids=repr)
def test_an_exception_reaches_who_asked_and_the_thread_goes_on(error: BaseException) -> None:
    def fail() -> None:
        raise error

    with running() as thread:
        assert thread.submit(fail).exception(SOON_S) is error
        assert thread.submit(lambda: 7).result(SOON_S) == 7


def test_a_call_that_is_cancelled_while_it_waits_never_runs() -> None:
    ran: list[str] = []
    with running() as thread:
        with busy(thread):
            future = thread.submit(lambda: ran.append("cancelled"))
            assert future.cancel()
        thread.submit(lambda: ran.append("later")).result(SOON_S)
    assert ran == ["later"]


def test_close_drops_what_waits_and_runs_the_last_call() -> None:
    thread = BackendThread("test")
    with busy(thread) as hanging:
        waiting = [thread.submit(lambda: None), thread.submit(lambda: None, is_urgent=True)]
        closed = thread.close(lambda: "closed")
        assert not closed.done()
    assert closed.result(SOON_S) == "closed"
    assert hanging.result(SOON_S)
    for future in waiting:
        with pytest.raises(CancelledError):
            future.result(SOON_S)


def test_a_second_close_is_the_first_one() -> None:
    thread = BackendThread("test")
    first = thread.close(lambda: "first")
    assert thread.close(lambda: "second") is first
    assert first.result(SOON_S) == "first"


def test_a_closed_thread_takes_no_call_and_ends() -> None:
    thread = BackendThread("test")
    (worker,) = (other for other in threading.enumerate() if other.name == "domonitor-test")
    thread.close(lambda: None).result(SOON_S)
    with pytest.raises(RuntimeError, match="closed"):
        thread.submit(lambda: None)
    worker.join(SOON_S)
    assert not worker.is_alive()


def test_an_answer_is_not_kept_once_it_was_given() -> None:
    class Answer:
        pass

    with running() as thread:
        answer = thread.submit(Answer).result(SOON_S)
        is_gone = weakref.ref(answer)
        # The call before has been let go of at the latest when the next one runs.
        thread.submit(lambda: None).result(SOON_S)
        del answer
        gc.collect()
        assert is_gone() is None
