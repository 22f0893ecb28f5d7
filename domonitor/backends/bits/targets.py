"""The names that files of new jobs get. BITS itself overwrites whatever has a file's name when its job is completed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from domonitor.jobs import hresult
from domonitor.jobs.codes import refusal
from domonitor.jobs.names import numbered
from domonitor.jobs.request import Existing, NewFile, NewJob

_MOST_NUMBERS = 10_000
_ENGINE_DOES = "Add the download to domonitor's own engine, which does."


class Targets:
    """Gives names to files. It knows those that were given to downloads which have not arrived yet."""

    def __init__(self) -> None:
        self._given: set[str] = set()

    def names(self, new: NewJob) -> Sequence[str]:
        """The full path for each file of the job.

        Raises CallFailed where a file of that name is to stay, or where the job asks for what BITS does not do.
        """
        _check(new)
        taken: set[str] = set()
        found = [self._name(file, taken) for file in new.files]
        self._given |= taken
        return found

    def _name(self, file: NewFile, taken: set[str]) -> str:
        target = file.local_name
        if file.existing is not Existing.REPLACE and self._is_taken(target, taken):
            if file.existing is Existing.REFUSE:
                said = f"A file of this name is already there: {target}. Choose another name, or replace it."
                raise refusal(hresult.ERROR_FILE_EXISTS, said)
            target = self._free(Path(target), taken)
        taken.add(_folded(target))
        return target

    def _free(self, target: Path, taken: set[str]) -> str:
        for number in range(2, _MOST_NUMBERS):
            free = str(target.with_name(numbered(target.name, number)))
            if not self._is_taken(free, taken):
                return free
        raise refusal(hresult.ERROR_FILE_EXISTS)

    def _is_taken(self, target: str, taken: set[str]) -> bool:
        return _folded(target) in taken | self._given or os.path.lexists(target)


def _check(new: NewJob) -> None:
    if new.bytes_per_second is not None:
        raise refusal(hresult.E_NOTIMPL, f"BITS does not hold one download to a speed. {_ENGINE_DOES}")
    if new.segments > 1:
        raise refusal(hresult.E_NOTIMPL, f"BITS does not fetch a file over several connections. {_ENGINE_DOES}")
    if any(file.expected is not None for file in new.files):
        raise refusal(hresult.E_NOTIMPL, f"BITS does not compare checksums. {_ENGINE_DOES}")
    if any(file.size is not None for file in new.files):
        raise refusal(hresult.E_NOTIMPL, f"BITS does not check a file's size. {_ENGINE_DOES}")


def _folded(target: str) -> str:
    """Windows tells no small letters from large ones."""
    return target.casefold()
