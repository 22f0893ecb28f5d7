"""The two commands of a fresh checkout, and what they are on Windows.

    python3 packaging/dev.py demo [arguments of the demo]
    python3 packaging/dev.py test [arguments of pytest, with paths from the checkout's root]
    python3 packaging/dev.py test --windows [arguments of pytest]: on a Python for Windows, under Wine
    python3 packaging/dev.py picture --windows FOLDER [scale]: the window there, in light and dark

Needs Python 3.11 or newer and nothing else: makes .venv in the checkout, installs what is missing, then runs.
"""

import hashlib
import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

# The file must say so itself on an older Python: keep its syntax at 3.6.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit(
        f"domonitor needs Python 3.11 or newer, and {sys.executable} is {platform.python_version()}. "
        "Run this file with a newer one."
    )

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
SCRIPTS = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
APT_PACKAGES = ROOT / "packaging" / "linux" / "apt-packages.txt"
APT_TEST_PACKAGES = ROOT / "packaging" / "linux" / "apt-test-packages.txt"

CHECKS = (
    ("ruff check", ("ruff", "check")),
    ("ruff format --check", ("ruff", "format", "--check")),
    ("mypy", ("mypy",)),
    ("lint-imports", ("lint-imports", "--no-logo")),
)


def main(arguments: list[str]) -> int:
    """Runs a command and returns its exit code."""
    command, extra = (arguments[0], arguments[1:]) if arguments else ("", [])
    on_windows = extra[:1] == ["--windows"]
    if command not in ("demo", "test") and not (command == "picture" and on_windows and len(extra) > 1):
        print(__doc__.strip(), file=sys.stdout if command in ("-h", "--help") else sys.stderr)
        return 0 if command in ("-h", "--help") else 2
    prepare()
    if command == "picture":
        return picture_windows(extra[1:])
    if command == "test" and on_windows:
        return test_windows(extra[1:])
    if command == "test" and os.environ.get("CI"):
        install_servers()
    return test(extra) if command == "test" else demo(extra)


def demo(extra: list[str]) -> int:
    """Starts the demo in the folder of the caller, where --screenshot finds its file."""
    arguments = [str(PYTHON), "-m", "domonitor", "demo", *extra]
    if os.name != "nt":
        sys.stdout.flush()
        os.execv(PYTHON, arguments)  # The demo takes this process's place: signals and exit code are its own.
    return run(arguments, cwd=None)


def test(extra: list[str]) -> int:
    """All checks and then pytest, whose closing line is the last one; only pytest where it has arguments."""
    failed = []
    for name, arguments in () if extra else CHECKS:
        print(f"== {name}", flush=True)
        started_s = time.monotonic()
        if run([str(SCRIPTS / arguments[0]), *arguments[1:]], cwd=ROOT):
            failed.append(name)
        print(f"   {'FAILED' if name in failed else 'ok'} after {time.monotonic() - started_s:.1f} s", flush=True)
    if failed:
        print(f"== failed before pytest: {', '.join(failed)}", flush=True)
    print("== pytest", flush=True)
    return run([str(PYTHON), "-m", "pytest", *extra], cwd=ROOT) or (1 if failed else 0)


def test_windows(extra: list[str]) -> int:
    """The tests of tests/windows and tests/ui, on Windows itself or under Wine."""
    if os.name == "nt":
        return run([str(PYTHON), "-m", "pytest", *(extra or ["tests/windows", "tests/ui"])], cwd=ROOT)
    import wine  # Beside this file. It needs a newer Python than this file's head does.

    return wine.test(extra, PYTHON, quietly)


def picture_windows(extra: list[str]) -> int:
    """Pictures of the window as Windows draws it, on Windows itself or under Wine."""
    extra = [str(Path(extra[0]).absolute()), *extra[1:]]
    if os.name == "nt":
        return run([str(PYTHON), "-m", "tests.windows.picture", *extra], cwd=ROOT)
    import wine

    return wine.picture(extra, PYTHON, quietly)


def run(arguments: list[str], cwd: "Path | None") -> int:
    """Runs a program to its own end, also after Ctrl+C, which reaches it as well as us. Returns its exit code."""
    interrupted = False
    with subprocess.Popen(arguments, cwd=cwd) as process:
        while True:
            try:
                code = process.wait()
                break
            except KeyboardInterrupt:
                interrupted = True
    if interrupted:
        sys.exit(130)
    return code if code >= 0 else 128 - code


