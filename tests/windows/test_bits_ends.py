"""Jobs of BITS that vanish, and what Windows' event log says of them. Wine has no such log: a double tells it there."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest

from domonitor.backends.bits import vanished
from domonitor.backends.bits.event_log import CHANNEL
from domonitor.backends.com import event_channel
from domonitor.jobs.error import CallFailed
from domonitor.jobs.event import EventKind
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import JobState
from tests.backends.bits.logged import Channel, cancelled, completed, created
from tests.windows import bits
from tests.windows.bits import Watched
from tests.windows.conftest import IS_WINE

WINE_ALONE = pytest.mark.skipif(not IS_WINE, reason="a service that ends forgets its jobs there alone")


@pytest.fixture
def channel() -> Channel:
    return Channel()


@pytest.fixture
def service(tmp_path: Path, channel: Channel) -> Iterator[Watched]:
    with bits.watched(tmp_path, channel.log()) as it:
        yield it


def one_that_vanishes(service: Watched, tmp_path: Path) -> UUID:
    """A job that was seen, and is not listed any more by a service that has been started again."""
    job = NewJob("a job", (NewFile("http://127.0.0.1:1/a", str(tmp_path / "a")),), is_suspended=True)
    (outcome,) = service.backend.add([job])
    assert outcome.job_id is not None
    service.until(lambda: outcome.job_id in service.jobs)
    bits.stop()
    with bits.manager() as it:
        it.enum_jobs()
    with suppress(CallFailed):  # its connection was lost with the service
        service.poll()
    return UUID(outcome.job_id)


@WINE_ALONE
@pytest.mark.parametrize(
    ("end", "state"), [(completed, JobState.ACKNOWLEDGED), (cancelled, JobState.CANCELLED)], ids=["4", "5"]
)
def test_a_job_that_vanishes_has_the_end_that_the_log_names(
    service: Watched, channel: Channel, tmp_path: Path, end: object, state: JobState
) -> None:
    job_id = one_that_vanishes(service, tmp_path)
    assert channel.looks == 0
    channel.texts = [end(job_id)]  # type: ignore[operator]
    service.until(lambda: str(job_id) in service.gone)
    final = service.gone[str(job_id)]
    assert final is not None
    assert (final.state, final.display_name) == (state, "a job")


@WINE_ALONE
def test_a_job_that_the_log_does_not_name_is_gone_after_a_while(
    service: Watched, channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patient:
        patient.setattr(vanished, "WAIT_S", 3_600.0)
        job_id = one_that_vanishes(service, tmp_path)
        service.until(lambda: channel.looks > 2)
        assert service.gone == {}
        assert service.backend.poll_interval_s == 1.0
    monkeypatch.setattr(vanished, "WAIT_S", 0.0)
    service.until(lambda: str(job_id) in service.gone)
    assert service.gone[str(job_id)] is None


@WINE_ALONE
def test_the_end_of_a_job_becomes_known_after_the_service_has_stopped_too(
    service: Watched, channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vanished, "WAIT_S", 3_600.0)
    job_id = one_that_vanishes(service, tmp_path)
    service.until(lambda: channel.looks > 0)
    bits.stop()
    channel.texts = [completed(job_id)]
    service.poll()
    final = service.gone[str(job_id)]
    assert final is not None
    assert final.state is JobState.ACKNOWLEDGED
    assert service.backend.poll_interval_s == 5.0


def test_the_timeline_of_a_job_is_what_the_log_says(service: Watched, channel: Channel) -> None:
    job_id = UUID(int=7)
    channel.texts = [created(job_id, 1), created(UUID(int=8), 2), cancelled(job_id, 3)]
    events = service.backend.timeline(str(job_id))
    assert [(event.kind, event.state) for event in events] == [
        (EventKind.STATE, None),
        (EventKind.STATE, JobState.CANCELLED),
    ]
    assert service.backend.timeline("nonsense") == ()


@pytest.mark.skipif(not IS_WINE, reason="Windows has this channel")
def test_where_there_is_no_such_channel_that_is_said_once_and_the_timeline_is_empty(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "domonitor")
    with bits.watched(tmp_path) as service:
        for _ in range(3):
            assert service.backend.timeline(str(UUID(int=7))) == ()
    (record,) = [record for record in caplog.records if record.name.endswith("event_log")]
    assert record.levelname == "INFO"
    assert CHANNEL in record.getMessage()


@pytest.mark.skipif(IS_WINE, reason="Wine has no event log")
def test_the_channel_of_windows_itself_can_be_read() -> None:
    for text in event_channel.newest(CHANNEL, "*", 5):
        assert text.startswith("<Event")
