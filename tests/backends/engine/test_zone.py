"""Windows' mark of the web: what it says, who may forbid it, and that no file has its name before its mark."""

from __future__ import annotations

import sys
import threading

import pytest

from domonitor.backends.engine import disk, zone
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import Engine
from tests.server import Origin, Pattern, Resource

SMALL = Pattern(300_000, seed=1)


@pytest.mark.parametrize(
    ("remote_name", "host"),
    [
        ("https://example.com/a/setup.exe", "https://example.com/a/setup.exe"),
        ("https://me:password@example.com:8443/a?token=secret#part", "https://example.com:8443/a"),
        ("http://example.com", "http://example.com/"),
        ("http://example.com?token=secret", "http://example.com/"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
        ("http://b\u00fccher.example/\u00fc", "http://xn--bcher-kva.example/%C3%BC"),
    ],
)
def test_the_mark_says_whence_the_file_came_and_nothing_secret(remote_name: str, host: str) -> None:
    assert zone.text(remote_name) == f"[ZoneTransfer]\r\nZoneId=3\r\nHostUrl={host}\r\n"


@pytest.mark.parametrize(
    ("policies", "is_allowed"),
    [
        ([None, None], True),
        ([2, None], True),
        ([1, None], False),
        ([None, 1], False),
        ([2, 1], False),
        (["1", b""], True),
        ([], True),
    ],
)
def test_the_policy_of_the_user_or_of_the_computer_can_forbid_marks(policies: list[object], is_allowed: bool) -> None:
    assert zone.is_allowed(policies) is is_allowed


class Marks:
    """What was written as a mark, and by which thread; and whether the file had its name already."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
        self.written: list[tuple[str, str, str, bool]] = []
        self._engine = engine
        monkeypatch.setattr(zone, "IS_KNOWN_HERE", True)
        monkeypatch.setattr(disk, "write_stream", self._write)

    def _write(self, part: str, name: str, text: str) -> None:
        has_name = (self._engine.downloads / "a").exists()
        self.written.append((name, text, threading.current_thread().name, has_name))


def test_a_file_is_marked_before_it_has_its_name(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = Marks(monkeypatch, engine)
    monkeypatch.setattr(zone, "policies", lambda: [None, 2])
    url = origin.add("/a", Resource(SMALL))
    job = engine.job((f"{url}?token=secret", "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    assert marks.written == []
    job.complete()
    assert marks.written == [("Zone.Identifier", zone.text(url), "domonitor-store", False)]
    assert engine.on_disk == {"a"}


def test_where_the_policy_forbids_it_nothing_is_marked(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = Marks(monkeypatch, engine)
    monkeypatch.setattr(zone, "policies", lambda: [1, None])
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert marks.written == []
    assert engine.on_disk == {"a"}


def test_a_file_system_without_streams_harms_nothing(
    engine: Engine, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(part: str, name: str, text: str) -> None:
        raise OSError(22, "the name is not valid")

    monkeypatch.setattr(zone, "IS_KNOWN_HERE", True)
    monkeypatch.setattr(disk, "write_stream", fail)
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    assert (engine.downloads / "a").read_bytes() == SMALL.bytes()


def test_a_stream_makes_no_file(engine: Engine) -> None:
    disk.write_stream(str(engine.downloads / "missing"), zone.STREAM, "text")
    assert engine.on_disk == set()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has such marks")
def test_other_systems_know_no_marks(engine: Engine, origin: Origin) -> None:
    assert not zone.IS_KNOWN_HERE
    job = engine.job((origin.add("/a", Resource(SMALL)), "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    assert engine.on_disk == {"a"}


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows has such marks")
def test_windows_reads_the_mark(engine: Engine, origin: Origin) -> None:
    url = origin.add("/a", Resource(SMALL))
    job = engine.job((url, "a"))
    engine.until_state(job, JobState.TRANSFERRED)
    job.complete()
    try:
        with open(f"{engine.downloads / 'a'}:{zone.STREAM}", encoding="utf-8", newline="") as stream:
            assert stream.read() == zone.text(url)
    except OSError:
        pytest.skip("this file system has no streams, or a policy forbids the marks")
