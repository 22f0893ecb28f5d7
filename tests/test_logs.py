"""The logs on real files: what is in them, what never is, and that nothing fails for want of them."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domonitor import __version__, logs, settings
from domonitor.logs import Kind
from domonitor.settings import Settings
from tests.backends.engine.hosting import host_on
from tests.conforming import conforms

ROOT = Path(__file__).parent.parent
MARK = "S3CRET"

TOLD = ("domonitor", "py.warnings")

logger = logging.getLogger("domonitor.tests.logs")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the log of this process is written meanwhile."""
    root = logging.getLogger()
    before = list(root.handlers), root.level, sys.excepthook, threading.excepthook
    logs.start(Kind.WINDOW, "debug", folder=tmp_path / "log")
    (tmp_path / "log" / "domonitor.log").write_bytes(b"")
    for each in TOLD:  # pytest sets the root logger's level anew in each phase of a test
        logging.getLogger(each).setLevel(logging.DEBUG)
    yield tmp_path / "log"
    for each in TOLD:
        logging.getLogger(each).setLevel(logging.NOTSET)
    for handler in set(root.handlers) - set(before[0]):
        if isinstance(handler, logs._File):
            root.removeHandler(handler)
            handler.close()
    root.setLevel(before[1])
    sys.excepthook, threading.excepthook = before[2:]
    logging.captureWarnings(False)


def written(folder: Path, kind: Kind = Kind.WINDOW) -> str:
    return "".join(path.read_text(encoding="utf-8") for path in logs.files(kind, folder))


