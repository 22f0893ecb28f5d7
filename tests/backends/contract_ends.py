"""How a job ends: complete() keeps what is whole, cancel() keeps nothing, and nobody's file is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from domonitor.backends.interface import CopyJob
from domonitor.jobs import hresult
from domonitor.jobs.state import FINAL, JobState
from tests.backends.contract_service import LARGE, SMALL, Service, code_of
from tests.backends.contract_states import bring
from tests.server import Answer, Hold


def half_done(service: Service) -> CopyJob:
    """A job of the files whole and held, of which one has arrived and the other never answers."""
    job = service.job(service.serve("/whole", SMALL), service.serve("/held", LARGE, Hold()))
    service.until(lambda: job.get_progress().files_transferred == 1)
    return job


class EndTests:
    """complete and cancel."""

    def test_complete_gives_all_files_their_names(self, service: Service) -> None:
        """complete of a TRANSFERRED job saves every file under its final name and drops none."""
        job = service.job(service.serve("/a", LARGE), service.serve("/b", SMALL), service.serve("/empty", b""))
        service.until_state(job, JobState.TRANSFERRED)
        assert not {"a", "b", "empty"} & set(service.on_disk)
        assert job.complete() is False
        assert job.get_state() is JobState.ACKNOWLEDGED
        assert service.on_disk == {"a": LARGE.bytes(), "b": SMALL.bytes(), "empty": b""}

    def test_complete_of_an_unfinished_job_keeps_the_files_that_are_whole(self, service: Service) -> None:
        """In any other state finished files are saved and the rest is dropped: BG_S_PARTIAL_COMPLETE."""
        job = half_done(service)
        assert job.complete() is True
        assert job.get_state() is JobState.ACKNOWLEDGED
        assert service.on_disk == {"whole": SMALL.bytes()}

    def test_complete_after_an_error_keeps_the_files_that_are_whole(self, service: Service) -> None:
        """Where one file failed, the user can keep the others by complete."""
        held = Hold()
        job = service.job(service.serve("/a", SMALL), service.serve("/b", SMALL, held, Answer(404)))
        service.until(lambda: job.get_progress().files_transferred == 1)
        held.release()
        service.until_state(job, JobState.ERROR)
        assert Path(job.get_error().get_file().get_local_name()).name == "b"
        assert job.complete() is True
        assert service.on_disk == {"a": SMALL.bytes()}

    @pytest.mark.parametrize(
        "state",
        [JobState.SUSPENDED, JobState.CONNECTING, JobState.TRANSFERRING, JobState.ERROR],
        ids=lambda state: state.name,
    )
    def test_complete_with_nothing_finished_leaves_nothing(self, service: Service, state: JobState) -> None:
        """Also with nothing finished complete ends the job: no file is saved, and nothing temporary stays."""
        subject = bring(service, state)
        assert subject.job.complete() is True
        assert subject.job.get_state() is JobState.ACKNOWLEDGED
        assert service.on_disk == {}

    def test_a_rename_that_fails_can_be_tried_again(self, service: Service) -> None:
        """complete that can't rename gives that error, keeps the job and the renames that are done, and can be called
        again; a file that appeared under a final name is never overwritten."""
        job = service.job(service.serve("/a", SMALL), service.serve("/b", LARGE))
        service.until_state(job, JobState.TRANSFERRED)
        (service.downloads / "b").write_bytes(b"somebody else's")
        for _ in range(2):
            assert code_of(job.complete) == service.code(hresult.ERROR_FILE_EXISTS)
            assert job.get_state() is JobState.TRANSFERRED
            assert [file.get_progress().completed for file in job.enum_files()] == [True, False]
            assert service.on_disk["a"] == SMALL.bytes()
            assert service.on_disk["b"] == b"somebody else's"
        (service.downloads / "b").unlink()
        assert job.complete() is False
        assert service.on_disk == {"a": SMALL.bytes(), "b": LARGE.bytes()}

    def test_a_rename_that_fails_in_an_unfinished_job_can_be_tried_again(self, service: Service) -> None:
        """Also a partial complete that can't rename keeps the job, and drops nothing before it succeeds."""
        job = half_done(service)
        job.suspend()
        (service.downloads / "whole").write_bytes(b"somebody else's")
        assert code_of(job.complete) == service.code(hresult.ERROR_FILE_EXISTS)
        assert job.get_state() is JobState.SUSPENDED
        assert len(job.enum_files()) == 2
        (service.downloads / "whole").unlink()
        assert job.complete() is True
        assert service.on_disk == {"whole": SMALL.bytes()}

    @pytest.mark.parametrize("state", [state for state in JobState if state not in FINAL], ids=lambda state: state.name)
    def test_cancel_leaves_nothing_on_the_disk(self, service: Service, state: JobState) -> None:
        """cancel ends the job in any state that is not final, and deletes its temporary files."""
        subject = bring(service, state)
        assert subject.job.cancel() is False
        assert subject.job.get_state() is JobState.CANCELLED
        for blocker in service.blockers:
            blocker.cancel()
        assert service.on_disk == {}

    def test_cancel_drops_files_that_are_whole_too(self, service: Service) -> None:
        """cancel keeps nothing, also of a job of which some files have arrived."""
        assert half_done(service).cancel() is False
        assert service.on_disk == {}
