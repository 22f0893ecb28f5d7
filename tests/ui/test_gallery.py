"""The pictures can be drawn: one of each kind of process, seen to be no empty sheet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from tests.windows.conftest import IS_WINE

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.skipif(IS_WINE, reason="each takes 10 s to start there, and is drawn as everywhere")


@pytest.mark.parametrize(
    ("wanted", "path", "width"),
    [
        ("dialogs-dark", "explain-dark.png", 640),
        ("scaled-small-light", "scaled/scaled-small-light.png", 1520),
        ("german-small-dark", "german/german-small-dark.png", 760),
    ],
)
def test_a_picture_is_drawn(tmp_path: Path, wanted: str, path: str, width: int) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.ui.gallery", str(tmp_path), f"={wanted}"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=55,
    )
    assert done.returncode == 0, done.stderr
    picture = QImage(str(tmp_path / path))
    assert picture.width() == width
    colors = {picture.pixel(x, y) for x in range(0, width, 9) for y in range(0, picture.height(), 9)}
    assert len(colors) > 5
