"""The list of our own jobs at BITS, on real files."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from domonitor.backends.bits.own_jobs import OwnJobs

ONE, OTHER = UUID(int=1), UUID(int=2)


def test_what_is_added_is_there_for_later_programs_until_it_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "bits.json"
    jobs = OwnJobs(path)
    jobs.add(ONE, auto_complete=True)
    jobs.add(OTHER, auto_complete=False)
    later = OwnJobs(path)
    assert (ONE in later, OTHER in later, UUID(int=3) in later) == (True, True, False)
    assert (later.completes_itself(ONE), later.completes_itself(OTHER)) == (True, False)
    later.forget(ONE)
    later.forget(UUID(int=3))
    assert ONE not in OwnJobs(path)
    assert [each.name for each in path.parent.iterdir()] == ["bits.json"]


@pytest.mark.parametrize("content", ["", "nonsense", "[]", '{"jobs": []}', '{"jobs": {"x": 1}}'])
def test_a_list_that_can_t_be_read_holds_nothing_of_ours(
    tmp_path: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "bits.json"
    path.write_text(content)
    with caplog.at_level("ERROR"):
        jobs = OwnJobs(path)
    assert ONE not in jobs
    jobs.add(ONE, auto_complete=True)
    assert OwnJobs(path).completes_itself(ONE)


def test_an_id_that_can_t_be_kept_is_an_error_and_one_that_can_t_be_forgotten_is_none(tmp_path: Path) -> None:
    jobs = OwnJobs(tmp_path / "bits.json")
    jobs.add(ONE, auto_complete=True)
    (tmp_path / "bits.json.new").mkdir()
    with pytest.raises(OSError, match=r"bits.json.new"):
        jobs.add(OTHER, auto_complete=True)
    jobs.forget(ONE)
    assert ONE not in jobs
