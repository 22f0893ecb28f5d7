"""Small disks, for filling up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

Mount = Callable[[int], Path]
"""Makes a disk of so many bytes, and says where it lies."""


@contextmanager
def mounting(place: Path) -> Iterator[Mount]:
    """Makes disks in memory until the end of `with`. The test is skipped where this user can't mount any."""
    mounted: list[Path] = []

    def make(size_bytes: int) -> Path:
        folder = place / f"disk{len(mounted)}"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "none", str(folder)]
        if sys.platform != "linux" or subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("only an administrator of Linux can mount a disk")
        mounted.append(folder)
        return folder

    try:
        yield make
    finally:
        for folder in mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
