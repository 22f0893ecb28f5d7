"""Small disks, for filling up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest


class Mount(Protocol):
    """Makes disks. The test is skipped where this user, or this system, can't."""

    def __call__(self, size_bytes: int, *, most_files: int = 0, is_ext4: bool = False) -> Path:
        """A disk of so many bytes, and where it lies.

        most_files: so many files and folders fit, itself among them; 0 for as many as there is room. is_ext4: one with
        the real thing's folders, which take room for the names in them; else it lies in memory, where they take none.
        """
        ...


@contextmanager
def mounting(place: Path) -> Iterator[Mount]:
    """Makes disks until the end of `with`, which takes them away again."""
    mounted: list[Path] = []

    def make(size_bytes: int, *, most_files: int = 0, is_ext4: bool = False) -> Path:
        folder = place / f"disk{len(mounted)}"
        folder.mkdir()
        if is_ext4:
            image = folder.with_suffix(".image")
            with image.open("wb") as file:
                file.truncate(size_bytes)
            _run("mkfs.ext4", "-q", "-b", "1024", "-m", "0", "-O", "^has_journal", str(image))
            _run("mount", "-o", "loop", str(image), str(folder))
        else:
            _run("mount", "-t", "tmpfs", "-o", f"size={size_bytes},nr_inodes={most_files}", "none", str(folder))
        mounted.append(folder)
        return folder

    try:
        yield make
    finally:
        for folder in mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _run(*command: str) -> None:
    if sys.platform != "linux":
        pytest.skip("disks are made with the commands of Linux")
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip(f"{command[0]} is not installed")
    except subprocess.CalledProcessError:
        pytest.skip("only an administrator can mount a disk")
