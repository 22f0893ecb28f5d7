"""What the history keeps, on real files: what comes back, who may write, and what becomes of a file that is broken."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domonitor import history as history_module
from domonitor.history import KEPT_FOR, GoneJob, History, HistoryUnusable, Records
from domonitor.jobs.error import CopyError, ErrorContext, ErrorFile
from domonitor.jobs.event import Event, EventKind
from domonitor.jobs.job import Job, JobKey, Origin, Priority, Progress, Times
from domonitor.jobs.state import Command, JobState
from tests.jobs.samples import SOME_DAY, a_job

KEY = JobKey("bits", "{5}")
ERROR = CopyError(
    ErrorContext.GENERAL_TRANSPORT,
    0x80072EE7,
    '"dl.example.com" has no address.',
    "The error occurred on the way to the server.",
    ErrorFile("https://dl.example.com/file.iso", "/home/anna/file.iso"),
    "https",
    occurred_at=SOME_DAY,
    retry_at=SOME_DAY + timedelta(seconds=40),
    attempts=3,
)
ROOT = Path(__file__).parents[1]


def now() -> datetime:
    return SOME_DAY + timedelta(days=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history.sqlite"


@pytest.fixture
def history(path: Path) -> Iterator[History]:
    with closing(History(path, now)) as opened:
        yield opened


def gone(number: int, name: str = "", at: datetime = SOME_DAY) -> GoneJob:
    return GoneJob(a_job(str(number), JobState.ACKNOWLEDGED, display_name=name or f"job {number}"), at)


def failed(error: CopyError = ERROR, at: datetime = SOME_DAY) -> Event:
    return Event(at, EventKind.ERROR, code=error.code, error=error)


def entered(state: JobState, seconds: float = 0) -> Event:
    return Event(SOME_DAY + timedelta(seconds=seconds), EventKind.STATE, state)


def names(jobs: tuple[GoneJob, ...]) -> list[str]:
    return [one.job.display_name for one in jobs]


# What comes back.


def test_a_gone_job_comes_back_as_it_was_last_seen(history: History) -> None:
    job = Job(
        KEY,
        "A download",
        JobState.CANCELLED,
        Progress(None, 5_000_000_000, 3, 1),
        Times(SOME_DAY, SOME_DAY + timedelta(microseconds=1), SOME_DAY),
        Priority.LOW,
        Origin.SYSTEM,
        owner="anna",
        description="nightly",
        error_code=0x80072EE7,
        auto_complete=True,
        waiting_reason="the network is down",
        refusals={Command.CANCEL: "It is not ours."},
    )
    assert history.record(Records(gone=(GoneJob(job, SOME_DAY, has_vanished=True),)))
    (back,) = history.gone()
    # Why it waited and what could not be done with it was true of that moment alone.
    assert back.job == replace(job, waiting_reason=None, refusals={})
    assert (back.at, back.has_vanished) == (SOME_DAY, True)


def test_an_error_comes_back_whole_and_the_last_one_stands(history: History, path: Path) -> None:
    other = replace(ERROR, code=0x80070070, file=None, occurred_at=None, attempts=None)
    history.record(Records(errors=((KEY, failed(other)),)))
    history.record(Records(errors=((KEY, failed()),)))
    history.close()
    with closing(History(path, now)) as again:
        assert again.last_error(KEY) == failed()
        assert again.last_error(KEY._replace(service="do")) is None


def test_a_timeline_comes_back_oldest_first(history: History) -> None:
    events = (
        entered(JobState.QUEUED),
        Event(SOME_DAY, EventKind.COMMAND, code=0x80D02013, detail="resume", origin="window"),
        entered(JobState.TRANSIENT_ERROR),
        failed(),
        Event(SOME_DAY, EventKind.RETRY),
    )
    history.record(Records(events=tuple((KEY, event) for event in events[:2])))
    history.record(Records(events=tuple((KEY, event) for event in events[2:])))
    assert history.events(KEY) == events
    assert history.events(JobKey("bits", "another")) == ()


def test_a_job_seen_again_as_it_was_adds_nothing_to_its_timeline(history: History) -> None:
    """Each start of the program sees every job for the first time."""
    seen = Records(events=((KEY, entered(JobState.TRANSIENT_ERROR)), (KEY, failed())))
    history.record(seen)
    history.record(seen)
    assert history.events(KEY) == (entered(JobState.TRANSIENT_ERROR), failed())
    again = ((KEY, entered(JobState.QUEUED)), *seen.events)
    history.record(Records(events=again))
    assert [event.kind for event in history.events(KEY)] == ["state", "error", "state", "state", "error"]


def test_gone_jobs_are_read_in_pages_and_the_last_one_comes_first(history: History) -> None:
    history.record(Records(gone=tuple(gone(number) for number in range(5))))
    history.record(Records(gone=(gone(9, at=SOME_DAY - timedelta(days=1)),)))
    first = history.gone(4)
    assert names(first) == ["job 9", "job 4", "job 3", "job 2"]
    assert names(history.gone(4, before=first[-1].number)) == ["job 1", "job 0"]
    assert history.gone(4, before=history.gone(9)[-1].number) == ()


def test_gone_jobs_are_found_by_their_names_in_letters_of_any_case(history: History) -> None:
    history.record(Records(gone=(gone(1, "Übersicht.PDF"), gone(2, "100 %_done"), gone(3, "broken \udcff name"))))
    assert names(history.gone(text="üBER")) == ["Übersicht.PDF"]
    assert names(history.gone(text="%_")) == ["100 %_done"]
    assert names(history.gone(text="BROKEN")) == ["broken \udcff name"]
    assert history.gone(text="nowhere") == ()


def test_a_job_that_vanished_and_is_back_is_not_gone(history: History) -> None:
    vanished, ended = replace(gone(1), has_vanished=True), gone(2)
    history.record(Records(gone=(vanished, ended)))
    history.record(Records(listed=(vanished.job.key, ended.job.key)))
    assert names(history.gone()) == ["job 2"]


def test_no_secret_reaches_the_file(history: History, path: Path) -> None:
    address = "https://anna:secret@dl.example.com/file.iso?token=secret#secret"
    job = a_job("1", display_name=address, description=f'from "{address}" by hand')
    error = replace(ERROR, description=f"{address} is not there", file=ErrorFile(address, "/home/anna/file.iso"))
    event = Event(SOME_DAY, EventKind.COMMAND, detail=address)
    history.record(
        Records((GoneJob(job, SOME_DAY),), (), ((KEY, failed(error)),), ((KEY, failed(error)), (KEY, event)))
    )
    history.close()
    assert b"secret" not in path.read_bytes()
    with closing(History(path, now)) as again:
        assert again.gone()[0].job.display_name == "https://dl.example.com/file.iso?…"
        assert again.gone()[0].job.description == 'from "https://dl.example.com/file.iso?…" by hand'


@pytest.mark.skipif(sys.platform == "win32", reason="there the folder's inherited rights protect it")
def test_the_file_is_for_its_user_alone(history: History, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# How much is kept.


def test_what_is_old_is_forgotten_at_the_next_start(history: History, path: Path) -> None:
    old, young = SOME_DAY - KEPT_FOR, SOME_DAY + timedelta(days=1) - KEPT_FOR
    for number, at in enumerate((old, young)):
        error, event = failed(at=at), replace(entered(JobState(number)), at=at)
        history.record(Records((gone(number, at=at),), errors=((gone(number).job.key, error),), events=((KEY, event),)))
    history.close()
    with closing(History(path, now)) as again:
        assert names(again.gone()) == ["job 1"]
        assert again.last_error(gone(0).job.key) is None
        assert again.last_error(gone(1).job.key) == failed(at=young)
        assert [event.at for event in again.events(KEY)] == [young]


def test_what_is_old_is_forgotten_once_a_day_while_it_is_open(path: Path) -> None:
    moments = [SOME_DAY]
    with closing(History(path, lambda: moments[-1])) as history:
        history.record(Records(gone=(gone(1), gone(2, at=SOME_DAY + timedelta(days=1)))))
        moments.append(SOME_DAY + KEPT_FOR + timedelta(minutes=1))
        history.record(Records(gone=(gone(3, at=moments[-1]),)))
        assert names(history.gone()) == ["job 3", "job 2"]


def test_only_so_much_is_kept(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MOST_ROWS", {"gone": 2, "errors": 20, "events": 20})
    history.record(Records(gone=tuple(gone(number) for number in range(5))))
    history.prune(SOME_DAY - timedelta(days=1))
    assert names(history.gone()) == ["job 4", "job 3"]


# Who writes.


def test_a_second_one_reads_and_leaves_the_writing_to_the_first(history: History, path: Path) -> None:
    with closing(History(path, now)) as second:
        history.record(Records(gone=(gone(1),)))
        assert not second.record(Records(gone=(gone(2),)))
        assert names(second.gone()) == ["job 1"]
        history.close()
        assert second.record(Records(gone=(gone(3),)))
        assert names(second.gone()) == ["job 3", "job 1"]


def test_reading_does_not_wait_for_a_write(history: History, path: Path) -> None:
    history.record(Records(gone=(gone(1),)))
    with closing(sqlite3.connect(path, isolation_level=None)) as busy:
        busy.execute("BEGIN IMMEDIATE")
        busy.execute("DELETE FROM gone")
        assert names(history.gone()) == ["job 1"]
        with pytest.raises(HistoryUnusable, match="can't be written"):
            history.record(Records(gone=(gone(2),)))
    assert history.record(Records(gone=(gone(3),)))
    assert names(history.gone()) == ["job 3", "job 1"]


def test_where_the_writing_process_is_killed_another_one_goes_on(path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from domonitor.history import *;"
        "from tests.test_history import gone;"
        "print(History(Path(sys.argv[1])).record(Records(gone=(gone(1),))), flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(path)], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"True"
        with closing(History(path)) as second:
            assert not second.record(Records(gone=(gone(2),)))
            process.kill()
            process.wait()
            assert second.record(Records(gone=(gone(3),)))
            assert "job 3" in names(second.gone())


# Files that can't be used.


def test_a_damaged_file_is_kept_aside_and_a_new_one_begun(path: Path) -> None:
    path.parent.mkdir()
    for content, aside in ((b"rubbish" * 999, "history.sqlite.damaged"), (b"!" * 200, "history.sqlite.damaged1")):
        path.write_bytes(content)
        with closing(History(path, now)) as history:
            assert aside in history.notice
            assert history.record(Records(gone=(gone(1),)))
            assert names(history.gone()) == ["job 1"]
        assert path.with_name(aside).read_bytes() == content


def test_damage_behind_a_sound_first_page_is_mended_too(history: History, path: Path) -> None:
    history.record(Records(gone=tuple(gone(number) for number in range(200))))
    history.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)  # the first page alone tells what the file is
    path.write_bytes(content)
    with closing(History(path, now)) as history:
        history.record(Records(gone=(gone(1000),)))
        assert "was damaged" in history.notice
        assert names(history.gone()) == ["job 1000"]


def test_a_file_of_a_newer_domonitor_is_refused_and_left_as_it_is(history: History, path: Path) -> None:
    history.close()
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version=2")
    before = path.read_bytes()
    for _ in range(2):  # the first one must not keep the lock
        with pytest.raises(HistoryUnusable, match="written by a newer domonitor"):
            History(path, now)
    assert path.read_bytes() == before


def test_a_newer_file_that_another_process_writes_is_refused_too(history: History, path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version=2")
    with pytest.raises(HistoryUnusable, match="written by a newer domonitor"):
        History(path, now)


def test_a_place_that_can_t_be_used_is_told_in_a_sentence(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(HistoryUnusable, match="can't be opened"):
        History(path, now)
    shutil.rmtree(path.parent)
    path.parent.write_text("a file in the folder's place")
    with pytest.raises(HistoryUnusable, match="can't be opened"):
        History(path, now)


def test_a_row_that_holds_no_snapshot_is_told_in_a_sentence(history: History, path: Path) -> None:
    history.record(Records(errors=((KEY, failed()),)))
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE errors SET event='{}'")
    with pytest.raises(HistoryUnusable, match="can't be read"):
        history.last_error(KEY)


def test_a_history_that_is_not_there_yet_is_empty(history: History, path: Path) -> None:
    with closing(History(path, now)) as reader:
        history.close()
        for file in path.parent.iterdir():
            file.unlink()
        assert reader.gone() == ()
        assert reader.last_error(KEY) is None


def test_the_day_is_a_moment_in_utc(history: History) -> None:
    history.record(Records(gone=(gone(1),)))
    assert history.gone()[0].at.tzinfo is UTC
