"""The logs: one file for each kind of process, in the user's own log folder, five of 2 MB at most and without secrets.

What is written goes through logging's root logger. Nothing fails for want of a log.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import platform
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from enum import StrEnum
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from domonitor import __version__, settings
from domonitor.jobs.redaction import redacted
from domonitor.settings import LOG_LEVELS, Settings

LEVEL_VARIABLE = "DOMONITOR_LOG"
"""The environment's word on the level: one of LOG_LEVELS."""

FILES = 5
FILE_BYTES = 2_000_000

LOOK_S = 0.2
"""How often a followed log is looked at."""

_NOISY = ("asyncio", "qasync")
"""They tell of each event at the level debug."""

_log = logging.getLogger(__name__)


class Kind(StrEnum):
    """What kind of process writes: processes of different kinds have logs of their own, so that no two rotate one."""

    WINDOW = "domonitor"
    ENGINE = "engine"

    def file(self, folder: Path | None = None) -> Path:
        """The newest of its files. folder: the user's own log folder if not given."""
        return (folder or settings.log_folder()) / f"{self}.log"


def start(kind: Kind, level: str | None = None, *, folder: Path | None = None, in_foreground: bool = False) -> bool:
    """Begins to write the log; whether there is a file of it. Called once, at the start of a process.

    level: one of LOG_LEVELS; without it the environment's, else the settings'. folder: the user's own if not given.
    in_foreground: somebody may look at the error output, which is written to where the folder can't be.
    """
    handler: logging.Handler
    try:
        handler = _open(kind.file(folder))
        is_written = True
    except (OSError, settings.NoProfile):
        handler = logging.StreamHandler() if in_foreground and sys.stderr is not None else logging.NullHandler()
        is_written = False
    handler.setFormatter(Discreet())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(_number(level or chosen_level()))
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(root.level, logging.INFO))
    logging.captureWarnings(True)
    _log_what_nobody_catches()
    _log.info("domonitor %s begins, with Python %s on %s", __version__, platform.python_version(), sys.platform)
    return is_written


def start_of_engine(engine_folder: Path) -> bool:
    """Begins the log of an engine: the user's own writes into the log folder, any other one into its own folder."""
    try:
        is_own = engine_folder == (settings.data_folder() / "engine").resolve()
    except settings.NoProfile:
        is_own = False
    return start(Kind.ENGINE, folder=None if is_own else engine_folder, in_foreground=True)


def start_in_a_command() -> None:
    """A command keeps no log: what is worth a warning goes to the error output, without secrets."""
    handler = logging.StreamHandler()
    handler.setFormatter(Discreet("%(message)s"))
    handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)


def chosen_level() -> str:
    """The level that the environment says, else the settings."""
    said = os.environ.get(LEVEL_VARIABLE, "").lower()
    if said in LOG_LEVELS:
        return said
    try:
        return settings.load(settings.settings_file()).log_level
    except settings.NoProfile:
        return Settings().log_level


def _number(level: str) -> int:
    return logging.getLevelNamesMapping()[level.upper()]


class Discreet(logging.Formatter):
    """A line for each record, and the lines of its exception; all of it without secrets."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%d %H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(
        self, line: str = "%(asctime)s %(levelname)s %(process)d %(threadName)s %(name)s: %(message)s"
    ) -> None:
        super().__init__(line)

    def formatMessage(self, record: logging.LogRecord) -> str:
        # What comes from outside must not begin a line of its own, nor speak to the terminal that shows it.
        record.message = redacted(record.message.translate(_CONTROL))
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        try:
            text = super().format(record)
        except Exception as error:
            # Logging's own way would print the arguments as they are.
            text = f"{self.formatTime(record)} a message of {record.name} line {record.lineno} can't be told: {error!r}"
        # Once more as a whole: exceptions and stacks are in it now, also those that another formatter has kept.
        return redacted(text.translate(_CONTROL_IN_LINES))


_CONTROL = {number: repr(chr(number))[1:-1] for number in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)}
_CONTROL_IN_LINES = {number: shown for number, shown in _CONTROL.items() if chr(number) not in "\n\t"}


class _File(RotatingFileHandler):
    """A log file that rotates. Trouble with it is nobody's trouble."""

    def shouldRollover(self, record: logging.LogRecord) -> bool:
        self._follow()
        return bool(super().shouldRollover(record))

    def doRollover(self) -> None:
        if self.stream is not None:
            self.stream.close()
            self.stream = None
        # The newest first: where it can't be moved, because somebody reads it on Windows, it grows, and none is lost.
        with suppress(OSError):
            os.replace(self.baseFilename, f"{self.baseFilename}.0")  # noqa: PTH105
            for number in range(self.backupCount, 0, -1):
                with suppress(FileNotFoundError):
                    os.replace(f"{self.baseFilename}.{number - 1}", f"{self.baseFilename}.{number}")  # noqa: PTH105
        self.stream = self._open()

    def handleError(self, record: logging.LogRecord) -> None:
        """A full disk, or a folder that went away."""

    def _follow(self) -> None:
        """Goes on in the new file where another process of this kind has rotated it, or somebody has taken it away."""
        if sys.platform == "win32" or self.stream is None:
            return
        try:
            is_there = os.path.samestat(os.stat(self.baseFilename), os.fstat(self.stream.fileno()))  # noqa: PTH116
        except OSError:
            is_there = False
        if not is_there:
            self.stream.close()
            self.stream = None