def prepare() -> None:
    """Installs what is not there yet. Each step leaves a stamp when it is done: a broken-off one is done again."""
    place = f"{ROOT} {sys.implementation.cache_tag} {platform.machine()}"
    packages = _digest(place, ROOT / "pyproject.toml", ROOT / "domonitor" / "__init__.py", CONSTRAINTS)
    libraries = _digest(place, CONSTRAINTS, APT_PACKAGES)
    venv_stamp, packages_stamp, libraries_stamp = (
        VENV / f"domonitor-{name}.stamp" for name in ("venv", "packages", "libraries")
    )
    if not (os.access(PYTHON, os.X_OK) and _has_stamp(venv_stamp, place)):
        make_venv()
        venv_stamp.write_text(place, encoding="utf-8")
    if not _has_stamp(packages_stamp, packages):
        # Until the packages are complete the venv counts as broken: pip does not repair half-copied ones.
        venv_stamp.unlink()
        install_packages()
        packages_stamp.write_text(packages, encoding="utf-8")
        venv_stamp.write_text(place, encoding="utf-8")
    if not _has_stamp(libraries_stamp, libraries):
        install_libraries()
        libraries_stamp.write_text(libraries, encoding="utf-8")


def make_venv() -> None:
    """Makes .venv from nothing."""
    if sys.prefix == str(VENV):
        sys.exit("The environment .venv has to be made again. Run this file with the Python outside of it.")
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        sys.exit(
            f"{sys.executable} can't make virtual environments: venv or ensurepip is missing. "
            "On Debian and Ubuntu: apt-get install python3-venv"
        )
    print("Making .venv ...", flush=True)
    if not quietly([sys.executable, "-m", "venv", "--clear", str(VENV)]):
        sys.exit("The virtual environment .venv could not be made.")


def install_packages() -> None:
    """Installs the project as editable, with exactly the versions of the constraints, those of the build too."""
    print("Installing the Python packages; this takes a minute ...", flush=True)
    constraints = CONSTRAINTS.as_uri()  # A path with a space in it would be read as two.
    done = quietly(
        [str(PYTHON), "-m", "pip", "install", "--no-input", "--editable", f"{ROOT}[test]"],
        # Older pips take the build's versions from the first, newer ones only from the second.
        PIP_CONSTRAINT=constraints,
        PIP_BUILD_CONSTRAINT=constraints,
        PIP_DISABLE_PIP_VERSION_CHECK="1",
    )
    if not done:
        sys.exit("The Python packages could not be installed. Check the network and run the same command again.")


def install_libraries() -> None:
    """Sees to it that Qt finds its shared libraries: installs them on Debian as root, else says how to."""
    missing = _missing_apt_packages(APT_PACKAGES)
    by_hand = f"sudo apt-get install --no-install-recommends {' '.join(missing)}"
    if missing and os.geteuid() == 0:
        print(f"Installing {len(missing)} system packages for Qt ...", flush=True)
        if _apt_install(missing):
            missing = []
    if missing:
        print(f"Qt may miss shared libraries. This line installs them:\n    {by_hand}", flush=True)
    loaded = subprocess.run([PYTHON, "-c", "import PySide6.QtWidgets"], capture_output=True, text=True, check=False)
    if loaded.returncode:
        reason = (loaded.stderr.strip() or "it crashed").splitlines()[-1]
        sys.exit(f"Qt can't be loaded: {reason}\nInstall its shared libraries and run the same command again.")


def install_servers() -> None:
    """What tests use as real servers. In CI only: elsewhere those tests are skipped, and say what is missing."""
    missing = _missing_apt_packages(APT_TEST_PACKAGES)
    if missing:
        print(f"Installing {' and '.join(missing)} for the tests ...", flush=True)
        _apt_install(missing)


def _apt_install(packages: list[str]) -> bool:
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    # Nothing is to listen but what a test has started. The run level keeps Debian from starting what it installs where
    # there is no systemd, and the other one where there is: its services do not look at the run level.
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1", "SYSTEMD_OFFLINE": "1"}
    return quietly(["apt-get", "update"]) and quietly(install, **quiet)


def quietly(arguments: list[str], **environment: str) -> bool:
    """Runs a program without its output and returns whether it went well; where it did not, the output is shown."""
    done = subprocess.run(
        arguments,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        print(f"$ {shlex.join(arguments)}", flush=True)
        sys.stdout.buffer.write(done.stdout)
        sys.stdout.flush()
    return done.returncode == 0


def _missing_apt_packages(listed_in: Path) -> list[str]:
    """Those of the file that dpkg does not know as installed; none where there is no apt."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-query")):
        return []
    # Provides: newer releases carry some of them under another name (libglib2.0-0t64).
    listed = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${db:Status-Status}|${Package}, ${Provides}\n"],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = (line.partition("|") for line in listed.stdout.splitlines())
    installed = {
        name.split()[0] for status, _, names in lines if status == "installed" for name in names.split(", ") if name
    }
    return [name for name in listed_in.read_text(encoding="utf-8").split() if name not in installed]


def _digest(place: str, *files: Path) -> str:
    return hashlib.sha256(b"\0".join([place.encode(), *(file.read_bytes() for file in files)])).hexdigest()


def _has_stamp(stamp: Path, text: str) -> bool:
    return stamp.exists() and stamp.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
