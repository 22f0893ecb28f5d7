"""The list of our own jobs at BITS, on real files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest

from domonitor.backends.bits.own_jobs import OwnJobs

ONE, OTHER = UUID(int=1), UUID(int=2)


def test_what_is_added_is_there_for_all_programs_until_it_is_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "to be made" / "bits"
    other_program = OwnJobs(folder)
    assert ONE not in other_program
    jobs = OwnJobs(folder)
    jobs.add(ONE, auto_complete=True)
    jobs.add(OTHER, auto_complete=False)
    for each in (jobs, other_program, OwnJobs(folder)):
        assert (ONE in each, OTHER in each, UUID(int=3) in each) == (True, True, False)
        assert (each.completes_itself(ONE), each.completes_itself(OTHER)) == (True, False)
    other_program.forget(ONE)
    other_program.forget(UUID(int=3))
    assert (ONE in jobs, OTHER in jobs) == (False, True)
    jobs.forget(OTHER)
    assert list(folder.iterdir()) == []


def test_programs_that_add_at_once_lose_none(tmp_path: Path) -> None:
    ids = [UUID(int=number) for number in range(200)]
    with ThreadPoolExecutor(8) as programs:
        list(programs.map(lambda job_id: OwnJobs(tmp_path / "bits").add(job_id, auto_complete=True), ids))
    assert all(OwnJobs(tmp_path / "bits").completes_itself(job_id) for job_id in ids)


def test_an_id_that_can_t_be_kept_is_an_error_and_one_that_can_t_be_forgotten_is_none(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    with pytest.raises(OSError, match="a file"):
        OwnJobs(tmp_path / "a file").add(ONE, auto_complete=True)
    (tmp_path / str(ONE) / "held").mkdir(parents=True)
    OwnJobs(tmp_path).forget(ONE)
    assert ONE in OwnJobs(tmp_path)
