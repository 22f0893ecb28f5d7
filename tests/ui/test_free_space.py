"""The room that is left where downloads go."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from domonitor.backends.scripted import ScriptedBackend
from domonitor.settings import Settings
from domonitor.ui import free_space
from tests.ui.conftest import Run
from tests.ui.opened import label, opened, until


def test_the_room_on_the_downloads_disk_is_shown(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        monkeypatch.setattr(free_space.shutil, "disk_usage", lambda place: shutil._ntuple_diskusage(9, 1, 84 * 10**9))
        async with opened(ScriptedBackend(), settings=Settings(str(tmp_path / "not there yet"))) as window:
            await until(lambda: label(window, "freeSpace") == "Free 84.0 GB")

    run(test())


def test_a_disk_that_gives_no_answer_holds_nothing_and_shows_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        asked: list[object] = []

        def fail(place: object) -> None:
            asked.append(place)
            raise PermissionError(13, "no")

        monkeypatch.setattr(free_space.shutil, "disk_usage", fail)
        async with opened(ScriptedBackend(), settings=Settings(str(tmp_path))) as window:
            await until(lambda: asked)
            await until(lambda: not window.free_space._is_asking)
            assert label(window, "freeSpace") == ""

    run(test())


def test_the_nearest_folder_that_there_is_counts(tmp_path: Path) -> None:
    assert free_space._free(tmp_path / "a" / "b") == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.5)
