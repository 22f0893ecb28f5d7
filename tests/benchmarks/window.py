"""How the window bears many jobs: pauses, latency, sorting, filtering, memory, and how soon a change is painted.

    python -m tests.benchmarks.window [--seconds 10] [--jobs 10000] [--many 100000] [--proxy 100000]

Everything runs on the offscreen platform: painting is done, nothing is sent to a screen. --proxy 0 leaves out
QSortFilterProxyModel, which takes half a minute with 100,000 jobs.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QEvent,
    QModelIndex,
    QObject,
    QSortFilterProxyModel,
    Qt,
)
from qasync import QEventLoop

from domonitor import app
from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change
from domonitor.jobs.job import Job, JobKey, Progress, Times
from domonitor.jobs.state import JobState
from domonitor.settings import Settings
from domonitor.ui.columns import AT, GROUPED
from domonitor.ui.filtering import Filter
from domonitor.ui.job_delegate import JobDelegate
from domonitor.ui.main_window import MainWindow

CHANGES = 500
PER_S = 10
POST_EVERY_S = 0.004
ALIVE = (JobState.TRANSFERRING, JobState.QUEUED, JobState.SUSPENDED, JobState.CONNECTING)


def new_job(number: int, made: datetime) -> Job:
    state = ALIVE[number % 3] if number % 10 else JobState.ERROR
    return Job(
        JobKey("scripted", f"{number:08x}-1111-2222-3333-444455556666"),
        f"download {number * 7919 % 1_000_003}.iso",
        state,
        Progress(1_000_000_000 + number, number * 1_000 % 1_000_000_000, 1, 0),
        Times(made + timedelta(seconds=number), made + timedelta(seconds=number)),
        error_code=0x80072EE7 if state is JobState.ERROR else None,
    )


def moved_on(job: Job, chance: random.Random) -> Job:
    """A little further, and now and then in another state."""
    state = chance.choice(ALIVE) if chance.random() < 0.05 else job.state
    done = min(job.progress.bytes_total or 0, job.progress.bytes_transferred + chance.randrange(1_000_000))
    return replace(
        job,
        state=state,
        progress=replace(job.progress, bytes_transferred=done),
        error_code=None if state in ALIVE else job.error_code,
    )


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def told(what: str, seconds: list[float]) -> None:
    print(
        f"  {what}: median {percentile(seconds, 0.5) * 1e3:.1f} ms, p99 {percentile(seconds, 0.99) * 1e3:.1f} ms, "
        f"longest {max(seconds, default=float('nan')) * 1e3:.1f} ms ({len(seconds)})",
        flush=True,
    )


class Posted(QEvent):
    kind = QEvent.Type(QEvent.registerEventType())

    def __init__(self) -> None:
        super().__init__(self.kind)
        self.at_s = time.perf_counter()


class Receiver(QObject):
    """Gets events from another thread, as the system sends those of mouse and keys."""

    def __init__(self) -> None:
        super().__init__()
        self.latencies_s: list[float] = []
        self._is_ended = threading.Event()
        self._thread = threading.Thread(target=self._post)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_ended.set()
        self._thread.join()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, Posted):
            self.latencies_s.append(time.perf_counter() - event.at_s)
            return True
        return super().event(event)

    def _post(self) -> None:
        while not self._is_ended.wait(POST_EVERY_S):
            QCoreApplication.postEvent(self, Posted())


class TimedDelegate(JobDelegate):
    """Notes when a job is painted for the first time after it was published."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.awaited: dict[JobKey, tuple[int, float]] = {}
        self.seconds: list[float] = []

    def paint(self, painter: Any, option: Any, index: Any) -> None:
        super().paint(painter, option, index)
        line = index.model().lines[index.row()]
        job = getattr(line, "job", None)
        if job is not None and index.column() == AT["progress"] and job.key in self.awaited:
            done, at_s = self.awaited[job.key]
            if job.progress.bytes_transferred == done:
                del self.awaited[job.key]
                self.seconds.append(time.perf_counter() - at_s)


