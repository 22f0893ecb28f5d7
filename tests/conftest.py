"""What holds for every test: no real profile, no screen, and nothing unexpected in the log or left running."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = ["tests.server.fixtures"]

# All of this must stand before Qt and the user's folders are first asked for.
_PROFILE = Path(tempfile.mkdtemp(prefix="domonitor-tests-"))
if "DOMONITOR_TEST_PLATFORM" in os.environ:
    os.environ["QT_QPA_PLATFORM"] = os.environ["DOMONITOR_TEST_PLATFORM"]
    os.environ.setdefault("XAUTHORITY", str(Path.home() / ".Xauthority"))
else:
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["XDG_RUNTIME_DIR"] = str(_PROFILE)
    if sys.platform == "win32":
        # There this platform has the fonts of one folder and no others. These are Windows' own, or under Wine Linux'.
        os.environ["QT_QPA_FONTDIR"] = str(_PROFILE / "fonts")
        (_PROFILE / "fonts").mkdir()
        for _font in (Path("C:/Windows/Fonts/segoeui.ttf"), Path("Z:/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")):
            if _font.exists():
                shutil.copy(_font, _PROFILE / "fonts")
for _name, _folder in {
    "HOME": "home",
    "USERPROFILE": "home",
    "XDG_CONFIG_HOME": "config",
    "XDG_DATA_HOME": "data",
    "XDG_STATE_HOME": "state",
    "XDG_CACHE_HOME": "cache",
    "XDG_DOWNLOAD_DIR": "downloads",
    "APPDATA": "roaming",
    "LOCALAPPDATA": "local",
    # platformdirs asks Windows itself for the folders, unless these say otherwise.
    "WIN_PD_OVERRIDE_APPDATA": "roaming",
    "WIN_PD_OVERRIDE_LOCAL_APPDATA": "local",
    "WIN_PD_OVERRIDE_DOWNLOADS": "downloads",
    "HYPOTHESIS_STORAGE_DIRECTORY": "hypothesis",
}.items():
    (_PROFILE / _folder).mkdir(exist_ok=True)
    os.environ[_name] = str(_PROFILE / _folder)

hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

JOIN_WITHIN_S = 10.0 if sys.platform == "win32" else 2.0
"""Under Wine the library that draws the speed takes 3 s to load, on a thread that nothing waits for."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "expected_log(*patterns): log records of level WARNING or above that the test brings about; each regular "
        "expression must be found in at least one of them, and every other record fails the test",
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(_PROFILE, ignore_errors=True)


_IS_SKIPPED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[_IS_SKIPPED] = item.stash.get(_IS_SKIPPED, False) or report.skipped
    return report


class _Recorder(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{record.levelname} {record.name}: {record.getMessage()}"
        if record.exc_info and record.exc_info[1]:
            line += f" [{record.exc_info[1]!r}]"
        self.lines.append(line)


@pytest.fixture(autouse=True)
def _nothing_laid_down(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the administrator of this computer has laid down holds for no test."""
    from domonitor import policies

    monkeypatch.setattr(policies, "FILE", _PROFILE / "nothing-laid-down.toml")
    policies.in_force.cache_clear()
    yield
    policies.in_force.cache_clear()


LayDown = Callable[[str], Path]


@pytest.fixture
def lay_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LayDown:
    """Lays down policies, as the text of a file, on which whoever runs the tests counts as the administrator."""
    from domonitor import policies

    file = tmp_path / "laid-down.toml"
    monkeypatch.setattr(policies, "look", lambda: policies._from_file(policies.FILE))

    def write(text: str) -> Path:
        file.write_text(f"[policies]\n{text}\n", encoding="utf-8")
        file.chmod(0o644)
        monkeypatch.setattr(policies, "FILE", file)
        monkeypatch.setattr(policies, "ADMINISTRATOR", file.stat().st_uid)
        policies.in_force.cache_clear()
        return file

    return write


@pytest.fixture(autouse=True)
def _nothing_unexpected_in_the_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fails a test on stray warnings and errors in the log; asyncio reports a loop's exceptions there."""
    patterns = [pattern for marker in request.node.iter_markers("expected_log") for pattern in marker.args]
    recorder = _Recorder()
    logging.getLogger().addHandler(recorder)
    yield
    logging.getLogger().removeHandler(recorder)
    stray = [line for line in recorder.lines if not any(re.search(pattern, line) for pattern in patterns)]
    absent = [pattern for pattern in patterns if not any(re.search(pattern, line) for line in recorder.lines)]
    if stray:
        pytest.fail("unexpected in the log (see the marker expected_log):\n" + "\n".join(stray), pytrace=False)
    if absent and not request.node.stash[_IS_SKIPPED]:
        pytest.fail(f"expected in the log, but not there: {absent}", pytrace=False)


@pytest.fixture(autouse=True)
def _no_thread_left(_nothing_unexpected_in_the_log: None) -> Iterator[None]:
    """Fails a test that leaves one of our threads running."""
    before = set(threading.enumerate())
    yield
    ours = [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("domonitor-")]
    for thread in ours:
        thread.join(JOIN_WITHIN_S)
    left = sorted(thread.name for thread in ours if thread.is_alive())
    if left:
        pytest.fail(f"threads left running: {', '.join(left)}", pytrace=False)
