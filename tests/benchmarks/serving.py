"""What the benchmarks share: a server in a process of its own, and a wait for the engine's end."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from domonitor.backends.engine import EngineManager
from tests.server import Origin, Pattern, Resource


def _serve(pipe: Connection, size: int) -> None:
    with Origin() as origin:
        pipe.send(origin.add("/file", Resource(Pattern(size, seed=1))))
        pipe.recv()


@contextmanager
def server(size: int) -> Iterator[str]:
    """The address of a file of that size, on a server that shares no interpreter with the engine."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, size))
    process.start()
    theirs.close()  # so that a server that can't start is noticed
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join()


def wait_until(manager: EngineManager, condition: Callable[[], bool]) -> None:
    """Returns once the condition holds, which is asked after each change."""
    changed = threading.Event()
    reader = manager.add_reader(changed.set)
    while not condition():
        changed.wait()
        changed.clear()
    manager.remove_reader(reader)
