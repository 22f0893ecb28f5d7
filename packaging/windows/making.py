"""What the Windows build makes, step by step: icon, licences, program, installer, portable copy, winget manifest."""

import contextlib
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import prefix  # beside the folder of this file

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OUT = ROOT / "build" / "windows"
MADE = OUT / "made"
"""Where PyInstaller puts what it makes, unsigned; it stays for the next build."""

PACKAGES = HERE / "build-packages.txt"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"

PYINSTALLER_S = 900
MAKENSIS_S = 600

APT_PACKAGES = {"makensis": "nsis", "osslsigncode": "osslsigncode"}


@dataclass(frozen=True)
class Workbench:
    """A Python for Windows with PyInstaller. run: runs it with arguments; exit code and output."""

    run: Callable[[list[str]], tuple[int, str]]
    home: Path
    site: Path


def version() -> str:
    """The version that is built."""
    found = re.search(r'__version__ = "([^"]+)"', (ROOT / "domonitor" / "__init__.py").read_text(encoding="utf-8"))
    assert found is not None
    return found[1]


def install_tools(names: tuple[str, ...], quietly: Callable[..., bool]) -> None:
    """Installs what is missing, on Debian as root; else says how to. Raises SystemExit or prefix.Unavailable."""
    if os.name != "nt":
        import wine

        wine.install(tuple(APT_PACKAGES[name] for name in names), *names, quietly=quietly)
    elif not _makensis().exists():
        sys.exit("NSIS is missing. Install it and run the same command again.")


@contextlib.contextmanager
def workbench(python: Path, quietly: Callable[..., bool]) -> Iterator[Workbench]:
    """The Python for Windows that builds: under Wine, made from nothing where need be, or one on Windows itself."""
    yield from _of_windows(python, quietly) if os.name == "nt" else _of_wine(python, quietly)


def _of_windows(python: Path, quietly: Callable[..., bool]) -> Iterator[Workbench]:
    home = OUT / "python"
    if not quietly([str(python), "-m", "venv", str(home)]):
        sys.exit("No environment can be made.")
    own, versions = home / "Scripts" / "python.exe", OUT / "constraints.txt"
    versions.write_text(prefix.constraints(PACKAGES), encoding="utf-8")
    if not quietly([str(own), "-m", "pip", "install", "-c", str(versions), "-r", str(PACKAGES)]):
        sys.exit("The packages can't be installed.")

    def run(arguments: list[str]) -> tuple[int, str]:
        done = subprocess.run([own, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    yield Workbench(run, Path(sys.base_prefix), home / "Lib" / "site-packages")


def _of_wine(python: Path, quietly: Callable[..., bool]) -> Iterator[Workbench]:
    import wine

    with wine.prepared(wine.cache() / "build", PACKAGES, python, quietly) as windows:
        home = windows.folder / prefix.PYTHON_FOLDER
        yield Workbench(
            lambda arguments: windows.output_of([*windows.python, *arguments], PYINSTALLER_S),
            home,
            home / "Lib" / "site-packages",
        )


def program(bench: Workbench, python: Path, former: str = "") -> Path:
    """Makes the program's folder, unless it is made of the same things already; the folder.

    former: a version as which a second folder is made of the same code, beside the first one, for the check.
    """
    made_of = [path for folder in ("domonitor", "resources") for path in (ROOT / folder).rglob("*") if path.is_file()]
    made_of = [path for path in made_of if "__pycache__" not in path.parts]
    made_of += [
        path for path in HERE.iterdir() if path.suffix in (".spec", ".manifest", ".txt") or path.stem == "program"
    ]
    made_of += [CONSTRAINTS]
    stamp, now = MADE / "stamp", f"{digest(sorted(made_of))} {former}"
    if stamp.exists() and stamp.read_text(encoding="utf-8").startswith(now):
        return MADE / "domonitor"
    shutil.rmtree(MADE, ignore_errors=True)
    MADE.mkdir(parents=True)
    drawing, icon = ROOT / "resources" / "icons" / "app.svg", MADE / "domonitor.ico"
    if subprocess.run([python, HERE / "icon.py", drawing, icon], check=False).returncode:
        sys.exit("The icon can't be drawn.")
    if former:
        (MADE / "former").mkdir()
        written = f'"""domonitor, as an older version of itself."""\n\n__version__ = "{former}"\n'
        (MADE / "former" / "__init__.py").write_text(written, encoding="utf-8")
    work = OUT / "work"
    options = ["--noconfirm", "--distpath", relative(MADE), "--workpath", relative(work)]
    code, said = bench.run(["-m", "PyInstaller", *options, relative(HERE / "bundle.spec")])
    if code:
        sys.exit(f"{said}\nPyInstaller failed.")
    stamp.write_text(now, encoding="utf-8")
    return MADE / "domonitor"


def installer(
    folder: Path, number: str, sign: str, out: Path, *, as_system: bool = False, is_fast: bool = False
) -> None:
    """Makes the installer of a program's folder. sign: the command that signs a file, "" for none.

    For the check: as_system, it believes to be run by the system; is_fast, it may be larger.
    """
    size_kb = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // 1024
    numbers = ".".join([*number.split("."), "0"])
    defined = {
        "VERSION": number,
        "NUMBERS": numbers,
        "PROGRAM": folder,
        "ICON": MADE / "domonitor.ico",
        "SIZE_KB": size_kb,
        "OUT": out,
        "SIGN": sign,
        **({"AS_SYSTEM": "1"} if as_system else {}),
        **({"FAST": "1"} if is_fast else {}),
    }
    tool = str(_makensis()) if os.name == "nt" else "makensis"
    arguments = [tool, "-V2", *(f"-D{name}={value}" for name, value in defined.items()), str(HERE / "installer.nsi")]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=MAKENSIS_S, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}\nmakensis failed.")


def portable(folder: Path, out: Path) -> None:
    """Makes the copy that is only unpacked, and keeps what it writes beside itself."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, f"domonitor/{path.relative_to(folder).as_posix()}")
        archive.writestr("domonitor/portable.txt", PORTABLE)


PORTABLE = "As long as this file is here, domonitor keeps settings, list of downloads and logs in the folder data.\r\n"


def hash_of(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def digest(files: "list[Path] | tuple[Path, ...]") -> str:
    """Tells whether files have changed."""
    return hash_of(b"\0".join(path.read_bytes() for path in files))[:12]


def relative(path: Path) -> str:
    """As seen from the checkout, which is where all programs are run: Wine knows no other names."""
    return path.relative_to(ROOT).as_posix()


def _makensis() -> Path:
    return Path(os.environ.get("PROGRAMFILES(X86)", "")) / "NSIS" / "makensis.exe"