def in_a_process(folder: Path, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs code after the start of the log of a foreground host."""
    start = f"import logging, sys; from domonitor import logs; from domonitor.logs import Kind; F = {str(folder)!r}\n"
    return subprocess.run(
        [sys.executable, "-c", start + code],
        capture_output=True,
        text=True,
        timeout=45,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
    )


# What may stand in an address: no space, no control character.
_IN_ADDRESS = st.text(st.characters(exclude_categories=["Z", "C"]), max_size=20)
_IN_SERVER = st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="/?#\\@:[]"), max_size=20)
_IN_HEADER = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=40)

_ADDRESSES = st.one_of(
    _IN_SERVER.map(lambda text: f"https://anna:{MARK}{text}{MARK}@example.com:8080/a/b.iso"),
    _IN_SERVER.map(lambda text: f"http://{MARK}{text}{MARK}:pw@[::1]/"),
    _IN_ADDRESS.map(lambda text: f"HTTP://example.com/a@b/c?token={MARK}{text}{MARK}"),
    _IN_ADDRESS.map(lambda text: f"http://example.com?{MARK}{text}&{MARK}"),
    _IN_ADDRESS.map(lambda text: f"https://u:p@example.com/a#access_token={MARK}{text}{MARK}"),
    _IN_SERVER.map(lambda text: f"anna:{MARK}{text}{MARK}@proxy:3128"),
    _IN_ADDRESS.map(lambda text: f"/a.iso?key={MARK}{text}{MARK}"),
)
_HEADERS = st.tuples(
    st.sampled_from(["Authorization", "proxy-authorization", "COOKIE", "Set-Cookie", "set-cookie2"]),
    _IN_HEADER.map(lambda text: f"Basic {MARK}{text} {MARK}"),
)
_TEXTS = st.one_of(
    _ADDRESSES,
    _ADDRESSES.map(lambda address: f"GET {address} HTTP/1.1\r\nHost: x"),
    _ADDRESSES.map(lambda address: json.dumps({"url": address, "next": 1})),
    _ADDRESSES.map(lambda address: repr([address.encode(), "x"])),
    _ADDRESSES.map(lambda address: f"one,{address},two"),
    _HEADERS.map(lambda header: f"{header[0]}: {header[1]}"),
    _HEADERS.map(lambda header: f"GET / HTTP/1.1\r\n{header[0]}:{header[1]}\r\nHost: x"),
    _HEADERS.map(lambda header: repr(dict([header]))),
    _HEADERS.map(lambda header: repr([header])),
    _HEADERS.map(lambda header: json.dumps(dict([header]))),
    _HEADERS.map(lambda header: repr(f"{header[0]}: {header[1]}".encode())),
)


def _raise(error: Exception, cause: Exception | None = None) -> None:
    try:
        raise error from cause  # noqa: TRY301
    except Exception:
        logger.info("it failed", exc_info=True)


def _with_a_note(text: str) -> None:
    error = ValueError("plain")
    error.add_note(text)
    _raise(error)


WAYS: dict[str, Callable[[str], None]] = {
    "as the message": lambda text: logger.info("%s", text),
    "as an argument": lambda text: logger.info("%d of %s", 1, text),
    "as Python writes it": lambda text: logger.info("%r", (text,)),
    "by name": lambda text: logger.info("%(one)s", {"one": text}),
    "in an exception": lambda text: _raise(OSError(5, "failed", text)),
    "in what caused it": lambda text: _raise(ValueError("plain"), KeyError(text)),
    "in one of several": lambda text: _raise(ExceptionGroup("several", [ValueError(text), TypeError(text)])),
    "in its note": _with_a_note,
    "in what does not fit": lambda text: logger.info("%d", text),
    "with its stack": lambda text: logger.info("%s", text, stack_info=True),
    "in a warning": lambda text: logging.getLogger("py.warnings").info("%s", text),
}


@pytest.mark.parametrize("way", WAYS)
def test_no_secret_reaches_a_file(folder: Path, way: str, capfd: pytest.CaptureFixture[str]) -> None:
    @given(_TEXTS)
    def check(text: str) -> None:
        for path in logs.files(Kind.WINDOW, folder):
            path.write_bytes(b"")
        WAYS[way](text)
        found = written(folder)
        assert found
        assert MARK not in found

    check()
    assert MARK not in "".join(capfd.readouterr())


def test_a_line_says_when_what_and_who(folder: Path) -> None:
    logger.info("%s has arrived", "a.iso")
    (line,) = written(folder).splitlines()
    assert logs._BEGINNING.match(line)
    assert line.endswith(f" INFO {os.getpid()} MainThread domonitor.tests.logs: a.iso has arrived")


def test_what_comes_from_outside_begins_no_line_and_speaks_to_no_terminal(folder: Path) -> None:
    logger.info("a name: %s", "a\n2026-01-01 00:00:00.000Z CRITICAL \x1b[2J\u2028\x85")
    (line,) = written(folder).splitlines()
    assert r"a\n2026" in line
    assert "\x1b" not in line
    _raise(ValueError("\x1b[2J"))
    assert "\x1b" not in written(folder)


def test_an_exception_is_told_with_the_way_to_it(folder: Path) -> None:
    _raise(ValueError("what it was"))
    assert "test_logs.py" in written(folder)
    assert written(folder).splitlines()[-1] == "ValueError: what it was"


def test_text_that_is_no_text_is_written_all_the_same(folder: Path) -> None:
    logger.info("half a character: \ud800")
    assert r"\ud800" in written(folder)


def test_five_files_and_no_more_with_the_newest_lines(folder: Path) -> None:
    (handler,) = (each for each in logging.getLogger().handlers if isinstance(each, logs._File))
    assert (handler.maxBytes, handler.backupCount) == (2_000_000, 4)
    handler.maxBytes = 10_000
    for number in range(2_000):
        logger.info("line %d", number)
    paths = logs.files(Kind.WINDOW, folder)
    assert [path.name for path in paths] == [*(f"domonitor.log.{number}" for number in (4, 3, 2, 1)), "domonitor.log"]
    assert all(path.stat().st_size <= 10_000 for path in paths)
    assert {path.name for path in folder.iterdir()} == {path.name for path in paths}
    numbers = [int(line.rpartition(" ")[2]) for line in written(folder).splitlines()]
    assert numbers == list(range(numbers[0], 2_000))
    assert len(numbers) > 400


def test_a_file_that_another_process_has_rotated_is_left_alone(folder: Path) -> None:
    logger.info("before")
    (folder / "domonitor.log").rename(folder / "domonitor.log.1")
    logger.info("after")
    assert "before" in (folder / "domonitor.log.1").read_text()
    assert "after" not in (folder / "domonitor.log.1").read_text()
    assert "after" in (folder / "domonitor.log").read_text()


def test_a_folder_that_goes_away_fails_nothing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    logger.info("before")
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    logger.info("meanwhile")
    folder.mkdir()
    logger.info("after")
    assert "after" in written(folder)
    assert capfd.readouterr() == ("", "")


def test_window_and_engine_write_side_by_side_into_files_of_their_own(tmp_path: Path) -> None:
    code = "logs.start(Kind.{0}, folder=__import__('pathlib').Path(F))\nfor n in range(500): logging.info('{0} %d', n)"
    for kind in (Kind.WINDOW, Kind.ENGINE, Kind.ENGINE):
        done = in_a_process(tmp_path, code.format(kind.name))
        assert (done.returncode, done.stderr) == (0, "")
    assert len(written(tmp_path, Kind.WINDOW).splitlines()) == 501  # with the one that it begins with
    assert len(written(tmp_path, Kind.ENGINE).splitlines()) == 1_002
    assert "ENGINE" not in written(tmp_path, Kind.WINDOW)


@pytest.mark.parametrize("is_watched", [True, False], ids=["in the foreground", "in the background"])
def test_without_a_folder_the_foreground_is_told_and_nothing_fails(tmp_path: Path, is_watched: bool) -> None:
    in_the_way = tmp_path / "log"
    in_the_way.write_text("")
    code = (
        f"print(logs.start(Kind.ENGINE, folder=__import__('pathlib').Path(F), in_foreground={is_watched}))\n"
        "logging.warning('http://u:S3CRET@a.de/?S3CRET')"
    )
    done = in_a_process(in_the_way, code)
    assert (done.returncode, done.stdout) == (0, "False\n")
    assert done.stderr.endswith("root: http://a.de/?…\n") if is_watched else done.stderr == ""


def test_what_nobody_catches_is_in_the_log_without_its_secrets(tmp_path: Path) -> None:
    code = (
        "import threading\nlogs.start(Kind.ENGINE, folder=__import__('pathlib').Path(F))\n"
        "def fail(): raise ValueError('http://u:S3CRET@a.de/?S3CRET')\n"
        "t = threading.Thread(target=fail, name='a thread of mine'); t.start(); t.join()\nfail()"
    )
    assert in_a_process(tmp_path, code).returncode == 1
    log = written(tmp_path, Kind.ENGINE)
    assert log.count("ValueError: http://a.de/?…") == 2
    assert "a thread of mine ends: nobody caught this" in log
    assert "the program ends: nobody caught this" in log
    assert MARK not in log


@pytest.mark.parametrize(
    ("environment", "saved", "shown"),
    [("", "info", 4), ("", "error", 1), ("debug", "error", 5), ("WARNING", "info", 2), ("frob", "info", 4)],
)
def test_the_level_is_the_environments_else_the_settings(
    tmp_path: Path, environment: str, saved: str, shown: int
) -> None:
    settings.save(Settings(log_level=saved), tmp_path / "config" / "domonitor" / "settings.json")
    code = (
        "logs.start(Kind.ENGINE, folder=__import__('pathlib').Path(F))\n"
        "for level in (10, 20, 30, 40): logging.log(level, 'x')"
    )
    others = {"XDG_CONFIG_HOME": str(tmp_path / "config"), "DOMONITOR_LOG": environment}
    assert in_a_process(tmp_path / "log", code, **others).returncode == 0
    assert len(written(tmp_path / "log", Kind.ENGINE).splitlines()) == shown


def lines_of(kind: Kind, folder: Path, *lines: str) -> None:
    folder.mkdir(exist_ok=True)
    kind.file(folder).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def test_the_last_lines_of_several_logs_come_in_the_order_of_their_times(tmp_path: Path) -> None:
    lines_of(Kind.WINDOW, tmp_path, "2026-01-01 10:00:00.000Z one", "2026-01-01 10:00:02.000Z three", "Traceback")
    lines_of(Kind.ENGINE, tmp_path, "2026-01-01 10:00:01.000Z two", "2026-01-01 10:00:03.000Z four")
    ends = [line.rpartition(" ")[2] for line in logs.last_lines(Kind, 50, tmp_path)]
    assert ends == ["one", "two", "three", "Traceback", "four"]
    assert [line.rpartition(" ")[2] for line in logs.last_lines(Kind, 2, tmp_path)] == ["Traceback", "four"]
    assert [line.rpartition(" ")[2] for line in logs.last_lines([Kind.ENGINE], 1, tmp_path)] == ["four"]
    assert logs.last_lines(Kind, 0, tmp_path) == []
    assert logs.last_lines(Kind, 5, tmp_path / "nowhere") == []


def test_the_last_lines_reach_back_over_a_rotation(tmp_path: Path) -> None:
    lines_of(Kind.ENGINE, tmp_path, "2026-01-01 10:00:00.000Z one", "2026-01-01 10:00:01.000Z two")
    (tmp_path / "engine.log").rename(tmp_path / "engine.log.1")
    lines_of(Kind.ENGINE, tmp_path, "2026-01-01 10:00:02.000Z three")
    found = logs.last_lines([Kind.ENGINE], 2, tmp_path)
    assert [line.rpartition(" ")[2] for line in found] == ["two", "three"]


def test_a_followed_log_gives_each_new_line_once_also_over_a_rotation(folder: Path) -> None:
    logger.info("before")
    steps: Iterator[Callable[[], object]] = iter(
        [
            lambda: logger.info("one"),
            lambda: None,
            lambda: (logger.info("two"), (folder / "domonitor.log").rename(folder / "domonitor.log.1")),
            lambda: logger.info("three"),
            lambda: lines_of(Kind.ENGINE, folder, "four"),
        ]
    )

    def wait(_: float) -> bool:
        step = next(steps, None)
        if step is not None:
            step()
        return step is None

    followed = [line.rpartition(" ")[2] for line in logs.follow(Kind, wait, folder)]
    assert followed == ["one", "two", "three", "four"]


def run_log(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "domonitor", "log", *arguments],
        capture_output=True,
        text=True,
        timeout=45,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder)},
    )


@pytest.mark.skipif(sys.platform == "win32", reason="its log folder is chosen elsewhere")
def test_the_command_shows_the_logs_and_where_they_lie(tmp_path: Path) -> None:
    folder = tmp_path / "domonitor" / "log"
    done = run_log(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"Nothing was written down yet in {folder}.\n")
    folder.mkdir(parents=True)
    lines_of(Kind.WINDOW, folder, "2026-01-01 10:00:00.000Z one")
    lines_of(Kind.ENGINE, folder, "2026-01-01 10:00:01.000Z two")
    assert run_log(tmp_path).stdout == "2026-01-01 10:00:00.000Z one\n2026-01-01 10:00:01.000Z two\n"
    assert run_log(tmp_path, "engine", "-n", "5").stdout == "2026-01-01 10:00:01.000Z two\n"
    assert run_log(tmp_path, "--path").stdout == f"{folder / 'domonitor.log'}\n{folder / 'engine.log'}\n"
    lines = [json.loads(line) for line in run_log(tmp_path, "--json").stdout.splitlines()]
    assert [line["line"].rpartition(" ")[2] for line in lines if conforms(line)] == ["one", "two"]
    (paths,) = [json.loads(line) for line in run_log(tmp_path, "window", "--path", "--json").stdout.splitlines()]
    assert conforms(paths)
    assert paths["paths"] == [str(folder / "domonitor.log")]


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C is another thing there")
def test_the_command_follows_until_ctrl_c(tmp_path: Path) -> None:
    folder = tmp_path / "domonitor" / "log"
    folder.mkdir(parents=True)
    lines_of(Kind.ENGINE, folder, "2026-01-01 10:00:00.000Z one")
    following = subprocess.Popen(
        [sys.executable, "-u", "-m", "domonitor", "log", "--follow"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(tmp_path)},
    )
    assert following.stdout is not None
    assert following.stdout.readline().endswith(" one\n")
    with open(Kind.ENGINE.file(folder), "a", encoding="utf-8") as log:
        log.write("2026-01-01 10:00:02.000Z two\n")
    assert following.stdout.readline().endswith(" two\n")
    following.send_signal(signal.SIGINT)
    assert following.communicate(timeout=45) == ("", "")
    assert following.returncode == 130


def test_warnings_of_a_command_go_to_the_error_output_without_secrets(tmp_path: Path) -> None:
    done = in_a_process(tmp_path, "logs.start_in_a_command(); logging.info('x'); logging.warning('at u:S3CRET@a.de')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "at a.de\n")


@pytest.mark.skipif(sys.platform == "win32", reason="nothing ends a window there from outside")
def test_the_window_keeps_a_log(tmp_path: Path) -> None:
    folder = tmp_path / "domonitor" / "log"
    deadline_s = time.monotonic() + 45
    following = logs.follow([Kind.WINDOW], lambda pause_s: time.sleep(pause_s) or time.monotonic() > deadline_s, folder)
    window = subprocess.Popen(
        [sys.executable, "-m", "domonitor", "--in-process"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "XDG_STATE_HOME": str(tmp_path),
            "XDG_DATA_HOME": str(tmp_path / "data"),
            "QT_QPA_PLATFORM": "offscreen",
        },
    )
    try:
        assert f"domonitor {__version__} begins" in next(following)
    finally:
        window.terminate()
        said, _ = window.communicate(timeout=45)
    assert said == ""


def test_an_engines_host_keeps_its_log_in_its_own_folder(tmp_path: Path) -> None:
    with host_on(tmp_path) as host:
        host.connect().close()
        assert f"domonitor {__version__} begins" in Kind.ENGINE.file(host.folder).read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="its log folder is chosen elsewhere")
def test_the_users_own_engine_keeps_its_log_where_the_windows_is(tmp_path: Path) -> None:
    code = "logs.start_of_engine((settings.data_folder() / 'engine').resolve()); logging.warning('at %s', sys.argv)"
    others = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_DATA_HOME": str(tmp_path / "data")}
    done = in_a_process(tmp_path, f"from domonitor import settings\n{code}", **others)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(written(tmp_path / "state" / "domonitor" / "log", Kind.ENGINE).splitlines()) == 2
    assert not (tmp_path / "data").exists()
