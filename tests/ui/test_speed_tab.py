"""The graph of the speed: loaded when it is first seen, followed while it is seen, and told in words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QTabWidget, QToolButton, QWidget

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change
from domonitor.jobs.job import JobKey
from domonitor.jobs.speeds import Curve, Span
from domonitor.jobs.state import JobState
from domonitor.ui.speed_tab import sentence
from tests.ui.conftest import Run
from tests.ui.opened import job, label, opened, part, until

S = JobState
KEY = JobKey("scripted", "1")
MB = 1_000_000
ROOT = Path(__file__).parent.parent.parent

_LOADED_WHEN = """
import sys
from domonitor import app
from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.state import JobState
from domonitor.settings import Settings
from tests.ui.opened import FOLDER, job, until

async def look():
    window = app.open_window([ScriptedBackend([job(1, JobState.TRANSFERRING)])], Settings(FOLDER, theme="light"))
    await until(lambda: window.monitor.jobs)
    window.choose(next(iter(window.monitor.jobs)))
    await until(window.details.tabs.isVisible)
    for tab in (1, 3, 0):
        window.details.tabs.setCurrentIndex(tab)
    print(sorted({"pyqtgraph", "numpy"} & sys.modules.keys()))
    window.details.tabs.setCurrentIndex(2)
    await until(lambda: window.details.speed._graph is not None)
    print(sorted({"pyqtgraph", "numpy"} & sys.modules.keys()))
    await app.close_window(window)
    return 0

sys.exit(app.run(look))
"""


def test_what_draws_it_is_loaded_when_it_is_first_seen() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _LOADED_WHEN], cwd=ROOT, capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[]", "['numpy', 'pyqtgraph']"]


def test_it_says_in_words_what_it_draws(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.TRANSFERRING, progress=(0, 90 * MB, 0, 1))])
        async with opened(service) as window:
            await until(lambda: window.model.row(KEY) is not None)
            window.choose(KEY)
            window.details.tabs.setCurrentIndex(2)
            assert label(window, "speedText") == "Over the last minute: nothing was measured."
            now_s = 5_000.0
            window.selected.speeds.forget(KEY)
            for second in range(100):
                window.selected.speeds.add(KEY, now_s + second, second * 2 * MB, is_moving=True)
            window.details.speed.curve = lambda key, span: window.selected.speeds.curve(key, span, now_s + 99)
            window.details.tick()
            words = label(window, "speedText")
            assert words == "Over the last minute: 2.0 MB/s on average, 2.0 MB/s at most."
            assert part(window, QWidget, "speedGraph").accessibleDescription() == words
            part(window, QToolButton, "speedHourButton").click()
            assert label(window, "speedText").startswith("Over the last hour: 2.0 MB/s on average")
            part(window, QToolButton, "speedDayButton").click()
            assert label(window, "speedText").startswith("Over the last day: 2.0 MB/s on average")

    run(test())


def test_the_speeds_of_jobs_that_nobody_looks_at_are_kept_too(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.TRANSFERRING, progress=(0, 90 * MB, 0, 1)), job(2)])
        async with opened(service) as window:
            await until(lambda: window.model.row(KEY) is not None)
            assert len(window.selected.speeds) == 1
            service.publish(Change((job(2, S.TRANSFERRING),)))
            await until(lambda: len(window.selected.speeds) == 2)

    run(test())


def test_the_graph_draws_every_span_in_both_themes(run: Run) -> None:
    from domonitor.ui.speed_graph import SpeedGraph

    async def test() -> None:
        graph = SpeedGraph()
        graph.resize(600, 200)
        graph.show()
        for span in Span:
            speeds = [None, None] + [3.0 * MB] * (span.steps - 2)
            graph.show_curve(Curve(span, speeds))
            graph.restyle()
            picture = graph.grab().toImage()
            ground = graph.palette().base().color()
            drawn = sum(picture.pixelColor(x, picture.height() // 2) != ground for x in range(0, picture.width(), 7))
            assert drawn > 30, "a line over its ground, and no empty picture"
        graph.close()

    run(test())


def test_without_the_library_the_words_remain(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyqtgraph", None)
    monkeypatch.delitem(sys.modules, "domonitor.ui.speed_graph", raising=False)

    async def test() -> None:
        async with opened(ScriptedBackend([job(1, S.TRANSFERRING)])) as window:
            await until(lambda: window.model.row(KEY) is not None)
            window.choose(KEY)
            part(window, QTabWidget, "detailsTabs").setCurrentIndex(2)
            assert label(window, "speedText").startswith("Over the last minute")

    run(test())


@pytest.mark.parametrize(
    ("speeds", "words"),
    [
        ([None] * 3, "Over the last minute: nothing was measured."),
        ([0.0] * 3, "Over the last minute: nothing has arrived."),
        ([None, 2.0 * MB, 4.0 * MB], "Over the last minute: 3.0 MB/s on average, 4.0 MB/s at most."),
        (
            [0.0] * 30 + [2.0 * MB],
            "Over the last minute: 2.0 MB/s on average, 2.0 MB/s at most; nothing came for 30 s of it.",
        ),
    ],
)
def test_a_curve_in_words(speeds: list[float | None], words: str) -> None:
    assert sentence(Curve(Span.MINUTE, speeds)) == words
