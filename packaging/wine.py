"""Windows on a Linux machine: a real Python for Windows under Wine, for dev.py's test --windows and picture --windows.

All of it lies in one folder of the user's cache, outside of every checkout, and is made from nothing where it is not
there (prefix.py). The folder's name tells what it was made of, so another checkout with the same versions uses it too,
one run at a time.
"""

import contextlib
import fcntl
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from prefix import ENDED, PACKAGES, ROOT, Unavailable, Windows, digest, show

APT_PACKAGES = ("wine", "wine64")
APT_SCREEN = ("xvfb",)
SCREEN = "1400x1050x24"

TESTS = ("tests/windows", "tests/ui")
# Windows raises an exception of its own whenever a service is gone, which faulthandler takes for a crash.
PYTEST = ["-m", "pytest", "-p", "no:cacheprovider", "-p", "no:faulthandler", "-o", "tmp_path_retention_policy=failed"]

HANGS = b"+ Timeout +"
"""What pytest-timeout writes before it ends the process, and a test whose command waited for a service in vain."""

TESTS_S = 600
PICTURE_S = 180
"""After so long all the tests together, or all the pictures, count as hanging and are ended."""


def test(arguments: list[str], python: Path, quietly: Callable[..., bool]) -> int:
    """Runs pytest on Windows' Python, on TESTS unless the arguments name something; its exit code.

    python: the checkout's own, whose pip fetches what is needed. quietly: runs a program and shows its output where it
    fails.
    """
    named = [argument for argument in arguments if (ROOT / argument.partition("::")[0]).exists()]
    parts = [arguments] if named else [[part, *arguments] for part in TESTS]
    return _on_windows(lambda windows: max([_test(windows, part) for part in parts]), python, quietly)


def _test(windows: Windows, arguments: list[str]) -> int:
    """Runs pytest; its exit code. Once more where a test hung, and only then.

    Now and then a call into a service of Wine never comes back, and from then on nobody has an answer of that service
    (seen: a Release and a QueryInterface at BITS, of two programs in the same instant).
    """
    for tries_left in (1, 0):
        output = bytearray()

        def take(block: bytes, output: bytearray = output) -> None:
            output.extend(block)
            show(block)

        code = windows.run([*PYTEST, *arguments], TESTS_S, take)
        is_hung = code == ENDED or (code != 0 and HANGS in output)
        if not is_hung or not tries_left:
            break
        windows.end()
        print("== A test hung. All of them once more:", flush=True)
    return code


def picture(arguments: list[str], python: Path, quietly: Callable[..., bool]) -> int:
    """Draws the window on Windows' own platform, on a screen that nobody sees; see tests/windows/picture.py."""

    def draw(windows: Windows) -> int:
        install(APT_SCREEN, "Xvfb", quietly=quietly)
        with screen() as display:
            windows.environment["DISPLAY"] = display
            return windows.run(["-m", "tests.windows.picture", *arguments], PICTURE_S)

    return _on_windows(draw, python, quietly)


def _on_windows(work: Callable[[Windows], int], python: Path, quietly: Callable[..., bool]) -> int:
    if platform.machine() != "x86_64" or sys.platform != "linux":
        print(f"== Windows skipped: Wine runs it on Linux on x86_64, and this is {platform.platform()}.")
        return 0
    try:
        with prepared(cache(), PACKAGES, python, quietly) as windows:
            return work(windows)
    except Unavailable as reason:
        print(f"== nothing run on Windows: {reason}", flush=True)
        return 1


@contextlib.contextmanager
def prepared(folder: Path, packages: Path, python: Path, quietly: Callable[..., bool]) -> Iterator[Windows]:
    """Windows, ready and for this run alone; what still runs there at the end is ended. Raises Unavailable.

    folder: where it is kept. packages: see Windows.
    """
    install(APT_PACKAGES, "wine", "wineserver", quietly=quietly)
    windows = Windows(folder / f"windows-{digest(packages)}", packages)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "windows.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("Waiting for another run on Windows ...", flush=True)
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


@contextlib.contextmanager
def screen() -> Iterator[str]:
    """The name of a display of its own, which ends with its user."""
    server = ["Xvfb", "-displayfd", "1", "-screen", "0", SCREEN, "-nolisten", "tcp"]
    with subprocess.Popen(server, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            number = process.stdout.readline().strip()  # it says so when it is ready
            if not number:
                raise Unavailable("Xvfb does not start.")
            yield f":{number}"
        finally:
            process.terminate()


def install(packages: tuple[str, ...], *programs: str, quietly: Callable[..., bool]) -> None:
    """Installs Debian's packages where a program of theirs is not there, as root; else says how. Raises Unavailable."""
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    by_hand = f"{programs[0]} is missing. This line installs it: sudo {' '.join(install)}"
    cache().mkdir(parents=True, exist_ok=True)
    with open(cache() / "install.lock", "w", encoding="utf-8") as lock:  # apt-get does not wait for another one
        fcntl.flock(lock, fcntl.LOCK_EX)
        if all(map(shutil.which, programs)):
            return
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            raise Unavailable(by_hand)
        print(f"Installing {packages[0]} ...", flush=True)
        if not (quietly(["apt-get", "update"]) and quietly(install, DEBIAN_FRONTEND="noninteractive")):
            raise Unavailable(by_hand)


def cache() -> Path:
    """The user's folder for what is made once and used by all checkouts."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "domonitor-dev"
