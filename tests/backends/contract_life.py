"""A job's way from state to state: progress, times, failures, and the life of the error object."""

from __future__ import annotations

import pytest

from domonitor.backends.interface import CopyErrorObject, CopyJob
from domonitor.jobs import hresult
from domonitor.jobs.error import ErrorContext
from domonitor.jobs.job import FileProgress, Progress
from domonitor.jobs.state import ACTIVE, ERRONEOUS, FINAL, JobState
from tests.backends.contract_calls import wait_for_the_clock
from tests.backends.contract_service import LARGE, SMALL, Lack, Service, code_of
from tests.backends.contract_states import HELD_AT_BYTES, LATER, Subject, bring, readings
from tests.server import Answer, CloseEarly, Cut, Fault, Hold, Reset, Stall, refused_url

PASSING: dict[str, tuple[Fault, ErrorContext, frozenset[int]]] = {
    "408": (Answer(408, times=1), ErrorContext.REMOTE_FILE, frozenset({hresult.HTTP_STATUS + 408})),
    "429": (Answer(429, times=1), ErrorContext.REMOTE_FILE, frozenset({hresult.HTTP_STATUS + 429})),
    "500": (Answer(500, times=1), ErrorContext.REMOTE_FILE, frozenset({hresult.HTTP_STATUS + 500})),
    "503": (Answer(503, times=1), ErrorContext.REMOTE_FILE, frozenset({hresult.HTTP_STATUS + 503})),
    "closed early": (
        CloseEarly(times=1),
        ErrorContext.GENERAL_TRANSPORT,
        frozenset({hresult.WININET_E_CONNECTION_ABORTED, hresult.WININET_E_CONNECTION_RESET}),
    ),
    "cut short": (
        Cut(HELD_AT_BYTES, times=1),
        ErrorContext.GENERAL_TRANSPORT,
        frozenset({hresult.WININET_E_CONNECTION_ABORTED}),
    ),
    "reset": (
        Reset(HELD_AT_BYTES, times=1),
        ErrorContext.GENERAL_TRANSPORT,
        frozenset({hresult.WININET_E_CONNECTION_RESET, hresult.WININET_E_CONNECTION_ABORTED}),
    ),
}
"""Failures that may pass, which happen once: where they happened, and the codes that they may have."""

FATAL_STATUSES = [400, 401, 403, 404, 410, 451]

FOREVER_S = 600.0

KEPT = [state for state in JobState if state not in FINAL | {JobState.TRANSIENT_ERROR}]


def check_error(service: Service, error: CopyErrorObject, url: str, context: ErrorContext, codes: set[int]) -> None:
    """The error object says all that there is to say."""
    said_context, code = error.get_error()
    assert said_context is context
    assert code in {service.code(each) for each in codes}
    assert error.get_file().get_remote_name() == url
    assert error.get_file().get_local_name() == service.target(url.rpartition("/")[2])
    if not service.refuses(Lack.ERROR_TEXTS, error.get_error_description):
        assert error.get_error_description()
        assert error.get_error_context_description()
        assert error.get_protocol() == "http"


def has_error(service: Service, job: CopyJob) -> bool:
    """Whether there is an error object; a job without one says so by the documented code."""
    code = code_of(job.get_error)
    assert code in (hresult.S_OK, service.code(hresult.DO_E_ERROR_INFORMATION_UNAVAILABLE))
    return code == hresult.S_OK


