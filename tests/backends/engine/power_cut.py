"""What a power cut leaves: the disk as it may be behind each step of a recording.

A cut may come between any two steps. What was not synced before it has happened, or not, or half: each Variant is one
answer of a disk to that. The store is as its last commit left it; that SQLite keeps its word is not tested here.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from tests.backends.engine.recording import Files, Linked, Promise, Recording, Step, by_value


@dataclass(eq=False, slots=True)
class _File:
    """synced: what it holds for sure. changes: since then, (offset, bytes), or (length, None) for another length."""

    synced: bytes = b""
    changes: list[tuple[int, bytes | None]] = field(default_factory=list)

    def content(self, outcomes: Sequence[bool | None]) -> bytes:
        """After a cut; each change has happened (True), has not (False), or has only its length (None)."""
        content = bytearray(self.synced)
        for (at, data), outcome in zip(self.changes, outcomes, strict=True):
            if outcome is False:
                continue
            if data is None:
                content[at:] = bytes(max(0, at - len(content)))
            else:
                content.extend(bytes(max(0, at + len(data) - len(content))))
                content[at : at + len(data)] = data if outcome else bytes(len(data))
        return bytes(content)


class Variant(Enum):
    """What may have become of all that was not synced."""

    LOST = "nothing of it has happened"
    EARLY = "names and lengths are there, the bytes are zeros"
    MIXED = "some of it has happened"


class Disk:
    """The downloads folder step after step, with what is sure and what is not."""

    def __init__(self, files: Linked) -> None:
        self._names = {name: file for names, content in files.items() for file in [_File(content)] for name in names}
        self._sure_names = dict(self._names)
        self._changes: list[tuple[_File, str | None, str | None]] = []
        """To names, since the folder was synced: whose, the old one, and the new one."""
        self._open: dict[int, _File | None] = {}

    def apply(self, step: Step) -> None:
        """One more step has been made."""
        what = step.what
        if step.call == "open":
            self._open_file(*what)
        elif step.call == "outside":
            self._put(*what)
        elif step.call in ("link", "unlink", "rename", "replace", "rename_exclusively"):
            self._rename(step.call, *what)
        elif step.call == "truncate":
            self._names[what[0]].changes.append((what[1], None))
        elif step.call == "close":
            del self._open[what[0]]
        elif step.call in ("write", "ftruncate", "fsync", "fdatasync"):
            file = self._open[what[0]]
            if file is None:
                self._sure_names = dict(self._names)
                self._changes.clear()
            elif step.call == "write":
                file.changes.append(what[1:])
            elif step.call == "ftruncate":
                file.changes.append((what[1], None))
            else:
                file.synced = file.content([True] * len(file.changes))
                file.changes.clear()

    def left(self, variant: Variant, choose: random.Random) -> Linked:
        """What is found after a cut. choose: decides what is left open."""
        if variant is Variant.MIXED:
            found = self._some_names(choose)
        else:
            found = self._sure_names if variant is Variant.LOST else self._names
        happened = {Variant.LOST: (False,), Variant.EARLY: (None,), Variant.MIXED: (True, False, None)}[variant]
        return {
            names: file.content([choose.choice(happened) for _ in file.changes])
            for file, names in by_value(found).items()
        }

    def _some_names(self, choose: random.Random) -> dict[str, _File]:
        """A file's names change in their order; those of different files in any."""
        files = [file for file, _, _ in self._changes]
        counts = {file: choose.randint(0, files.count(file)) for file in files}
        names = dict(self._sure_names)
        for file, old, new in self._changes:
            counts[file] -= 1
            if counts[file] < 0:
                continue
            if old is not None and names.get(old) is file:
                del names[old]
            if new is not None:
                names[new] = file
        return names

    def _open_file(self, descriptor: int, name: str, is_new: bool) -> None:
        if is_new:
            self._names[name] = _File()
            self._changes.append((self._names[name], None, name))
        self._open[descriptor] = None if name == "." else self._names[name]

    def _put(self, name: str, content: bytes | None) -> None:
        for names in (self._names, self._sure_names):
            names.pop(name, None)
            if content is not None:
                names[name] = _File(content)

    def _rename(self, call: str, old: str, new: str | None = None) -> None:
        file = self._names[old]
        if call != "link":
            del self._names[old]
        if new is not None:
            self._names[new] = file
        self._changes.append((file, None if call == "link" else old, new))


@dataclass(frozen=True, slots=True)
class Left:
    """The disk after a cut, and what had been promised by then. when: for the message of a failed test."""

    linked: Linked = field(repr=False)
    store: Files = field(repr=False)
    promises: frozenset[Promise] = field(repr=False)
    when: str

    @property
    def files(self) -> Files:
        """What is found under each name."""
        return {name: content for names, content in self.linked.items() for name in names}

    def put(self, folder: Path) -> None:
        """Makes the folder so."""
        for place in (folder / "downloads", folder / "engine"):
            for path in place.iterdir():
                path.unlink()
        for (name, *others), content in self.linked.items():
            (folder / "downloads" / name).write_bytes(content)
            for other in others:
                (folder / "downloads" / other).hardlink_to(folder / "downloads" / name)
        for name, content in self.store.items():
            (folder / "engine" / name).write_bytes(content)


def cuts(recording: Recording, seed: int, promises: frozenset[Promise] = frozenset()) -> list[Left]:
    """All that a cut behind any step may leave; of equal ones the last, as most was promised by then.

    promises: what had been told before the recording began.
    """
    choose = random.Random(seed)
    disk_now, store, told = Disk(recording.files_before), recording.store_before, set(promises)
    found: dict[tuple[object, ...], Left] = {}
    for at, step in enumerate([Step("begin", ()), *recording.steps]):
        disk_now.apply(step)
        if step.call == "commit":
            store = step.what[0]
        if step.call == "told":
            told.add(step.what[0])
        for variant in (*Variant, Variant.MIXED, Variant.MIXED):
            files = disk_now.left(variant, choose)
            key = (
                *sorted((*names, hashlib.sha256(content).hexdigest()) for names, content in files.items()),
                id(store),
            )
            when = f"a cut behind step {at} of {len(recording.steps)}, {step}, when {variant.value}"
            found[key] = Left(files, store, frozenset(told), when)
    return list(found.values())
