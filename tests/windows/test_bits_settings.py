"""What can be set on a job of BITS. What Wine's own BITS does not keep is said here, as data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest

from domonitor.backends.bits.job import BitsJob
from domonitor.backends.bits.properties import JobProperty, ProxySettings, ProxyUsage, TransferPolicy
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import FileRange
from domonitor.jobs.state import JobState
from tests.server import Origin as Server
from tests.server import Pattern, Resource
from tests.windows import bits
from tests.windows.conftest import IS_WINE

CONTENT = Pattern(20_000, seed=9)

Asked = Callable[[BitsJob], object]

SETTINGS: dict[str, tuple[Asked, Asked, object]] = {
    "retry delay": (lambda job: job.set_minimum_retry_delay(75.2), lambda job: job.get_minimum_retry_delay(), 75),
    "no progress": (lambda job: job.set_no_progress_timeout(900), lambda job: job.get_no_progress_timeout(), 900),
    "no proxy": (
        lambda job: job.set_proxy_settings(ProxySettings(ProxyUsage.NO_PROXY)),
        lambda job: job.get_proxy_settings(),
        ProxySettings(ProxyUsage.NO_PROXY),
    ),
    "another proxy": (
        lambda job: job.set_proxy_settings(ProxySettings(ProxyUsage.OVERRIDE, "http://127.0.0.1:1", "<local>")),
        lambda job: job.get_proxy_settings(),
        ProxySettings(ProxyUsage.OVERRIDE, "http://127.0.0.1:1", "<local>"),
    ),
    "cost policy": (
        lambda job: job.set_property(JobProperty.COST_FLAGS, TransferPolicy.UNRESTRICTED),
        lambda job: job.get_property(JobProperty.COST_FLAGS),
        TransferPolicy.UNRESTRICTED,
    ),
}
"""Of each setting how it is set, how it is asked for, and what it is then."""

NOT_KEPT = {
    "retry delay": "its retry delay is always 30 s",
    "no proxy": "it has no proxy settings",
    "another proxy": "it has no proxy settings",
    "cost policy": "it has no IBackgroundCopyJob5",
}
"""What Wine's BITS does not keep, and why; that it refuses it, where it does, is in test_bits_contract."""


@pytest.fixture
def job() -> Iterator[BitsJob]:
    with bits.manager() as manager:
        job = manager.create_job("a job with settings")
        yield job
        with suppress(CallFailed):  # it was completed
            job.cancel()


@pytest.fixture
def server() -> Iterator[Server]:
    with suppress(RuntimeError) if IS_WINE else nullcontext(), Server() as it:
        yield it


@pytest.mark.parametrize("what", SETTINGS)
def test_what_is_set_on_a_job_is_kept(job: BitsJob, what: str) -> None:
    if IS_WINE and (why := NOT_KEPT.get(what)):
        pytest.skip(f"Wine: {why}")
    give, ask, expected = SETTINGS[what]
    give(job)
    assert ask(job) == expected


def test_headers_of_a_job_arrive_with_each_request(job: BitsJob, server: Server, tmp_path: Path) -> None:
    url = server.add("/a", Resource(CONTENT))
    job.set_custom_headers("X-Domonitor: one\r\nX-Other: two")
    job.add_file(url, str(tmp_path / "a"))
    job.resume()
    bits.until(lambda: job.get_state() is JobState.TRANSFERRED)
    assert server.requests_to("/a")
    for request in server.requests_to("/a"):
        assert (request.headers.get("X-Domonitor"), request.headers.get("X-Other")) == ("one", "two")


@pytest.mark.skipif(IS_WINE, reason="Wine: the call is taken and does nothing")
def test_only_the_ranges_that_were_asked_for_arrive(job: BitsJob, server: Server, tmp_path: Path) -> None:
    url = server.add("/a", Resource(CONTENT))
    job.add_file(url, str(tmp_path / "a"), [FileRange(100, 50), FileRange(19_990, None)])
    (file,) = job.enum_files()
    assert file.get_ranges() == [FileRange(100, 50), FileRange(19_990, None)]
    job.resume()
    bits.until(lambda: job.get_state() is JobState.TRANSFERRED)
    job.complete()
    whole = CONTENT.bytes()
    assert (tmp_path / "a").read_bytes() == whole[100:150] + whole[19_990:]
