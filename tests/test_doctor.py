"""The doctor as its user runs it: the real program in a process of its own, each trouble brought about for real."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from domonitor.backends.engine import EngineManager, schema
from domonitor.doctor import CHECKS, examine
from domonitor.doctor.finding import ok
from tests.conforming import conforms

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="what is brought about here is POSIX's")
AS_ROOT = pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="needs the rights of root")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's home in which nothing is wrong, on a desktop that Qt is told of."""
    for name in ("downloads", "config/domonitor", "data", "state", "run"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def environment(home: Path, **others: str | None) -> dict[str, str]:
    of_home = {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_DOWNLOAD_DIR": str(home / "downloads"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    wanted: Mapping[str, str | None] = {**os.environ, **of_home, "SSL_CERT_FILE": None, "DOMONITOR_LOG": None, **others}
    return {name: value for name, value in wanted.items() if value is not None}


def doctor(home: Path, *before: str, **others: str | None) -> tuple[int, dict[str, Any]]:
    """The exit code, and what was found by the names of the checks. before: what the program is started by."""
    done = subprocess.run(
        [*before, sys.executable, "-m", "domonitor", "doctor", "--json"],
        capture_output=True,
        text=True,
        timeout=45,
        cwd=home,
        env=environment(home, **others),
        stdin=subprocess.DEVNULL,
    )
    assert done.stderr == ""
    answer = json.loads(done.stdout)
    assert conforms(answer)
    assert [check["name"] for check in answer["checks"]] == list(CHECKS)
    levels = {check["level"] for check in answer["checks"]}
    assert (done.returncode == 1) is ("problem" in levels) is answer["has_problem"]
    for check in answer["checks"]:
        assert check["found"]
        assert check["remedy"] or check["level"] != "problem"
    return done.returncode, {check["name"]: check for check in answer["checks"]}


def troubles(found: dict[str, Any]) -> dict[str, str]:
    return {name: check["level"] for name, check in found.items() if check["level"] != "ok"}


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def test_a_machine_in_order(home: Path) -> None:
    code, found = doctor(home)
    assert (code, troubles(found)) == (0, {})
    assert "HTTP2" in found["libcurl"]["found"]
    assert "certificates in" in found["trust"]["found"]
    assert "BITS: not on this system" in found["services"]["found"]
    assert listing(home) == {}


def test_it_is_told_as_a_table_too(home: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "domonitor", "doctor"],
        capture_output=True,
        text=True,
        timeout=45,
        env=environment(home, SSL_CERT_FILE="/nowhere", COLUMNS="150"),
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert "\x1b" not in told.stdout
    for name in CHECKS:
        assert name in told.stdout
    assert "What to do: Correct or unset it." in told.stdout


def test_without_a_display(home: Path) -> None:
    code, found = doctor(home, QT_QPA_PLATFORM=None, DISPLAY=None, WAYLAND_DISPLAY=None)
    assert (code, troubles(found)) == (0, {"display": "warning"})
    assert "all commands work" in found["display"]["found"]


def test_a_display_on_which_nobody_draws(home: Path) -> None:
    code, found = doctor(home, QT_QPA_PLATFORM=None, DISPLAY=":9971", WAYLAND_DISPLAY=None)
    assert (code, troubles(found)) == (1, {"Qt": "problem"})
    assert ":9971" in found["Qt"]["found"]


def test_a_plugin_that_qt_has_not(home: Path) -> None:
    code, found = doctor(home, QT_QPA_PLATFORM="nonesuch")
    assert (code, troubles(found)) == (1, {"Qt": "problem"})
    assert "nonesuch" in found["Qt"]["found"]


@AS_ROOT
def test_a_shared_library_that_is_missing_is_named(home: Path) -> None:
    libraries = Path("/usr/lib/x86_64-linux-gnu")
    if not (libraries / "libEGL.so.1").exists():
        pytest.skip("libEGL is not where it can be hidden")
    hide = (
        f"mount -t tmpfs none {home}/data && mkdir {home}/data/up {home}/data/work"
        f" && mknod {home}/data/up/libEGL.so.1 c 0 0"
        f" && mount -t overlay -o lowerdir={libraries},upperdir={home}/data/up,workdir={home}/data/work"
        f" none {libraries}"
    )
    if subprocess.run(["unshare", "-m", "sh", "-c", hide], capture_output=True, timeout=30).returncode:
        pytest.skip("nothing can be mounted here")
    code, found = doctor(home, "unshare", "-m", "sh", "-c", f'{hide} && exec "$@"', "sh")
    assert code == 1
    assert "libEGL.so.1" in found["Qt"]["found"]
    assert "apt-get install libegl1" in found["Qt"]["remedy"]


def test_a_libcurl_that_can_not_be_loaded(home: Path, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "pycurl.py").write_text('raise ImportError("libssl.so.3: cannot open shared object file")')
    code, found = doctor(home, PYTHONPATH=f"{tmp_path / 'broken'}:{ROOT}")
    assert code == 1
    assert found["libcurl"]["level"] == "problem"
    assert "libssl.so.3" in found["libcurl"]["found"]
    assert {name for name, level in troubles(found).items() if level == "problem"} == {"libcurl"}


def test_trust_that_is_named_where_nothing_is(home: Path) -> None:
    code, found = doctor(home, SSL_CERT_FILE="/nowhere/ca.pem")
    assert (code, troubles(found)) == (0, {"trust": "warning"})
    assert "/nowhere/ca.pem, which is not there" in found["trust"]["found"]


def test_trust_without_a_certificate(home: Path) -> None:
    (home / "ca.pem").write_text("no certificate")
    code, found = doctor(home, SSL_CERT_FILE=str(home / "ca.pem"))
    assert (code, troubles(found)) == (1, {"trust": "problem"})
    assert "SSL_CERT_FILE" in found["trust"]["remedy"]


@AS_ROOT
def test_no_trust_at_all(home: Path) -> None:
    hide = "mount -t tmpfs none /etc/ssl && { test ! -d /usr/lib/ssl || mount -t tmpfs none /usr/lib/ssl; }"
    if subprocess.run(["unshare", "-m", "sh", "-c", hide], capture_output=True, timeout=30).returncode:
        pytest.skip("nothing can be mounted here")
    code, found = doctor(home, "unshare", "-m", "sh", "-c", f'{hide} && exec "$@"', "sh")
    assert (code, troubles(found)) == (1, {"trust": "problem"})
    assert "ca-certificates" in found["trust"]["remedy"]


def chosen(home: Path, **settings: object) -> None:
    (home / "config" / "domonitor" / "settings.json").write_text(json.dumps(settings))


@pytest.mark.parametrize(("folder", "said"), [("/proc", "can't be written"), ("/nowhere", "is not there")])
def test_a_download_folder_that_takes_nothing(home: Path, folder: str, said: str) -> None:
    chosen(home, download_folder=folder)
    code, found = doctor(home)
    assert (code, troubles(found)) == (1, {"download folder": "problem"})
    assert said in found["download folder"]["found"]


def test_a_sound_list_is_counted_and_left_as_it_is(home: Path) -> None:
    manager = EngineManager(home / "data" / "domonitor" / "engine")
    for number in range(3):
        manager.create_job(f"job {number}")
    try:
        before = listing(home)
        code, found = doctor(home)
        assert (code, troubles(found)) == (0, {})
        assert found["list of downloads"]["found"].startswith("3 downloads, ")
        assert found["list of downloads"]["found"].endswith(f"in use by process {os.getpid()}.")
        assert (
            found["engine"]["found"] == f"It runs in process {os.getpid()}. It is met in {home / 'run' / 'domonitor'}."
        )
        assert listing(home) == before
    finally:
        manager.close()
    before = listing(home)
    code, found = doctor(home)
    assert (code, troubles(found)) == (0, {})
    assert "in use" not in found["list of downloads"]["found"]
    assert found["engine"]["found"].startswith("It is not running.")
    assert listing(home) == before


@pytest.mark.parametrize("harm", ["overwritten", "in its midst"])
def test_a_damaged_list(home: Path, harm: str) -> None:
    folder = home / "data" / "domonitor" / "engine"
    manager = EngineManager(folder)
    for number in range(200):
        manager.create_job(f"job {number}")
    manager.close()
    with open(folder / "engine.sqlite", "r+b") as file:
        file.seek(0 if harm == "overwritten" else 8192)
        file.write(b"x" * 20_000)
    before = listing(home)
    code, found = doctor(home)
    assert (code, troubles(found)) == (1, {"list of downloads": "problem"})
    assert "is damaged" in found["list of downloads"]["found"]
    assert listing(home) == before


def test_a_list_of_a_newer_version(home: Path) -> None:
    folder = home / "data" / "domonitor" / "engine"
    EngineManager(folder).close()
    with sqlite3.connect(folder / "engine.sqlite") as database:
        database.execute(f"PRAGMA user_version={schema.VERSION + 1}")
    database.close()
    code, found = doctor(home)
    assert (code, troubles(found)) == (1, {"list of downloads": "problem"})
    assert "newer" in found["list of downloads"]["found"]


def test_a_file_where_the_engines_folder_should_be(home: Path) -> None:
    (home / "data" / "domonitor").write_text("")
    code, found = doctor(home)
    assert (code, troubles(found)) == (1, {"list of downloads": "problem"})
    assert "is in the way" in found["list of downloads"]["found"]


def test_an_engines_folder_to_which_others_may_write(home: Path) -> None:
    folder = home / "data" / "domonitor" / "engine"
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    code, found = doctor(home)
    assert (code, troubles(found)) == (1, {"engine": "problem"})
    assert "chmod go-w" in found["engine"]["remedy"]


def test_no_place_where_only_this_user_can_meet_the_engine(home: Path) -> None:
    for open_to_all in (home / "run" / "domonitor", home / f"domonitor-{os.getuid()}"):
        open_to_all.mkdir()
        open_to_all.chmod(0o777)
    code, found = doctor(home, TMPDIR=str(home))
    if "/run/user" in found["engine"]["found"] and code == 0:
        pytest.skip("the system has a place of its own for this user")
    assert (code, troubles(found)) == (1, {"engine": "problem"})
    assert "chmod 700" in found["engine"]["remedy"]


def test_a_clock_that_is_behind(home: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(ROOT / "domonitor", elsewhere / "domonitor", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "resources", elsewhere / "resources")
    os.utime(elsewhere / "domonitor" / "__init__.py", (4e9, 4e9))
    code, found = doctor(home, PYTHONPATH=str(elsewhere))
    assert (code, troubles(found)) == (1, {"clock": "problem"})
    assert "date and time" in found["clock"]["remedy"]


def test_settings_that_can_not_be_read(home: Path) -> None:
    (home / "config" / "domonitor" / "settings.json").write_text("{")
    code, found = doctor(home, DOMONITOR_LOG="info")
    assert (code, troubles(found)) == (1, {"settings": "problem"})


def test_a_setting_that_can_not_be_used_is_named(home: Path) -> None:
    chosen(home, theme="pink", auto_complete=False)
    code, found = doctor(home)
    assert (code, troubles(found)) == (0, {"settings": "warning"})
    assert "theme" in found["settings"]["found"]
    assert "auto_complete" not in found["settings"]["found"]


def test_logs_that_can_not_be_written(home: Path) -> None:
    (home / "state" / "domonitor").write_text("")
    code, found = doctor(home)
    assert (code, troubles(found)) == (0, {"logs": "warning"})


def test_the_self_test_of_bits_is_for_windows() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "domonitor", "doctor", "--selftest"],
        capture_output=True,
        text=True,
        timeout=45,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "The self-test is for BITS, which is on Windows alone.\n"


# Everything is imported before: the program may lie where other users can't read it.
AS_NOBODY = """
import os, sys
from pathlib import Path
from domonitor import cli
from domonitor.doctor import examine
import rich.console, rich.table
examine(Path("/nowhere"))
os.setgroups([])
os.setgid(12345)
os.setuid(12345)
for name in [name for name in os.environ if name.startswith("XDG_") or name in ("HOME", "USER", "LOGNAME")]:
    del os.environ[name]
sys.exit(cli.main(["doctor", "--json"]))
"""


@AS_ROOT
def test_without_a_user_profile(home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", AS_NOBODY], capture_output=True, text=True, timeout=45, cwd="/", env=environment(home)
    )
    assert done.stderr == ""
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert {name for name, level in troubles(found).items() if level == "problem"} <= {"Qt"}
    for name in ("download folder", "list of downloads", "logs"):
        assert found[name]["level"] == "warning"
        assert "no user profile" in found[name]["found"]


def test_a_check_that_hangs_keeps_nobody_waiting(tmp_path: Path) -> None:
    end = threading.Event()

    def hangs(_: Path) -> Any:
        end.wait(30)
        return ok("late")

    def breaks(_: Path) -> Any:
        raise ValueError("http://u:S3CRET@a.de/?S3CRET")

    found = dict(examine(tmp_path, {"hangs": hangs, "breaks": breaks, "works": lambda _: ok("well")}, limit_s=0.2))
    end.set()
    assert {name: str(finding.level) for name, finding in found.items()} == {
        "hangs": "warning",
        "breaks": "problem",
        "works": "ok",
    }
    assert found["breaks"].found == "The check failed: ValueError: http://a.de/?…."
