"""A resource is found wherever domonitor runs from: an installed wheel, an editable install, a bare checkout.

Each test asks in a Python of its own that sees the standard library and that one copy of domonitor, nothing else.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from domonitor.assets import asset

ROOT = Path(__file__).parent.parent
ASK = r"""
from domonitor import assets
print(assets.__file__, assets.asset("error_codes.csv").read_text(encoding="utf-8").count("\n"), sep="\n")
"""
LINES = (ROOT / "resources" / "error_codes.csv").read_text(encoding="utf-8").count("\n")


def ask(folder: Path, *options: str, before: str = "") -> tuple[Path, int]:
    """Which assets.py answered, and how many lines it found."""
    done = subprocess.run(
        [sys.executable, "-S", *options, "-c", before + ASK], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    module, lines = done.stdout.split("\n")[:2]
    return Path(module), int(lines)


def built(kind: str, folder: Path) -> Path:
    """The wheel or editable wheel of the checkout, as pip would have it built, unpacked as pip would do it."""
    done = subprocess.run(
        [sys.executable, "-c", f"import hatchling.build as b, sys; print(b.build_{kind}(sys.argv[1]))", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    site = folder / "site"
    with zipfile.ZipFile(folder / done.stdout.split()[-1]) as wheel:
        wheel.extractall(site)
    return site


def test_a_wheel_carries_its_resources(tmp_path: Path) -> None:
    site = built("wheel", tmp_path)
    module, lines = ask(tmp_path, "-I", before=f"import sys; sys.path.insert(0, {str(site)!r})")
    assert module == site / "domonitor" / "assets.py"
    assert lines == LINES
    packed = {
        str(path.relative_to(site / "domonitor" / "resources")) for path in files(site / "domonitor" / "resources")
    }
    assert packed == {str(path.relative_to(ROOT / "resources")) for path in files(ROOT / "resources")}


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_an_editable_install_uses_those_of_the_checkout(tmp_path: Path) -> None:
    site = built("editable", tmp_path)
    module, lines = ask(tmp_path, "-I", before=f"import site; site.addsitedir({str(site)!r})")
    assert module == ROOT / "domonitor" / "assets.py"
    assert lines == LINES


def test_a_bare_checkout_uses_its_own() -> None:
    module, lines = ask(ROOT)
    assert module.resolve() == ROOT / "domonitor" / "assets.py"
    assert lines == LINES


def test_python_m_in_a_bare_checkout_finds_them() -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "domonitor", "explain", "0x80D02002"], cwd=ROOT, capture_output=True, text=True
    )
    assert "DO_E_DOWNLOAD_NO_PROGRESS" in done.stdout, done.stderr


def test_a_resource_that_is_nowhere_is_a_broken_installation() -> None:
    with pytest.raises(FileNotFoundError, match=r"no_such\.svg is missing from this installation"):
        asset("no_such.svg")
