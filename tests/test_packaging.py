"""What a fresh checkout installs."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINS = [
    Requirement(line)
    for line in (ROOT / "packaging" / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
ASKED = [
    Requirement(line)
    for line in (
        *PROJECT["project"]["dependencies"],
        *PROJECT["project"]["optional-dependencies"]["test"],
        *PROJECT["build-system"]["requires"],
    )
]


def test_every_constraint_is_one_exact_version_without_an_address() -> None:
    for pin in PINS:
        assert re.fullmatch(r"==[0-9][0-9a-z.]*", str(pin.specifier)), pin
        assert pin.url is None
    names = [canonicalize_name(pin.name) for pin in PINS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: asked.name)
def test_whatever_the_project_asks_for_is_pinned_to_a_version_that_fits(asked: Requirement) -> None:
    (pin,) = (pin for pin in PINS if canonicalize_name(pin.name) == canonicalize_name(asked.name))
    assert asked.specifier.contains(str(pin.specifier).removeprefix("=="))


def test_what_the_windows_tests_install_is_pinned_and_what_is_run_is_known_by_its_bytes() -> None:
    windows = ROOT / "packaging" / "windows"
    lines = (windows / "packages.txt").read_text(encoding="utf-8").splitlines()
    asked = [Requirement(line) for line in lines if not line.startswith("#")]
    assert asked
    pinned = {canonicalize_name(pin.name) for pin in PINS}
    assert {canonicalize_name(each.name) for each in asked} <= pinned
    for own in (each for each in asked if each.specifier):
        (fits,) = (each.specifier for each in ASKED if canonicalize_name(each.name) == canonicalize_name(own.name))
        assert fits.contains(str(own.specifier).removeprefix("==")), own
    for name in ("python.txt", "compiler.txt"):
        (known,) = (line for line in (windows / name).read_text(encoding="utf-8").splitlines() if line[0] != "#")
        assert re.fullmatch(r"[a-z-]+==[0-9.]+ --hash=sha256:[0-9a-f]{64}", known)


@pytest.mark.parametrize(("arguments", "exit_code"), [([], 2), (["--help"], 0), (["install"], 2), (["picture"], 2)])
def test_dev_py_says_how_it_is_used(arguments: list[str], exit_code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-I", str(ROOT / "packaging" / "dev.py"), *arguments], capture_output=True, text=True
    )
    assert done.returncode == exit_code
    assert "python3 packaging/dev.py demo" in done.stdout + done.stderr


@pytest.mark.skipif(os.name == "nt", reason="apt is Debian's")
def test_what_is_installed_for_tests_brings_nothing_else_along_and_starts_no_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text(f'#!/bin/sh\necho "$@ RUNLEVEL=$RUNLEVEL SYSTEMD_OFFLINE=$SYSTEMD_OFFLINE" >> {tmp_path}/asked\n')
    apt.chmod(0o755)
    (tmp_path / "dpkg-query").write_text("#!/bin/sh\necho 'installed|tinyproxy, '\n")
    (tmp_path / "dpkg-query").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    runpy.run_path(str(ROOT / "packaging" / "dev.py"))["install_servers"]()
    update, install = (tmp_path / "asked").read_text().splitlines()
    assert update.startswith("update")
    assert install == "install --yes --no-install-recommends nginx-light aria2 RUNLEVEL=1 SYSTEMD_OFFLINE=1"
