"""Which file names are spoken for, so that no two downloads go to one file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from domonitor.backends.engine import disk, failures
from domonitor.jobs import hresult
from domonitor.jobs.names import number_of, numbered
from domonitor.jobs.request import Existing


class Targets:
    """The targets of all jobs that are not final, compared as the file system compares names.

    Of each name only its hash is kept: with 64 bits no two of even a million names share one.
    """

    def __init__(self) -> None:
        self._names: set[int] = set()

    def claim(self, wanted: Sequence[tuple[str, Existing]]) -> list[str]:
        """Takes a name for each that is wanted, or none of them; answers the names.

        With RENAME it is the next one that no other download goes to and that nothing on the disk has. Raises
        CallFailed where another one is taken, or stands there twice; OSError where no such name can be on the disk.
        """
        claimed: dict[int, str] = {}
        numbers: dict[str, int] = {}
        for target, existing in wanted:
            name = self._free(target, claimed, numbers) if existing is Existing.RENAME else target
            key = _key(name)
            if key in self._names or key in claimed:
                raise failures.refusal(
                    hresult.ERROR_FILE_EXISTS,
                    f"Another download already goes to {name}. Choose another folder, or cancel the other download.",
                )
            claimed[key] = name
        self._names.update(claimed)
        return list(claimed.values())

    def _free(self, target: str, claimed: dict[int, str], numbers: dict[str, int]) -> str:
        """numbers: of each target the number that was found free last: that one and those below it are taken."""
        path = Path(target)
        free, number = target, number_of(path.name)
        if target in numbers:
            number = numbers[target] + 1
            free = str(path.with_name(numbered(path.name, number)))
        while (key := _key(free)) in self._names or key in claimed or disk.is_taken(free):
            number += 1
            free = str(path.with_name(numbered(path.name, number)))
        numbers[target] = number
        return free

    def take(self, names: Iterable[str]) -> None:
        """Takes names that were claimed by an earlier process."""
        self._names.update(map(_key, names))

    def release(self, names: Iterable[str]) -> None:
        """Others may have the names."""
        self._names.difference_update(map(_key, names))


def _key(name: str) -> int:
    return hash(os.path.normcase(os.path.normpath(name)))