def pss_bytes() -> int:
    with open("/proc/self/smaps_rollup", encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


async def listed(window: MainWindow, count: int) -> None:
    while len(window.model.jobs.all) < count:
        await asyncio.sleep(0.01)
    await asyncio.sleep(1.5)


@contextmanager
def timed(into: list[float]) -> Iterator[None]:
    started_s = time.perf_counter()
    yield
    into.append(time.perf_counter() - started_s)


async def under_load(count: int, seconds: float) -> None:
    print(f"{count} jobs, of which {CHANGES} change {PER_S} times a second, for {seconds:.0f} s")
    chance, made = random.Random(1), datetime.now(UTC) - timedelta(days=2)
    jobs = [new_job(number, made) for number in range(count)]
    service = ScriptedBackend()
    window = app.open_window([service], Settings("/tmp", theme="light"))
    window.resize(1180, 860)
    delegate = TimedDelegate(window.table)
    window.table.setItemDelegate(delegate)
    with Receiver() as receiver:
        service.publish(Change(tuple(jobs)))
        await listed(window, count)
        told("event latency while the list comes", receiver.latencies_s)
        receiver.latencies_s.clear()
        await painted_changes(window, service, jobs, delegate, 3.0, chance, is_loaded=False)
        told("change to paint, idle", delegate.seconds)
        told("event latency, idle", receiver.latencies_s)
        for column, name in ((GROUPED, "in groups"), (AT["progress"], "sorted by progress")):
            window.list.columns.sort(column)
            await asyncio.sleep(0.3)
            receiver.latencies_s.clear()
            delegate.seconds.clear()
            await painted_changes(window, service, jobs, delegate, seconds, chance, is_loaded=True)
            told(f"event latency, {name}", receiver.latencies_s)
            told(f"change to paint, {name}", delegate.seconds)
    await app.close_window(window)


async def painted_changes(
    window: MainWindow,
    service: ScriptedBackend,
    jobs: list[Job],
    delegate: TimedDelegate,
    seconds: float,
    chance: random.Random,
    *,
    is_loaded: bool,
) -> None:
    """Publishes from another thread; one of the changes each time is of a job in sight."""
    by_key = {job.key: at for at, job in enumerate(jobs)}
    ended_s = time.perf_counter() + seconds
    while time.perf_counter() < ended_s:
        started_s = time.perf_counter()
        seen = [line.job.key for line in list(window.model.lines)[2:8] if hasattr(line, "job")]
        key = chance.choice(seen)
        at = by_key[key]
        jobs[at] = replace(
            jobs[at], progress=replace(jobs[at].progress, bytes_transferred=chance.randrange(1_000_000_000))
        )
        changed = {at}
        if is_loaded:
            for other in chance.sample(range(len(jobs)), CHANGES - 1):
                if other != at:
                    jobs[other] = moved_on(jobs[other], chance)
                    changed.add(other)
        change = Change(tuple(jobs[one] for one in changed))
        delegate.awaited[key] = (jobs[at].progress.bytes_transferred, time.perf_counter())
        service.publish(change)
        await asyncio.sleep(max(0.0, started_s + 1 / PER_S - time.perf_counter()))
        delegate.awaited.clear()


async def many(count: int) -> None:
    print(f"{count} jobs")
    made = datetime.now(UTC) - timedelta(days=30)
    service = ScriptedBackend()
    window = app.open_window([service], Settings("/tmp", theme="light"))
    window.resize(1180, 860)
    await asyncio.sleep(0.5)
    gc.collect()
    before = pss_bytes()
    with Receiver() as receiver:
        for first in range(0, count, 500):
            service.publish(Change(tuple(new_job(number, made) for number in range(first, first + 500))))
            await asyncio.sleep(0)
        started_s = time.perf_counter()
        await listed(window, count)
        told(
            f"event latency while the list comes, in {time.perf_counter() - started_s - 1.5:.1f} s",
            receiver.latencies_s,
        )
    gc.collect()
    print(f"  {(pss_bytes() - before) / count:.0f} bytes a job, with the monitor's own", flush=True)
    for column in ("name", "progress", "state", "remaining", "created"):
        seconds: list[float] = []
        for order in Qt.SortOrder:
            with timed(seconds):
                window.table.sortByColumn(AT[column], order)
        print(f"  sort by {column}: {', '.join(f'{one * 1e3:.0f} ms' for one in seconds)}", flush=True)
        await asyncio.sleep(0.05)
    for name, column in (("flat", AT["created"]), ("in groups", GROUPED)):
        window.list.columns.sort(column)
        keystrokes: list[float] = []
        for typed in ("d", "do", "dow", "down", "download 9", "download 99", "0x80072", "nothing", "0", ""):
            with timed(keystrokes):
                window.model.set_filter(Filter(typed))
            await asyncio.sleep(0.05)
        told(f"filter keystroke, {name}", keystrokes)
    ticks: list[float] = []
    for _ in range(10):
        with timed(ticks):
            window.model.tick()
    told("one second's tick", ticks)
    await app.close_window(window)


class PlainModel(QAbstractTableModel):
    """What a proxy would stand on."""

    def __init__(self, jobs: list[Job]) -> None:
        super().__init__()
        self._jobs = jobs

    def rowCount(self, _parent: QModelIndex | None = None) -> int:
        return len(self._jobs)

    def columnCount(self, _parent: QModelIndex | None = None) -> int:
        return 1

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        return self._jobs[index.row()].display_name if role == Qt.ItemDataRole.DisplayRole else None


async def with_a_proxy(count: int) -> None:
    print(f"QSortFilterProxyModel with {count} jobs")
    made = datetime.now(UTC)
    model = PlainModel([new_job(number, made) for number in range(count)])
    proxy = QSortFilterProxyModel()
    proxy.setSourceModel(model)
    sorting: list[float] = []
    with timed(sorting):
        proxy.sort(0, Qt.SortOrder.AscendingOrder)
    print(f"  sort by name: {sorting[0] * 1e3:.0f} ms", flush=True)
    proxy.sort(-1)
    keystrokes: list[float] = []
    for typed in ("d", "download 9", "nothing", ""):
        with timed(keystrokes):
            proxy.setFilterFixedString(typed)
    told("filter keystroke", keystrokes)


_BARE = """
import time; started_s = time.perf_counter()
from PySide6.QtWidgets import QApplication, QMainWindow
class Window(QMainWindow):
    def paintEvent(self, event):
        super().paintEvent(event); print(time.perf_counter() - started_s, flush=True); app.quit()
app = QApplication([]); window = Window(); window.show(); app.exec()
"""
_OURS = """
import time; started_s = time.perf_counter()
import asyncio
from qasync import QEventLoop
from PySide6.QtCore import QEvent, QObject
from domonitor import app
from domonitor.backends.scripted import ScriptedBackend
from domonitor.settings import Settings
class Filter(QObject):
    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint and not painted.is_set():
            print(time.perf_counter() - started_s, flush=True); painted.set()
        return False
async def main():
    global painted
    painted = asyncio.Event()
    service = ScriptedBackend()
    window = app.open_window([service], Settings("/tmp", theme="light"))
    window.installEventFilter(held); await painted.wait()
    from datetime import UTC, datetime
    from domonitor.jobs.change import Change
    from tests.benchmarks.window import new_job
    service.publish(Change(tuple(new_job(number, datetime.now(UTC)) for number in range(1000))))
    await asyncio.sleep(2)
    print(next(l.split()[1] for l in open("/proc/self/smaps_rollup") if l.startswith("Pss:")))
    await app.close_window(window)
application = app.application(); application.setQuitOnLastWindowClosed(False); held = Filter()
with asyncio.Runner(loop_factory=lambda: QEventLoop(application)) as runner: runner.run(main())
"""


def starts() -> None:
    print("start to painted window, five times each; modules keep their bytecode, as in an installation")
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def run(program: str) -> list[str]:
        return subprocess.run(
            [sys.executable, "-c", program], env=kept, capture_output=True, text=True, check=True
        ).stdout.split()

    bare, ours = zip(*[(float(run(_BARE)[0]), run(_OURS)) for _ in range(6)][1:], strict=True)
    median_bare, median = percentile(list(bare), 0.5), percentile([float(one[0]) for one in ours], 0.5)
    print(f"  bare PySide6 {median_bare * 1e3:.0f} ms, ours {median * 1e3:.0f} ms ({median / median_bare:.2f}x)")
    print(f"  PSS with 1,000 jobs {percentile([float(one[1]) for one in ours], 0.5) / 1e3:.0f} MB", flush=True)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    application = app.application()
    application.setQuitOnLastWindowClosed(False)
    with asyncio.Runner(loop_factory=lambda: QEventLoop(application)) as runner:
        runner.run(work())


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=float, default=10.0)
    arguments.add_argument("--jobs", type=int, default=10_000)
    arguments.add_argument("--many", type=int, default=100_000)
    arguments.add_argument("--proxy", type=int, default=100_000)
    chosen = arguments.parse_args()
    starts()
    run(lambda: under_load(chosen.jobs, chosen.seconds))
    run(lambda: many(chosen.many))
    if chosen.proxy:
        run(lambda: with_a_proxy(chosen.proxy))


if __name__ == "__main__":
    main()
