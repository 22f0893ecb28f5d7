"""What holds on Windows alone. Elsewhere packaging/dev.py test --windows runs these under Wine."""

from __future__ import annotations

import ctypes
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import pytest
from PySide6.QtCore import qVersion

from tests.backends.engine.conftest import Engine
from tests.server import Origin

collect_ignore_glob = [] if sys.platform == "win32" else ["test_*.py"]

IS_WINE = sys.platform == "win32" and hasattr(ctypes.windll.ntdll, "wine_get_version")

ROOT = Path(__file__).parent.parent.parent

SHARE_NOTHING, SHARE_READ = 0, 1
"""Source: winnt.h, FILE_SHARE_READ."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A class of tests says by its "different" why one of them, by its name, does not hold under Wine."""
    for item in items if IS_WINE else ():
        different = getattr(getattr(item, "cls", None), "different", None)
        if different is not None and (why := different(item.name)):
            item.add_marker(pytest.mark.skip(reason=f"Wine: {why}"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What has run the tests, at their end."""
    if sys.platform == "win32":
        terminalreporter.write_sep("=", "versions")
        terminalreporter.write_line(", ".join(versions()))


def versions() -> Iterator[str]:
    if IS_WINE:
        wine = ctypes.windll.ntdll.wine_get_version
        wine.restype = ctypes.c_char_p
        yield f"Wine {wine().decode()}"
    yield f"Windows {platform.version()}"
    yield f"Python {platform.python_version()}"
    yield f"Qt {qVersion()}"
    yield from (f"{name} {version(name)}" for name in ("PySide6_Essentials", "qasync", "comtypes", "pycurl", "numpy"))


@pytest.fixture(autouse=True)
def _waits_for_wine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a call into a service of Wine never comes back, the time limit ends the run and packaging/wine.py repeats
    it: nothing would have an answer from there on."""
    if IS_WINE:
        monkeypatch.setattr("domonitor.backends.bits.watch.ANSWERS_WITHIN_S", None)


@pytest.fixture
def engine(tmp_path: Path, origin: Origin) -> Iterator[Engine]:
    """An engine that lets go of the origin before that ends: under Wine nothing else wakes who reads a connection."""
    engine = Engine(tmp_path)
    yield engine
    engine.stop()


@contextmanager
def held(path: Path | str, sharing: int = SHARE_NOTHING) -> Iterator[Callable[[], None]]:
    """A file as a virus scanner holds it: nobody may rename or delete it meanwhile. The value lets go of it."""
    create, close = ctypes.windll.kernel32.CreateFileW, ctypes.windll.kernel32.CloseHandle
    create.restype, close.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    handle = create(str(path), 0x80000000, sharing, None, 3, 0x80, None)  # GENERIC_READ, OPEN_EXISTING, NORMAL
    if handle in (None, ctypes.c_void_p(-1).value):
        raise ctypes.WinError()
    handles = [handle]

    def let_go() -> None:
        for each in handles:
            close(each)
        handles.clear()

    try:
        yield let_go
    finally:
        let_go()


def in_a_process(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Runs code in a Python of its own; what it prints comes by a pipe. One that hangs says where, and ends."""
    return subprocess.Popen(
        [sys.executable, "-c", f"import faulthandler\nfaulthandler.dump_traceback_later(30, exit=True)\n{code}"]
        + [str(argument) for argument in arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a command of domonitor to its end. Where BITS hangs under Wine, all the tests come to theirs."""
    done = subprocess.run(
        [sys.executable, "-m", "domonitor", *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    if IS_WINE and "BITS has not answered" in done.stdout + done.stderr:
        pytest.exit("+ Timeout + in Wine's BITS", 1)
    return done


def said(process: subprocess.Popen[str]) -> str:
    """The next line that the process prints; fails with all of it where it ends first."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line.endswith("\n") or line.startswith("Timeout"):
        pytest.fail(f"the process ended with {process.wait(30)}: {line}{process.stdout.read()}")
    return line.rstrip("\n")


def ended(process: subprocess.Popen[str]) -> None:
    """Ends the process without a word, as a crash does."""
    process.kill()
    process.communicate(timeout=30)


def names(folder: Path) -> set[str]:
    """What lies in the folder. Wine keeps the mark of the web as a file of its own; Windows does not list it."""
    return {name for path in folder.iterdir() if ":" not in (name := path.name)}
