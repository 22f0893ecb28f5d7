"""The computer: its display, Qt and its shared libraries, and the clock."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import domonitor
from domonitor.doctor.finding import Finding, ok, problem, warning

QT_LIMIT_S = 8.0

DEBIAN = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
"""In which of Debian's packages a library is that Qt asks for. Source: packages.debian.org, bookworm."""

_HAS_OWN_DISPLAY = sys.platform in ("win32", "darwin")

# Qt ends the whole process where it finds no display, so it is asked in one of its own.
START_QT = (
    "import sys; from PySide6 import QtCore; from PySide6.QtWidgets import QApplication;"
    "app = QApplication(['domonitor', *sys.argv[1:]]);"
    "print(QtCore.qVersion(), app.platformName(), len(app.screens()))"
)

STARTS_QT = ("doctor", "--start-qt")
"""The arguments of the program itself that do the same, where there is no Python to be asked: in the Windows folder."""

_CLOCK_SLACK_S = 86_400.0


def display(_: Path | None) -> Finding:
    """Whether there is something to show a window on."""
    told = os.environ.get("QT_QPA_PLATFORM")
    if told:
        return ok(f"Qt is told to draw by its platform {told} (QT_QPA_PLATFORM).")
    if _HAS_OWN_DISPLAY:
        return ok("The system has one.")
    named = [f"{name}={os.environ[name]}" for name in ("WAYLAND_DISPLAY", "DISPLAY") if os.environ.get(name)]
    if not named:
        return warning(
            "There is none: neither DISPLAY nor WAYLAND_DISPLAY is set. The window can't be shown; all commands work.",
            "Log in to a desktop to see the window.",
        )
    return ok(f"{' and '.join(named)}.")


def qt(_: Path | None) -> Finding:
    """Whether Qt can be loaded and can draw."""
    where = importlib.util.find_spec("PySide6")
    if where is None or not where.submodule_search_locations:
        return problem(
            "PySide6 is not installed, so there is no window. All commands work.", "Install domonitor again."
        )
    if missing := missing_libraries(Path(where.submodule_search_locations[0])):
        packages = sorted({DEBIAN[name] for name in missing if name in DEBIAN})
        remedy = f"Install them. On Debian and Ubuntu: apt-get install {' '.join(packages)}" if packages else ""
        return problem(f"Qt misses shared libraries: {', '.join(missing)}.", remedy or "Install them.")
    has_display = _HAS_OWN_DISPLAY or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")))
    started = _start_qt([] if has_display else ["-platform", "offscreen"])
    if isinstance(started, Finding):
        return started
    version, platform, screens = started
    if not has_display:
        return ok(f"Qt {version} works, without a display.")
    return ok(f"Qt {version} draws by its platform {platform} on {screens} screen{'s' * (screens != '1')}.")


def _start_qt(arguments: list[str]) -> list[str] | Finding:
    """Version, platform and number of screens; or why Qt does not start."""
    try:
        done = subprocess.run(
            [sys.executable, *(STARTS_QT if getattr(sys, "frozen", False) else ("-c", START_QT)), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=QT_LIMIT_S,
            check=False,
        )
    except OSError as error:
        return problem(f"{sys.executable} can't be run: {error.strerror}.", "See to it that you may run it.")
    except subprocess.TimeoutExpired:
        return problem(
            f"Qt does not start within {QT_LIMIT_S:.0f} s.",
            "The display may hang. Log out and in again, then try again.",
        )
    if done.returncode == 0:
        return done.stdout.split()
    said = " ".join(line.strip() for line in done.stderr.splitlines() if line.strip() and "Traceback" not in line)
    if "could not connect to display" in said or "Failed to create wl_display" in said:
        return problem(
            f"Qt can't draw on the display {os.environ.get('DISPLAY') or os.environ.get('WAYLAND_DISPLAY', '')}.",
            "Check DISPLAY and WAYLAND_DISPLAY, and whether this user may draw there (xhost, XAUTHORITY).",
        )
    return problem(
        f"Qt does not start: {said[:300]}", "Install domonitor again. Check QT_QPA_PLATFORM and QT_PLUGIN_PATH."
    )


def missing_libraries(pyside: Path) -> list[str]:
    """The shared libraries that Qt needs on Linux and the system has not, by their names; none where nobody can say."""
    ldd = shutil.which("ldd")
    if ldd is None or not sys.platform.startswith("linux"):
        return []
    platforms = pyside / "Qt" / "plugins" / "platforms"
    plugins = ["libqxcb.so", *(["libqwayland.so"] if os.environ.get("WAYLAND_DISPLAY") else [])]
    needing = [*pyside.glob("QtWidgets*.so"), *(path for name in plugins if (path := platforms / name).exists())]
    told = subprocess.run(
        [ldd, *map(str, needing)], capture_output=True, text=True, errors="replace", timeout=QT_LIMIT_S, check=False
    )
    lines = (line.split(" => ") for line in told.stdout.splitlines())
    return sorted({parts[0].strip() for parts in lines if len(parts) == 2 and parts[1].startswith("not found")})


def clock(_: Path | None) -> Finding:
    """Whether the clock can be right: certificates are checked by it, and the schedule goes by it."""
    now_s = time.time()
    program = Path(sys.executable if getattr(sys, "frozen", False) else domonitor.__file__)
    made_s = program.stat().st_mtime
    now = datetime.fromtimestamp(now_s, UTC).astimezone()
    said = f"It is {now:%Y-%m-%d %H:%M} {now.tzname()}"
    if now_s < made_s - _CLOCK_SLACK_S:
        return problem(
            f"{said}, which is before this program was installed. Servers' certificates will not be accepted.",
            "Set the computer's date and time.",
        )
    return ok(f"{said}.")
