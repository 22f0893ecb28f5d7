"""Which file names are spoken for, so that no two downloads go to one file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from domonitor.backends.engine import failures
from domonitor.jobs import hresult


class Targets:
    """The targets of all jobs that are not final, compared as the file system compares names.

    Of each name only its hash is kept: with 64 bits no two of even a million names share one.
    """

    def __init__(self) -> None:
        self._names: set[int] = set()

    def claim(self, names: Sequence[str]) -> None:
        """Takes all the names, or none: raises CallFailed where one is taken, or stands there twice."""
        claimed: set[int] = set()
        for name in names:
            key = _key(name)
            if key in self._names or key in claimed:
                raise failures.refusal(
                    hresult.ERROR_FILE_EXISTS,
                    f"Another download already goes to {name}. Choose another folder, or cancel the other download.",
                )
            claimed.add(key)
        self._names |= claimed

    def take(self, names: Iterable[str]) -> None:
        """Takes names that were claimed by an earlier process."""
        self._names.update(map(_key, names))

    def release(self, names: Iterable[str]) -> None:
        """Others may have the names."""
        self._names.difference_update(map(_key, names))


def _key(name: str) -> int:
    return hash(os.path.normcase(os.path.normpath(name)))
