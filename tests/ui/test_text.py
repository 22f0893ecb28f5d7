"""The sentences that are made of data."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from domonitor.jobs.job import FileProgress, Job, JobFile, Origin
from domonitor.jobs.state import Command, JobState
from domonitor.ui import text
from domonitor.ui.columns import COLUMNS, Row
from tests.ui.opened import NOW, job

S = JobState


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (None, text.UNKNOWN),
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (41_000_000, "41.0 MB"),
        (999_960_000, "1.0 GB"),
        (5_368_709_120, "5.4 GB"),
        (123_456_789_012_345, "123 TB"),
    ],
)
def test_sizes(count: int | None, words: str) -> None:
    assert text.size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, ""), (0.2, "1 s"), (59, "59 s"), (59.9, "1 min"), (720, "12 min"), (4_800, "1 h 20 min"), (7_200, "2 h")],
)
def test_durations(seconds: float | None, words: str) -> None:
    assert text.duration(seconds) == words


def test_days_and_countdowns() -> None:
    assert text.duration(86_400 * 3) == "3 days"
    assert [text.countdown(left) for left in (-5, 42, 250, 7_200)] == ["0:00", "0:42", "4:10", "2 h"]


def test_the_summary_is_one_sentence_on_all_jobs() -> None:
    counts = Counter({S.ERROR: 1, S.TRANSFERRING: 3, S.TRANSIENT_ERROR: 1, S.QUEUED: 1})
    assert text.summary(counts, 720) == "1 needs you · 3 running, 12 min left · 2 waiting by themselves"
    assert text.summary(Counter({S.ERROR: 2, S.QUEUED: 1}), None) == "2 need you · 1 waiting by itself"
    assert text.summary(Counter({S.ACKNOWLEDGED: 1}), None) == "All downloads are finished"
    assert text.summary(Counter(), None) == "Nothing is being downloaded"


def test_a_percentage_is_100_only_when_all_is_there() -> None:
    assert text.percent(job(1, progress=(999_999, 1_000_000, 0, 1))) == "99 %"
    assert text.percent(job(1, progress=(1_000_000, 1_000_000, 1, 1))) == "100 %"
    assert text.progress(job(1, progress=(5, None, 3, 5))) == "3/5"
    assert text.progress(job(1, progress=(5, None, 0, 1))) == ""


def test_an_error_is_told_by_its_headline_and_counts_down() -> None:
    failed = job(1, S.TRANSIENT_ERROR, error_code=0x80072EE7, retry_at=NOW + timedelta(seconds=42))
    assert text.state(failed, NOW) == "The server can't be found, retry in 0:42"


@pytest.mark.parametrize("state", S)
def test_every_state_has_words_of_its_own_and_a_whole_sentence_for_a_row(state: JobState) -> None:
    row = Row(job(1, state, display_name="setup.iso", progress=(400_000, 1_000_000, 0, 1)), 10_000.0)
    assert len({text.state_name(other) for other in S}) == len(S)
    sentence = text.row_sentence(row.job, row.words(), row.bytes_per_s)
    assert sentence.startswith("setup.iso, ")
    assert sentence.endswith(".")
    assert all(isinstance(column.text(row), str) and column.key(row) is not None for column in COLUMNS)


def test_a_running_row_speaks_its_progress_and_its_remaining_time() -> None:
    row = Row(job(1, S.TRANSFERRING, display_name="a", progress=(400_000, 1_000_000, 0, 1)), 10_000.0)
    assert text.row_sentence(row.job, row.words(), row.bytes_per_s) == "a, Downloading, 40 %, 1 min left."


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("command", Command)
def test_a_command_that_is_not_allowed_is_explained_and_an_allowed_one_is_not(state: S, command: Command) -> None:
    for files_done in (0, 1):
        asked = job(1, state, progress=(1, 2, files_done, 2))
        assert bool(text.refusal(asked, command)) != asked.allows(command)


def test_the_services_own_refusal_stands_before_ours() -> None:
    assert text.refusal(job(1, refusals={Command.CANCEL: "Anna only."}), Command.CANCEL) == "Anna only."


def _files(whole: int, *parts: int) -> tuple[JobFile, ...]:
    done = [JobFile(f"u{at}", f"/f{at}", FileProgress(100, 100), transferred=True) for at in range(whole)]
    return (*done, *(JobFile(f"p{at}", f"/p{at}", FileProgress(None, part)) for at, part in enumerate(parts)))


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        (_files(3, 41_000_000), "Cancel deletes 3 finished files and 41.0 MB of an unfinished one."),
        (_files(1, 1_000, 2_000, 0), "Cancel deletes 1 finished file and 3.0 kB of 2 unfinished ones."),
        (_files(2, 0), "Cancel deletes 2 finished files."),
        (_files(0, 5), "Cancel deletes 5 B of an unfinished file."),
        (_files(0, 0), "Nothing has arrived yet, so nothing is deleted."),
    ],
)
def test_what_cancel_deletes_is_said_exactly(files: tuple[JobFile, ...], sentence: str) -> None:
    asked = job(1, progress=(0, None, 0, len(files)))
    assert text.cancel_consequence([asked], {asked.key: files}) == sentence


def test_what_cancel_deletes_is_said_without_the_files_too() -> None:
    assert text.cancel_consequence([job(1, progress=(9, 10, 0, 1))], {}) == "Cancel deletes 9 B of an unfinished file."
    assert text.cancel_consequence([job(1)], {}) == "Nothing has arrived yet, so nothing is deleted."
    many = [job(1, progress=(59_000_000, None, 3, 5)), job(2)]
    assert text.cancel_consequence(many, {}) == (
        "Cancel deletes 3 finished files and all else that has arrived, 59.0 MB in all."
    )
    lists_none = {one.key: () for one in many}
    assert text.cancel_consequence(many, lists_none) == text.cancel_consequence(many, {})


def test_what_complete_drops_is_said_and_nothing_where_it_drops_nothing() -> None:
    assert text.complete_consequence([job(1, progress=(1, 2, 3, 5))]).startswith("Complete keeps 3 of 5 files.")
    assert text.complete_consequence([job(1, progress=(2, 2, 5, 5))]) == ""


def _owned(number: int, origin: Origin, owner: str | None = None) -> Job:
    return job(number, origin=origin, owner=owner)


def test_who_owns_what_is_said() -> None:
    ours, annas = _owned(1, Origin.OURS), _owned(2, Origin.OTHER_USER, "ANNA")
    assert text.whose([ours]) == ""
    assert text.whose([annas]) == "This download belongs to ANNA."
    assert text.whose([ours, annas]) == "One of them belongs to ANNA."
    assert text.whose([ours, annas, _owned(3, Origin.SYSTEM)]) == "2 of them belong to ANNA, the system."
