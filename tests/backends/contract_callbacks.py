"""Callback objects: who is called for what, and what a callback may do."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from pathlib import Path

import pytest

from domonitor.backends.interface import CopyJob
from domonitor.jobs import hresult
from domonitor.jobs.job import NotifyFlags
from domonitor.jobs.state import JobState
from tests.backends.contract_service import CALLED_WITHIN_S, SMALL, Lack, Recorder, Service
from tests.server import Answer

BOTH = NotifyFlags.JOB_TRANSFERRED | NotifyFlags.JOB_ERROR


def watched(service: Service, recorder: Recorder, *urls: str, flags: NotifyFlags | None = None) -> CopyJob:
    """A job that is not yet resumed and calls back for these flags, or for those that a new job has."""
    job = service.job(*urls, resumed=False)
    job.set_notify_interface(recorder)
    if flags is not None:
        job.set_notify_flags(flags)
    return job


class CallbackTests:
    """set_notify_interface and set_notify_flags."""

    @pytest.mark.parametrize(
        ("flags", "calls"),
        [
            (NotifyFlags.NONE, []),
            (NotifyFlags.JOB_TRANSFERRED, ["job_transferred"]),
            (NotifyFlags.JOB_ERROR, []),
            (BOTH, ["job_transferred"]),
            (BOTH | NotifyFlags.DISABLE, []),
        ],
        ids=str,
    )
    def test_a_transferred_job_calls_back_only_for_its_flags(
        self, service: Service, flags: NotifyFlags, calls: list[str]
    ) -> None:
        """job_transferred is called where its flag is set and DISABLE is not; what has no flag set is not called."""
        recorder = Recorder()
        job = watched(service, recorder, service.serve("/a"), flags=flags)
        job.resume()
        service.until_state(job, JobState.TRANSFERRED)
        service.until_callbacks_are_through()
        assert recorder.calls == calls
        assert [each[0].get_id() for each in recorder.arguments] == [job.get_id()] * len(calls)

    @pytest.mark.parametrize(
        ("flags", "calls"),
        [
            (NotifyFlags.JOB_TRANSFERRED, []),
            (NotifyFlags.JOB_ERROR, ["job_error"]),
            (NotifyFlags.JOB_ERROR | NotifyFlags.DISABLE, []),
        ],
        ids=str,
    )
    def test_a_failed_job_calls_back_for_error_alone(
        self, service: Service, flags: NotifyFlags, calls: list[str]
    ) -> None:
        """job_error comes, with the error object, when a job enters ERROR, and never for a TRANSIENT_ERROR."""
        recorder = Recorder()
        url = service.serve("/a", SMALL, Answer(503, times=1), Answer(404))
        job = watched(service, recorder, url, flags=flags)
        service.retry_after(job, service.shortest_retry_delay_s)
        job.resume()
        service.until_state(job, JobState.ERROR)
        service.until_callbacks_are_through()
        assert recorder.calls == calls
        for failed, error in recorder.arguments:
            assert failed.get_id() == job.get_id()
            assert error.get_error()[1] == hresult.HTTP_STATUS + 404

    def test_each_file_is_told_before_its_job(self, service: Service) -> None:
        """file_transferred is called for each file that has arrived, before job_transferred."""
        recorder = Recorder()
        flags = NotifyFlags.FILE_TRANSFERRED | NotifyFlags.JOB_TRANSFERRED
        job = watched(service, recorder, service.serve("/a"), service.serve("/b"))
        if service.refuses(Lack.FILE_TRANSFERRED_CALLBACK, lambda: job.set_notify_flags(flags)):
            return
        job.set_notify_flags(flags)
        job.resume()
        recorder.wait_for("job_transferred")
        assert recorder.calls == ["file_transferred", "file_transferred", "job_transferred"]
        assert {each[0].get_id() for each in recorder.arguments} == {job.get_id()}
        names = [Path(file.get_local_name()).name for _, file in recorder.arguments[:2]]
        assert sorted(names) == ["a", "b"]

    def test_a_modification_is_told_where_it_was_asked_for(self, service: Service) -> None:
        """job_modification is called after the job has changed, if its flag is set."""
        recorder = Recorder()
        job = watched(service, recorder, flags=NotifyFlags.JOB_MODIFICATION)
        job.add_file(service.serve("/a"), service.target("a"))
        recorder.wait_for("job_modification")
        assert set(recorder.calls) == {"job_modification"}

    def test_a_callback_may_call_any_method(self, service: Service) -> None:
        """From inside a callback the job can be read and completed, and another one be created and resumed."""
        done: Future[CopyJob] = Future()

        def use_everything(job: CopyJob) -> None:
            try:
                assert job.get_state() is JobState.TRANSFERRED
                assert [file.get_progress().bytes_transferred for file in job.enum_files()] == [SMALL.size]
                assert service.manager.get_job(job.get_id()).get_progress().files_transferred == 1
                assert job.complete() is False
                done.set_result(service.job(service.serve("/b")))
            except BaseException as error:
                done.set_exception(error)

        job = watched(service, Recorder(use_everything), service.serve("/a"))
        job.resume()
        service.until_state(done.result(CALLED_WITHIN_S), JobState.TRANSFERRED)
        assert job.get_state() is JobState.ACKNOWLEDGED
        assert service.on_disk["a"] == SMALL.bytes()

    def test_a_callback_that_takes_long_holds_nobody_up(self, service: Service) -> None:
        """Callbacks come on a thread of their own: while one waits, the service goes on and answers."""
        inside, go_on = threading.Event(), threading.Event()

        def wait(job: CopyJob) -> None:
            inside.set()
            assert go_on.wait(CALLED_WITHIN_S)

        recorder = Recorder(wait)
        job = watched(service, recorder, service.serve("/a"))
        job.resume()
        assert inside.wait(CALLED_WITHIN_S)
        other = service.job(service.serve("/b"))
        service.until_state(other, JobState.TRANSFERRED)
        assert other.complete() is False
        assert job.complete() is False
        go_on.set()
        recorder.wait_for("job_transferred")
        assert threading.get_ident() not in recorder.threads

    def test_a_callback_that_fails_is_called_again_and_harms_no_other_job(self, service: Service) -> None:
        """A callback that raises is called again later; meanwhile other jobs call theirs."""
        failures = iter([ValueError("the program's own mistake")])

        def fail_once(job: CopyJob) -> None:
            for failure in failures:
                raise failure

        recorder = Recorder(fail_once)
        job = watched(service, recorder, service.serve("/a"))
        job.resume()
        recorder.wait_for("job_transferred")
        service.until_callbacks_are_through()
        recorder.wait_for("job_transferred", 2)
        assert recorder.calls == ["job_transferred"] * 2
        assert job.get_state() is JobState.TRANSFERRED

    def test_a_callback_does_not_outlive_the_program(self, service: Service) -> None:
        """A registration is not kept over a restart: it has to be made anew."""
        recorder = Recorder()
        job = watched(service, recorder, service.serve("/a"))
        service.reopen()
        job = service.manager.get_job(job.get_id())
        assert job.get_notify_interface() is None
        job.resume()
        service.until_state(job, JobState.TRANSFERRED)
        service.until_callbacks_are_through()
        assert recorder.calls == []

    def test_a_callback_that_was_taken_back_is_not_called(self, service: Service) -> None:
        """None as the callback ends the registration."""
        recorder = Recorder()
        job = watched(service, recorder, service.serve("/a"))
        job.set_notify_interface(None)
        job.resume()
        service.until_state(job, JobState.TRANSFERRED)
        service.until_callbacks_are_through()
        assert recorder.calls == []

    def test_the_last_callback_that_was_set_is_called(self, service: Service) -> None:
        """A job has one callback, that which was set last."""
        first, second = Recorder(), Recorder()
        job = watched(service, first, service.serve("/a"))
        job.set_notify_interface(second)
        job.resume()
        second.wait_for("job_transferred")
        service.until_callbacks_are_through()
        assert (first.calls, second.calls) == ([], ["job_transferred"])
