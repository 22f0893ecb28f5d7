"""Builds the wheel, installs it into an environment where nothing is, and uses it: python3 packaging/linux/check.py

What it makes lies in build/linux. The packages that the wheel asks for come in the versions of constraints.txt.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OUT = ROOT / "build" / "linux"
sys.path.insert(0, str(HERE.parent))

import dev  # noqa: E402  beside the folder of this file

SHARED = (
    "share/applications/domonitor.desktop",
    "share/metainfo/domonitor.metainfo.xml",
    "share/icons/hicolor/scalable/apps/domonitor.svg",
)
LIMIT_S = 600
PICTURE_S = 5


def main() -> int:
    """Does all of it and prints each step; the exit code."""
    dev.prepare()
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    steps = (("wheel", wheel), ("installed into an empty environment", install), ("doctor", doctor))
    steps += (("explain", explain), ("get", get), ("the window", window), ("stopped", stop))
    for name, step in steps:
        started_s = time.monotonic()
        try:
            said = step()
        except Failure as failure:
            print(f"{time.monotonic() - started_s:7.1f} s   FAILED {name}: {failure}", flush=True)
            return 1
        print(f"{time.monotonic() - started_s:7.1f} s   ok {name}{said and ': '}{said}", flush=True)
    return 0


class Failure(Exception):
    """The check has found something; what, as a sentence."""


def wheel() -> str:
    """Builds it."""
    run([str(dev.PYTHON), "-m", "hatchling", "build", "-t", "wheel", "-d", str(OUT)], ROOT)
    (built,) = OUT.glob("*.whl")
    data = built.read_bytes()
    return f"{built.name}, {len(data) / 1e3:.0f} kB, sha256 {hashlib.sha256(data).hexdigest()}"


def install() -> str:
    """Into an environment that sees no other one."""
    (built,) = OUT.glob("*.whl")
    run([sys.executable, "-m", "venv", str(OUT / "env")])
    python = str(OUT / "env" / "bin" / "python")
    run([python, "-m", "pip", "install", "-q", "-c", str(dev.CONSTRAINTS), str(built)])
    if missing := [name for name in SHARED if not (OUT / "env" / name).is_file()]:
        raise Failure(f"The wheel lacks {', '.join(missing)}.")
    return run([python, "-m", "pip", "check"]).strip()


def doctor() -> str:
    """Nothing is wrong."""
    checks = json.loads(domonitor("doctor", "--json"))["checks"]
    if bad := [f"{check['name']}: {check['found']}" for check in checks if check["level"] == "problem"]:
        raise Failure("; ".join(bad))
    return f"{len(checks)} checks"


def explain() -> str:
    """The codes' table came along."""
    said = domonitor("explain", "0x80072EE7")
    if "80072EE7" not in said.upper():
        raise Failure(said)
    return said.splitlines()[0]


def get() -> str:
    """A file comes whole, by an engine that is started for it."""
    served = OUT / "served"
    served.mkdir()
    content = os.urandom(3 << 20)
    (served / "file.bin").write_bytes(content)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=served)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (OUT / "downloads").mkdir()
        domonitor("get", f"http://127.0.0.1:{server.server_port}/file.bin", "-d", str(OUT / "downloads"))
        server.shutdown()
    if (OUT / "downloads" / "file.bin").read_bytes() != content:
        raise Failure("The file is another one.")
    return f"{len(content)} bytes"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing is said."""


def window() -> str:
    """It is drawn, with downloads in it."""
    picture = OUT / "window.png"
    domonitor("demo", "--screenshot", str(picture), "--seconds", str(PICTURE_S))
    if picture.stat().st_size < 10_000:
        raise Failure("There is nothing on the picture.")
    return f"{picture.relative_to(ROOT)}, {picture.stat().st_size} bytes"


def stop() -> str:
    """Nothing goes on running."""
    return domonitor("engine", "stop").strip()


def domonitor(*arguments: str) -> str:
    """Runs the installed command as somebody who has nothing of domonitor yet; what it said. Raises Failure."""
    return run([str(OUT / "env" / "bin" / "domonitor"), *arguments], OUT)


def run(arguments: list[str], folder: Path = Path("/")) -> str:
    """Runs a program; its output. Raises Failure."""
    home = OUT / "home"
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "XDG_", "DOMONITOR"))}
    environment = {**kept, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(home), "TMPDIR": str(home)}
    # pip looks for its own settings in the real home.
    own = {"HOME": str(home)} if arguments[0].endswith("domonitor") else {}
    (home / "Downloads").mkdir(exist_ok=True)
    done = subprocess.run(
        arguments,
        cwd=folder,
        env={**environment, **own},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise Failure(f"{' '.join(arguments)} ended with {done.returncode}: {(done.stderr or done.stdout)[-2000:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
