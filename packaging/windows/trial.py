"""A Windows under Wine on which nothing was ever installed, with a screen, for the check of what was built."""

import contextlib
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import prefix
import wine

SETTLES_WITHIN_S = 60.0
LOOK_S = 0.1

Snapshot = dict[str, str]
"""What stands where: names of files, folders and values of the registry, with what tells one content from another."""


class Trial:
    """The machine. user: the folder of its only user."""

    def __init__(self, folder: Path, windows: prefix.Windows) -> None:
        self.folder = folder
        self.windows = windows
        self.drive = windows.folder / "prefix" / "drive_c"
        (self.user,) = (path for path in (self.drive / "users").iterdir() if path.name != "Public")
        self.local = self.user / "AppData" / "Local"

    def run(self, program: Path | str, *arguments: str, limit_s: float = 180.0) -> tuple[int, str]:
        """Runs a program to its end; its exit code and what it printed."""
        return self.windows.output_of(["wine", str(program), *arguments], limit_s)

    def start(self, program: Path | str, *arguments: str) -> None:
        """Starts a program that goes on."""
        subprocess.Popen(
            ["wine", str(program), *arguments],
            env=self.windows.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def log_in(self) -> None:
        """Starts the desktop, as a log-in does. Without one the first program with a window starts it, and the desktop
        would hold that program's output open for ever."""
        self.start("explorer.exe", "/desktop")
        until(lambda: self.processes("explorer.exe"), "the desktop")

    def log_out(self) -> None:
        """Ends everything that runs."""
        self.windows.end()
        until(lambda: not self.processes("wineserver"), "Wine to end")

    def processes(self, name: str) -> list[int]:
        """Those of the machine that run a program of that name."""
        prefix = f"WINEPREFIX={self.windows.folder / 'prefix'}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                line = (process / "cmdline").read_bytes().partition(b"\0")[0].decode(errors="replace")
                if re.split(r"[\\/]", line)[-1].lower() == name and prefix in (process / "environ").read_bytes():
                    found.append(int(process.name))
        return found

    def value(self, root: str, key: str, name: str) -> str | None:
        """A value of the registry as text, None where there is none."""
        code, said = self.run("reg", "query", f"{root}\\{key}", "/v", name)
        found = re.search(rf"^\s*{re.escape(name)}\s+REG_\w+\s+(.*)$", said, re.MULTILINE)
        return found[1].strip() if code == 0 and found else None

    def as_windows_says(self, path: Path) -> str:
        """The name of a file of drive C."""
        return "C:\\" + "\\".join(path.relative_to(self.drive).parts)

    def snapshot(self) -> Snapshot:
        """Everything that is on the disk and in the registry. Ends what still runs."""
        self.log_out()
        found = {}
        for path in self.drive.rglob("*"):
            status = path.lstat()
            found[self.as_windows_says(path)] = "folder" if path.is_dir() else f"{status.st_size} {status.st_mtime_ns}"
        for hive in ("system", "user", "userdef"):
            found |= _values(hive, self.windows.folder / "prefix" / f"{hive}.reg")
        self.log_in()
        return found

    def picture(self, python: Path, file: Path, *, from_s: float = 0.0) -> tuple[float, int]:
        """Waits for something on the screen and saves it; seconds since from_s, and how many colours there are."""
        script = Path(__file__).with_name("screen.py")
        environment = {**os.environ, "DISPLAY": self.windows.environment["DISPLAY"], "QT_QPA_PLATFORM": "xcb"}
        done = subprocess.run(
            [python, script, file], env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            raise Failure(f"No picture: {done.stderr.strip()}")
        at_s, colours = done.stdout.split()
        return float(at_s) - from_s, int(colours)


class Failure(Exception):
    """The check has found something; what, as a sentence."""


def until(condition: Callable[[], object], what: str, within_s: float = SETTLES_WITHIN_S) -> None:
    """Waits for it. Raises Failure."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise Failure(f"Waited {within_s:.0f} s for {what}.")
        time.sleep(LOOK_S)


@contextlib.contextmanager
def trial(folder: Path, python: Path, quietly: Callable[..., bool]) -> Iterator[Trial]:
    """A new machine in the folder, which is emptied before."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "home").mkdir(parents=True)
    wine.install(wine.APT_SCREEN, "Xvfb", quietly=quietly)
    windows = prefix.Windows(folder / "windows-trial", packages=None)
    with wine.screen() as display:
        try:
            # Wine gives the user folders in our own home, unless it finds another one.
            windows.environment |= {"DISPLAY": display, "HOME": str(folder / "home")}
            windows.make(python, quietly)
            machine = Trial(folder, windows)
            machine.log_in()
            yield machine
        finally:
            windows.end()


def _values(hive: str, file: Path) -> Snapshot:
    """What stands in one of the files in which Wine keeps its registry; without the times of changes."""
    found, key, name = {}, "", ""
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("["):
            key, name = f"{hive}: {line[1:].rpartition(']')[0]}", ""
            found[key] = "key"
        elif (match := re.match(r'("(?:[^"\\]|\\.)*"|@)=(.*)', line)) is not None:
            name = f"{key} {match[1]}"
            found[name] = match[2]
        elif name and line.startswith("  "):
            found[name] += line
    return found


def difference(before: Snapshot, after: Snapshot) -> list[str]:
    """What is there in one of them only, or is not the same."""
    lines = [f"+ {name}" for name in sorted(after.keys() - before.keys())]
    lines += [f"- {name}" for name in sorted(before.keys() - after.keys())]
    return lines + [f"! {name}" for name in sorted(before.keys() & after.keys()) if before[name] != after[name]]
