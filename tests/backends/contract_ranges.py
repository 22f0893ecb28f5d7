"""Parts of a file. Each test ends at once, with the call refused, for a service that lacks them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from domonitor.backends.interface import CopyJob
from domonitor.jobs import hresult
from domonitor.jobs.job import FileRange, Progress
from domonitor.jobs.state import JobState
from tests.backends.contract_service import LARGE, Lack, Service, code_of
from tests.server import Fault, NoRanges

MOST_RANGES = 500


def job_of_ranges(service: Service, ranges: Sequence[FileRange], *faults: Fault) -> CopyJob | None:
    """A job of these parts of one file, named a, None where the service lacks them, as it said."""
    url = service.serve("/a", LARGE, *faults)
    job = service.job(resumed=False)
    if service.refuses(Lack.RANGES, lambda: job.add_file(url, service.target("a"), ranges)):
        assert list(job.enum_files()) == []
        return None
    job.add_file(url, service.target("a"), ranges)
    return job


def completed(service: Service, job: CopyJob) -> bytes:
    """What the job's file holds at the end."""
    job.resume()
    service.until_state(job, JobState.TRANSFERRED)
    assert job.complete() is False
    return service.on_disk["a"]


class RangeTests:
    """add_file with ranges."""

    def test_ranges_follow_each_other_in_the_order_given(self, service: Service) -> None:
        """The ranges 100-199, 900-999 and 400-499 give a file of 300 bytes, in that order."""
        ranges = [FileRange(100, 100), FileRange(900, 100), FileRange(400, 100)]
        if (job := job_of_ranges(service, ranges)) is None:
            return
        (file,) = job.enum_files()
        assert list(file.get_ranges()) == ranges
        parts = [LARGE.bytes(each.offset, each.length) for each in ranges]
        assert completed(service, job) == b"".join(parts)

    def test_a_range_may_go_to_the_end_of_the_file(self, service: Service) -> None:
        """A range without a length ends where the remote file ends."""
        if (job := job_of_ranges(service, [FileRange(LARGE.size - 70, None)])) is not None:
            assert completed(service, job) == LARGE.bytes(LARGE.size - 70)

    def test_the_total_is_the_sum_of_the_ranges(self, service: Service) -> None:
        """With ranges, progress counts their bytes alone."""
        if (job := job_of_ranges(service, [FileRange(0, 1_000), FileRange(50_000, 500)])) is None:
            return
        job.resume()
        service.until_state(job, JobState.TRANSFERRED)
        assert job.get_progress() == Progress(1_500, 1_500, 1, 1)

    def test_a_file_may_have_500_ranges(self, service: Service) -> None:
        """At most 500 ranges a file are taken."""
        ranges = [FileRange(at * 100, 10) for at in range(MOST_RANGES)]
        if (job := job_of_ranges(service, ranges)) is not None:
            parts = [LARGE.bytes(each.offset, each.length) for each in ranges]
            assert completed(service, job) == b"".join(parts)

    def test_a_file_cant_have_501_ranges(self, service: Service) -> None:
        """More than 500 ranges a file are refused; with which code no page says."""
        job, url = service.job(resumed=False), service.serve("/a", LARGE)
        ranges = [FileRange(at * 100, 10) for at in range(MOST_RANGES + 1)]
        assert code_of(lambda: job.add_file(url, service.target("a"), ranges)) != hresult.S_OK
        assert list(job.enum_files()) == []

    @pytest.mark.parametrize(
        ("ranges", "code"),
        [
            ([FileRange(0, 0)], hresult.DO_E_INVALID_RANGE),
            ([FileRange(-1, 10)], hresult.DO_E_INVALID_RANGE),
            ([FileRange(0, 100), FileRange(50, 100)], hresult.DO_E_OVERLAPPING_RANGES),
            ([FileRange(0, 100), FileRange(0, 100)], hresult.DO_E_OVERLAPPING_RANGES),
            ([FileRange(0, None), FileRange(50, 100)], hresult.DO_E_OVERLAPPING_RANGES),
        ],
        ids=["empty", "before the start", "overlapping", "twice", "within one to the end"],
    )
    def test_ranges_that_make_no_sense_are_refused(
        self, service: Service, ranges: Sequence[FileRange], code: int
    ) -> None:
        """An impossible range, and ranges that overlap, are refused when the file is added."""
        job, url = service.job(resumed=False), service.serve("/a", LARGE)

        def add() -> None:
            job.add_file(url, service.target("a"), ranges)

        if not service.refuses(Lack.RANGES, add):
            assert code_of(add) == service.code(code)
        assert list(job.enum_files()) == []
        assert service.on_disk == {}

    @pytest.mark.parametrize(
        ("ranges", "faults", "code"),
        [
            ([FileRange(LARGE.size, 10)], [], hresult.DO_E_INVALID_RANGE),
            ([FileRange(LARGE.size - 5, 10)], [], hresult.DO_E_INVALID_RANGE),
            ([FileRange(100, 10)], [NoRanges()], hresult.DO_E_INSUFFICIENT_RANGE_SUPPORT),
        ],
        ids=["beyond the end", "across the end", "no Range support"],
    )
    def test_ranges_that_the_server_cant_serve_are_an_error(
        self, service: Service, ranges: Sequence[FileRange], faults: Sequence[Fault], code: int
    ) -> None:
        """A range outside the file, or a server that knows no ranges, is found out at transfer time and is fatal."""
        if (job := job_of_ranges(service, ranges, *faults)) is None:
            return
        job.resume()
        service.until_state(job, JobState.ERROR)
        assert job.get_error().get_error()[1] == service.code(code)
