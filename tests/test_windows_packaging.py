"""What the Windows build relies on, as far as it can be tested without Windows; the rest is build.py --check."""

from __future__ import annotations

import re
import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from domonitor.backends.engine.starting import Starting
from domonitor.windows import installer

ROOT = Path(__file__).parent.parent
WINDOWS = ROOT / "packaging" / "windows"


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules of packaging/windows are found."""
    monkeypatch.syspath_prepend(str(WINDOWS))
    monkeypatch.syspath_prepend(str(WINDOWS.parent))


def program(signature_bytes: int) -> bytes:
    """The head of a 64-bit program with a certificate table of that size."""
    head = bytearray(4096)
    struct.pack_into("<I", head, 0x3C, 0x80)
    struct.pack_into("<H", head, 0x80 + 24, 0x20B)
    struct.pack_into("<II", head, 0x80 + 24 + 112 + 8 * 4, 4096, signature_bytes)
    return bytes(head)


def test_what_is_not_signed_is_found(beside: Any, tmp_path: Path) -> None:
    import signing

    (tmp_path / "inner").mkdir()
    for name, size in (("signed.exe", 1200), ("bare.exe", 0), ("inner/bare.PYD", 0), ("inner/text.txt", 0)):
        (tmp_path / name).write_bytes(program(size))
    found = signing.signable(tmp_path)
    assert [path.name for path in signing.unsigned(found)] == ["bare.exe", "bare.PYD"]
    assert len(found) == 3


def test_a_file_that_can_not_be_signed_ends_the_build(beside: Any, tmp_path: Path) -> None:
    import signing

    with pytest.raises(SystemExit, match=r"a\.exe can't be signed"):
        signing.Signer(command=f"{sys.executable} -c raise(SystemExit(1))").sign(tmp_path / "a.exe")


def test_the_versions_of_the_windows_program_are_exact(beside: Any) -> None:
    import prefix

    pins = prefix.constraints(WINDOWS / "build-packages.txt").splitlines()
    names = [pin.partition("==")[0].lower().replace("_", "-") for pin in pins if not pin.startswith("#")]
    assert len(names) == len(set(names))
    wanted = (WINDOWS / "build-packages.txt").read_text(encoding="utf-8").splitlines()
    asked = {line.partition("==")[0].lower().replace("_", "-") for line in wanted if not line.startswith("#")}
    assert asked <= set(names)


def test_a_manifest_for_winget_names_each_exit_code_of_the_installer(beside: Any, tmp_path: Path) -> None:
    import winget

    script = (WINDOWS / "installer.nsi").read_text(encoding="utf-8")
    defined = dict(re.findall(r"^!define ([A-Z_]+) (\d+)\b", script, re.M))
    codes = {int(code) for name, code in defined.items() if name not in ("DONE", "LEAST_BUILD")}
    assert set(winget.CODES) == codes
    setup = tmp_path / "setup.exe"
    setup.write_bytes(b"x")
    winget.write(tmp_path / "winget", "1.2.3", "https://downloads.example/setup.exe", setup)
    texts = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "winget").iterdir()}
    assert len(texts) == 3
    assert all("PackageVersion: 1.2.3" in text for text in texts.values())
    (manifest,) = (text for name, text in texts.items() if ".installer." in name)
    assert "2D711642B726B04401627CA9FBAC32F5C8530FB1903CC4DB02258717921A4881" in manifest


def test_the_frozen_program_starts_its_engine_by_the_one_with_a_console(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "domonitor-gui.exe"))
    given = Starting().arguments(tmp_path, tmp_path / "report")
    assert given[:2] == [str(tmp_path / "domonitor.exe"), "engine"]


@pytest.mark.skipif(sys.platform == "win32", reason="there it does what it is asked for")
def test_the_installers_part_does_nothing_elsewhere() -> None:
    assert installer.main(["make-way"]) == installer.WRONG_USE


def test_what_the_program_leaves_out_is_imported_by_nothing_of_ours() -> None:
    """But where somebody catches that it is missing, or needs it on Linux alone."""
    spec = (WINDOWS / "bundle.spec").read_text(encoding="utf-8")
    unused = set(re.findall(r'"(\w+)"', spec[spec.index("UNUSED = [") : spec.index("COMMANDS_ONLY")]))
    allowed = {"pyqtgraph": {"speed_graph.py"}}
    found = {
        (path.name, name)
        for path in (ROOT / "domonitor").rglob("*.py")
        for name in re.findall(r"^\s*(?:import|from) (\w+)", path.read_text(encoding="utf-8"), re.M)
        if name in unused and path.name not in allowed.get(name, set())
    }
    assert found == set()