class LifeTests:
    """What happens to a job by itself."""

    def test_a_job_goes_the_documented_way(self, service: Service) -> None:
        """SUSPENDED, QUEUED, CONNECTING, TRANSFERRING, TRANSFERRED, and by complete ACKNOWLEDGED."""
        held, stalled = Hold(), Stall(HELD_AT_BYTES)
        job = service.job(service.serve("/a", LARGE, held, stalled), resumed=False)
        assert job.get_state() is JobState.SUSPENDED
        service.fill_slots()
        job.resume()
        assert job.get_state() is JobState.QUEUED
        for blocker in service.blockers:
            blocker.cancel()
        service.until_state(job, JobState.CONNECTING)
        service.origin.wait_requests("/a")
        assert job.get_state() is JobState.CONNECTING
        held.release()
        service.until_state(job, JobState.TRANSFERRING)
        stalled.release()
        service.until_state(job, JobState.TRANSFERRED)
        job.complete()
        assert job.get_state() is JobState.ACKNOWLEDGED

    def test_progress_has_no_total_before_every_size_is_known(self, service: Service) -> None:
        """bytes_total is unknown until the size of every file is known; then it is their sum."""
        held = Hold()
        job = service.job(service.serve("/a", LARGE), service.serve("/b", SMALL, held))
        service.until(lambda: job.get_progress().files_transferred == 1)
        assert job.get_progress() == Progress(None, LARGE.size, 2, 1)
        held.release()
        service.until_state(job, JobState.TRANSFERRED)
        total = LARGE.size + SMALL.size
        assert job.get_progress() == Progress(total, total, 2, 2)

    def test_progress_counts_the_bytes_that_have_arrived(self, service: Service) -> None:
        """A running job and its file say how many bytes have arrived, and of how many; nothing is completed yet."""
        subject = bring(service, JobState.TRANSFERRING)
        assert subject.job.get_progress() == Progress(LARGE.size, HELD_AT_BYTES, 1, 0)
        assert subject.file.get_progress() == FileProgress(LARGE.size, HELD_AT_BYTES, completed=False)
        service.origin.mend("/subject")
        service.until_state(subject.job, JobState.TRANSFERRED)
        assert subject.file.get_progress() == FileProgress(LARGE.size, LARGE.size, completed=False)

    def test_bytes_and_states_move_the_time_of_modification(self, service: Service) -> None:
        """The time of modification moves with each byte and each state, the time of creation never."""
        first, second = Stall(HELD_AT_BYTES), Stall(2 * HELD_AT_BYTES)
        job = service.job(service.serve("/a", LARGE, first, second), resumed=False)
        moments = [job.get_times()]

        def note() -> None:
            moments.append(job.get_times())
            wait_for_the_clock(moments[-1].modified)

        wait_for_the_clock(moments[0].modified)
        job.resume()
        service.until(lambda: job.get_progress().bytes_transferred == HELD_AT_BYTES)
        note()
        first.release()
        service.until(lambda: job.get_progress().bytes_transferred == 2 * HELD_AT_BYTES)
        note()
        job.suspend()
        note()
        assert len({times.created for times in moments}) == 1
        modified = [times.modified for times in moments]
        assert modified == sorted(set(modified))
        assert {times.transferred for times in moments} == {None}

    def test_the_time_of_the_transfer_is_when_the_job_was_transferred(self, service: Service) -> None:
        """The completion time is set when the job enters TRANSFERRED, and stays."""
        held = Hold()
        job = service.job(service.serve("/a", SMALL, held))
        service.origin.wait_requests("/a")
        before = job.get_times().modified
        wait_for_the_clock(before)
        held.release()
        service.until_state(job, JobState.TRANSFERRED)
        times = job.get_times()
        assert times.transferred is not None
        assert before < times.transferred <= times.modified
        job.set_priority(job.get_priority())
        assert job.get_times().transferred == times.transferred

    @pytest.mark.parametrize("status", FATAL_STATUSES)
    def test_a_failure_that_will_not_pass_is_an_error_at_once(self, service: Service, status: int) -> None:
        """A status of the four hundreds, but for those that pass, puts the job into ERROR after one request."""
        url = service.serve("/a", SMALL, Answer(status))
        job = service.job(url)
        service.until_state(job, JobState.ERROR)
        check_error(service, job.get_error(), url, ErrorContext.REMOTE_FILE, {hresult.HTTP_STATUS + status})
        assert len(service.origin.requests_to("/a")) == 1
        assert service.refuses(Lack.ERROR_COUNT, job.get_error_count) or job.get_error_count() == 1

    @pytest.mark.parametrize("fault", PASSING)
    def test_a_failure_that_may_pass_is_a_transient_error(self, service: Service, fault: str) -> None:
        """What may pass by itself puts the job into TRANSIENT_ERROR, with an error object; resume skips the delay."""
        failure, context, codes = PASSING[fault]
        url = service.serve("/a", LARGE, failure)
        job = service.job(url, resumed=False)
        service.retry_after(job, FOREVER_S)
        job.resume()
        service.until_state(job, JobState.TRANSIENT_ERROR)
        check_error(service, job.get_error(), url, context, set(codes))
        assert service.refuses(Lack.ERROR_COUNT, job.get_error_count) or job.get_error_count() == 1
        job.resume()
        service.until_state(job, JobState.TRANSFERRED)
        job.complete()
        assert service.on_disk == {"a": LARGE.bytes()}

    @pytest.mark.parametrize("fault", ["503", "cut short"])
    def test_a_failure_that_may_pass_is_retried_without_being_asked(self, service: Service, fault: str) -> None:
        """After the retry delay the service tries again by itself, until the file is whole."""
        job = service.job(service.serve("/a", LARGE, PASSING[fault][0]), resumed=False)
        service.retry_after(job, service.shortest_retry_delay_s)
        job.resume()
        service.until_state(job, JobState.TRANSFERRED)
        assert not has_error(service, job)
        assert len(service.origin.requests_to("/a")) >= 2
        job.complete()
        assert service.on_disk == {"a": LARGE.bytes()}

    def test_a_refused_connection_may_pass(self, service: Service) -> None:
        """A server that can't be connected to is a transient error of the transport."""
        with refused_url("/a") as url:
            job = service.job(url, resumed=False)
            service.retry_after(job, FOREVER_S)
            job.resume()
            service.until_state(job, JobState.TRANSIENT_ERROR)
            error = job.get_error()
        cannot_connect = {hresult.WININET_E_CANNOT_CONNECT}
        check_error(service, error, url, ErrorContext.GENERAL_TRANSPORT, cannot_connect)

    def test_a_job_that_fails_gives_way_to_others(self, service: Service) -> None:
        """A failed job leaves its slot at once, also where it will be tried again."""
        for at in range(service.slots):
            blocker = service.job(service.serve(f"/{at}", SMALL, Answer(503, LATER)))
            service.until_state(blocker, JobState.TRANSIENT_ERROR)
        service.until_state(service.job(service.serve("/a")), JobState.TRANSFERRED)

    def test_without_progress_the_job_gives_up(self, service: Service) -> None:
        """Retries that bring no byte within the no-progress time-out end in ERROR with DO_E_DOWNLOAD_NO_PROGRESS."""
        url = service.serve("/a", SMALL, Answer(503))
        job = service.job(url, resumed=False)
        service.retry_after(job, service.shortest_retry_delay_s)
        job.set_no_progress_timeout(service.shortest_no_progress_s)
        job.resume()
        service.until_state(job, JobState.ERROR)
        no_progress = {hresult.DO_E_DOWNLOAD_NO_PROGRESS}
        check_error(service, job.get_error(), url, ErrorContext.REMOTE_FILE, no_progress)

    def test_suspend_stops_the_retries_and_takes_the_error_away(self, service: Service) -> None:
        """A job that waits for its retry can be suspended: it has no error object then, and resume starts it."""
        subject = bring(service, JobState.TRANSIENT_ERROR)
        subject.job.suspend()
        assert subject.job.get_state() is JobState.SUSPENDED
        assert not has_error(service, subject.job)
        service.origin.mend("/subject")
        subject.job.resume()
        service.until_state(subject.job, JobState.TRANSFERRED)

    @pytest.mark.parametrize("state", sorted(ERRONEOUS), ids=lambda state: state.name)
    def test_the_error_object_lives_until_the_job_transfers_again(self, service: Service, state: JobState) -> None:
        """get_error is answered in an error state and until the job is TRANSFERRING again, then no more."""
        status = {JobState.ERROR: 404, JobState.TRANSIENT_ERROR: 503}[state]
        held, stalled = Hold(), Stall(HELD_AT_BYTES)
        job = service.job(service.serve("/a", LARGE, Answer(status, LATER, times=1), held, stalled))
        service.until_state(job, state)
        error = job.get_error()
        job.resume()
        service.until_state(job, JobState.CONNECTING)
        service.origin.wait_requests("/a", 2)
        assert has_error(service, job)
        held.release()
        service.until_state(job, JobState.TRANSFERRING)
        assert not has_error(service, job)
        stalled.release()
        service.until_state(job, JobState.TRANSFERRED)
        assert not has_error(service, job)
        assert error.get_error()[1] == hresult.HTTP_STATUS + status

    @pytest.mark.parametrize("state", sorted(ERRONEOUS), ids=lambda state: state.name)
    def test_the_error_object_ends_with_the_process_but_the_state_stays(
        self, service: Service, state: JobState
    ) -> None:
        """After a restart the job is in the same error state, but what failed is no longer known."""
        status = {JobState.ERROR: 404, JobState.TRANSIENT_ERROR: 503}[state]
        job = service.job(service.serve("/a", SMALL, Answer(status, times=1)), resumed=False)
        service.retry_after(job, FOREVER_S)
        job.resume()
        service.until_state(job, state)
        service.reopen()
        job = service.manager.get_job(job.get_id())
        assert job.get_state() is state
        assert not has_error(service, job)
        job.resume()
        service.until_state(job, JobState.TRANSFERRED)

    @pytest.mark.parametrize("state", KEPT, ids=lambda state: state.name)
    def test_a_job_stays_when_the_program_ends(self, service: Service, state: JobState) -> None:
        """A restart changes nothing about a job but its callback and its error object; an active one goes on."""
        subject = bring(service, state)
        before = readings(subject)
        service.reopen()
        job = service.manager.get_job(subject.job.get_id())
        if state in ACTIVE:
            assert job.get_state() in ACTIVE
            service.until_state(job, state)
            return
        after = readings(Subject(service, job, job.enum_files()[0]))
        assert {name for name in after if after[name] != before[name]} <= {"error"}

    def test_a_suspended_job_goes_on_where_it_was(self, service: Service) -> None:
        """suspend keeps what has arrived; resume asks for the rest alone."""
        subject = bring(service, JobState.TRANSFERRING)
        subject.job.suspend()
        assert subject.job.get_progress().bytes_transferred == HELD_AT_BYTES
        service.origin.mend("/subject")
        subject.job.resume()
        service.until_state(subject.job, JobState.TRANSFERRED)
        assert str(service.origin.requests_to("/subject")[-1].range).startswith(f"bytes={HELD_AT_BYTES}-")
        subject.job.complete()
        assert service.on_disk == {"subject": LARGE.bytes()}

    @pytest.mark.parametrize("is_same", [True, False], ids=["the same file", "another file"])
    def test_a_file_from_another_address_goes_on_only_if_it_is_the_same(self, service: Service, is_same: bool) -> None:
        """After set_remote_name a file that differs starts again, one that does not goes on where it was."""
        subject = bring(service, JobState.TRANSFERRING)
        content = LARGE if is_same else SMALL
        subject.file.set_remote_name(service.serve("/elsewhere", content))
        service.until_state(subject.job, JobState.TRANSFERRED)
        subject.job.complete()
        assert service.on_disk == {"subject": content.bytes()}
        sent = [request.bytes_sent for request in service.origin.requests_to("/elsewhere")]
        assert sent[-1] == (LARGE.size - HELD_AT_BYTES if is_same else SMALL.size)
