"""Records all that an engine does to the disk, and what it promises meanwhile, as one list of steps.

A step is one call to the file system in the downloads folder, one commit of the store, or one promise: something that
the caller was told.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest

from domonitor.backends.engine import disk
from domonitor.backends.engine.store import Store

STORE_WRITES = ("write", "set_meta")
"""The methods of Store that have committed when they return."""

_UNKNOWN_CALLS = ("remove", "mkdir", "rmdir", "symlink", "pwrite", "writev", "posix_fallocate")
"""Calls that change a disk, and that nobody has taught the recorder yet."""

V = TypeVar("V")

Files = dict[str, bytes]

Linked = dict[tuple[str, ...], bytes]
"""Files by their names, of which one may have several."""


def by_value(values: Mapping[str, V]) -> dict[V, tuple[str, ...]]:
    """The names that share a value."""
    found: dict[V, tuple[str, ...]] = {}
    for name, value in values.items():
        found[value] = (*found.get(value, ()), name)
    return found


class Told(Enum):
    """What a caller may have been told of a job."""

    ACCEPTED = "the job is there"
    ADDED = "the file is the job's"
    RESUMED = "the job runs"
    ARRIVED = "the file has arrived"
    TRANSFERRED = "all files have arrived"
    COMPLETED = "the files have their names"
    CANCELLED = "the job is cancelled"


@dataclass(frozen=True, slots=True)
class Promise:
    """name: the file's, where it is about one."""

    told: Told
    job_id: UUID
    name: str = ""

    def __str__(self) -> str:
        return f"{self.told.value}: {self.name}" if self.name else self.told.value


@dataclass(frozen=True, slots=True)
class Step:
    """call: the name of a function of os, "commit", "told", or "outside" for what another program did, durably."""

    call: str
    what: tuple[Any, ...]

    def __str__(self) -> str:
        if self.call == "commit":
            return self.call
        shown = (f"{len(one)} bytes" if isinstance(one, bytes) else str(one) for one in self.what)
        return f"{self.call}({', '.join(shown)})"


class Recording:
    """The steps of all that happens below a folder, in their order: a lock around every call makes it the true one."""

    def __init__(self, folder: Path) -> None:
        self._downloads = str(folder / "downloads")
        self._engine = folder / "engine"
        self._changed = threading.Condition(threading.RLock())
        self._ours: set[int] = set()
        numbers = {path.name: path.lstat().st_ino for path in (folder / "downloads").iterdir()}
        self.files_before: Linked = {
            names: (folder / "downloads" / names[0]).read_bytes() for names in by_value(numbers).values()
        }
        self.store_before = self._store()
        self.steps: list[Step] = []
        self._seen = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Records until the end of the block."""
        with pytest.MonkeyPatch.context() as patch:
            for module, name, recorder in (
                (os, "open", self._open),
                (os, "write", self._write),
                (os, "ftruncate", self._of_descriptor),
                (os, "truncate", self._truncate),
                (os, "close", self._close),
                (os, "fsync", self._of_descriptor),
                (os, "fdatasync", self._of_descriptor),
                (os, "link", self._names),
                (os, "unlink", self._names),
                (os, "rename", self._names),
                (os, "replace", self._names),
                (disk, "rename_exclusively", self._names),
                *((os, name, self._refused) for name in _UNKNOWN_CALLS),
            ):
                patch.setattr(module, name, recorder(getattr(module, name)))
            for name in STORE_WRITES:
                patch.setattr(Store, name, self._commit(getattr(Store, name)))
            yield

    def tell(self, told: Told, job_id: UUID, name: str = "") -> None:
        """The caller knows it now."""
        with self._changed:
            self._add("told", Promise(told, job_id, name))

    def outside(self, name: str, content: bytes | None) -> None:
        """Another program makes a file or (None) deletes it, durably."""
        path = Path(self._downloads) / name
        with self._changed:
            if content is None:
                os.unlink(path)  # noqa: PTH108
                self.steps.pop()
            else:
                path.write_bytes(content)
            self._add("outside", name, content)

    def wait_for(self, *calls: str) -> None:
        """Returns once these calls have been made, one after the other, behind those that were waited for before."""
        with self._changed:
            for call in calls:
                while call not in (made := [step.call for step in self.steps[self._seen :]]):
                    assert self._changed.wait(20), f"no {call} came"
                self._seen += made.index(call) + 1

    def _add(self, call: str, *what: Any) -> None:
        self.steps.append(Step(call, what))
        self._changed.notify_all()

    def _is_ours(self, path: Any) -> bool:
        return isinstance(path, str | Path) and f"{path}{os.sep}".startswith(self._downloads + os.sep)

    def _name(self, path: Any) -> str:
        return os.path.relpath(path, self._downloads)

    def _open(self, call: Callable[..., int]) -> Callable[..., int]:
        @wraps(call)
        def recorded(path: Any, flags: int, *arguments: Any, **named: Any) -> int:
            if not self._is_ours(path):
                return call(path, flags, *arguments, **named)
            with self._changed:
                is_new = not os.path.lexists(path)
                descriptor = call(path, flags, *arguments, **named)
                self._ours.add(descriptor)
                self._add("open", descriptor, self._name(path), is_new)
                return descriptor

        return recorded

    def _write(self, call: Callable[..., int]) -> Callable[..., int]:
        @wraps(call)
        def recorded(descriptor: int, data: Any) -> int:
            if descriptor not in self._ours:
                return call(descriptor, data)
            with self._changed:
                offset = os.lseek(descriptor, 0, os.SEEK_CUR)
                count = call(descriptor, data)
                self._add("write", descriptor, offset, bytes(data[:count]))
                return count

        return recorded

    def _close(self, call: Callable[..., None]) -> Callable[..., None]:
        recording = self._of_descriptor(call)

        @wraps(call)
        def recorded(descriptor: int) -> None:
            with self._changed:
                recording(descriptor)
                self._ours.discard(descriptor)

        return recorded

    def _of_descriptor(self, call: Callable[..., None]) -> Callable[..., None]:
        @wraps(call)
        def recorded(descriptor: int, *arguments: Any) -> None:
            if descriptor not in self._ours:
                call(descriptor, *arguments)
                return
            with self._changed:
                call(descriptor, *arguments)
                self._add(call.__name__, descriptor, *arguments)

        return recorded

    def _truncate(self, call: Callable[..., None]) -> Callable[..., None]:
        @wraps(call)
        def recorded(path: Any, length: int) -> None:
            assert path not in self._ours
            with self._changed:
                call(path, length)
                if self._is_ours(path):
                    self._add("truncate", self._name(path), length)

        return recorded

    def _names(self, call: Callable[..., None]) -> Callable[..., None]:
        @wraps(call)
        def recorded(*paths: Any, **named: Any) -> None:
            if not self._is_ours(paths[0]):
                call(*paths, **named)
                return
            with self._changed:
                call(*paths, **named)
                self._add(call.__name__, *map(self._name, paths))

        return recorded

    def _refused(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def recorded(path: Any, *arguments: Any, **named: Any) -> Any:
            is_ours = self._is_ours(path) or path in self._ours
            assert not is_ours, f"teach the recorder os.{call.__name__}"
            return call(path, *arguments, **named)

        return recorded

    def _commit(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def recorded(*arguments: Any, **named: Any) -> Any:
            with self._changed:
                result = call(*arguments, **named)
                self._add("commit", self._store())
                return result

        return recorded

    def _store(self) -> Files:
        paths = (self._engine / "engine.sqlite", self._engine / "engine.sqlite-wal")
        return {path.name: path.read_bytes() for path in paths if path.exists()}