def _open(path: Path) -> logging.Handler:
    """Opens the file, and its folder where it is not there. Raises OSError."""
    if not path.is_absolute():
        raise FileNotFoundError(f"there is no home for {path}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return _File(path, maxBytes=FILE_BYTES, backupCount=FILES - 1, encoding="utf-8", errors="backslashreplace")


def _log_what_nobody_catches() -> None:
    """What ends a thread, or the program, is in the log too."""
    of_program, of_thread = sys.excepthook, threading.excepthook

    def program(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            _log.critical("the program ends: nobody caught this", exc_info=(kind, error, where))
        of_program(kind, error, where)

    def thread(said: threading.ExceptHookArgs) -> None:
        if said.exc_value is not None and not issubclass(said.exc_type, SystemExit):
            name = said.thread.name if said.thread else "a thread"
            _log.critical("%s ends: nobody caught this", name, exc_info=said.exc_value)
        of_thread(said)

    sys.excepthook, threading.excepthook = program, thread


_BEGINNING = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+Z ")


def files(kind: Kind, folder: Path | None = None) -> list[Path]:
    """Those of its files that are there, oldest first."""
    newest = kind.file(folder)
    numbered = (newest.with_name(f"{newest.name}.{number}") for number in range(FILES - 1, 0, -1))
    return [path for path in (*numbered, newest) if path.exists()]


def last_lines(kinds: Iterable[Kind], count: int, folder: Path | None = None) -> list[str]:
    """The last so many lines of these logs together, in the order of their times. Raises OSError."""
    entries = heapq.merge(*(_entries(kind, count, folder) for kind in kinds), key=lambda entry: entry[0])
    lines = [line for _, lines in entries for line in lines]
    return lines[len(lines) - count :] if count < len(lines) else lines


def _entries(kind: Kind, count: int, folder: Path | None) -> list[tuple[str, list[str]]]:
    """Times and lines of the last entries, at least so many lines."""
    lines: list[str] = []
    for path in reversed(files(kind, folder)):
        with suppress(FileNotFoundError):  # rotated away meanwhile
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines() + lines
        if len(lines) >= count:
            break
    entries: list[tuple[str, list[str]]] = []
    for line in lines:
        if begins := _BEGINNING.match(line):
            entries.append((begins[0], [line]))
        elif entries:
            entries[-1][1].append(line)
    kept, total = [], itertools.accumulate(len(each) for _, each in reversed(entries))
    for entry, so_far in zip(reversed(entries), total, strict=True):
        kept.append(entry)
        if so_far >= count:
            break
    return kept[::-1]


def follow(kinds: Iterable[Kind], wait: Callable[[float], object], folder: Path | None = None) -> Iterator[str]:
    """The lines that come from this call on, also into logs that are not there yet; ends when wait returns true.

    wait: called with LOOK_S between two looks.
    """
    return _new_lines([_Followed(kind.file(folder)) for kind in kinds], wait)


def _new_lines(followed: Sequence[_Followed], wait: Callable[[float], object]) -> Iterator[str]:
    try:
        while not wait(LOOK_S):
            for each in followed:
                yield from each.lines()
    finally:
        for each in followed:
            each.close()


class _Followed:
    """A log file from its end on, and the one that takes its place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rest = b""
        self._stream = self._opened()
        if self._stream is not None:
            self._stream.seek(0, os.SEEK_END)

    def lines(self) -> Iterator[str]:
        """What has come since the last look."""
        if self._stream is None:
            self._stream = self._opened()
        while self._stream is not None:
            yield from self._read(self._stream)
            after = self._opened_if_another()
            if after is None:
                return
            yield from self._read(self._stream)  # its last lines, if it was rotated between the two looks
            self._stream.close()
            self._stream = after

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def _read(self, stream: BinaryIO) -> Iterator[str]:
        *lines, self._rest = (self._rest + stream.read()).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")

    def _opened(self) -> BinaryIO | None:
        try:
            return open(self._path, "rb")
        except OSError:
            return None

    def _opened_if_another(self) -> BinaryIO | None:
        """The file that has the name now, None where it is still the same one or none."""
        now = self._opened()
        if now is None or self._stream is None:
            return now
        if os.path.samestat(os.fstat(now.fileno()), os.fstat(self._stream.fileno())):
            now.close()
            return None
        return now
