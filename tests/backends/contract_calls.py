"""What a new job is, what each call may be given, and what is said to a call that can't be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from domonitor.backends.interface import CopyJob
from domonitor.jobs import hresult
from domonitor.jobs.job import FileRange, NotifyFlags, Priority, Progress
from domonitor.jobs.state import FINAL, JobState
from tests.backends.contract_service import Lack, Recorder, Service, code_of
from tests.backends.contract_states import Subject, bring, readings

BAD_URLS = {
    "none": "",
    "no scheme": "127.0.0.1/file",
    "unknown scheme": "ftp://127.0.0.1/file",
    "no server": "http:///file",
    "space": "http://127.0.0.1/a file",
    "port": "http://127.0.0.1:99999/file",
    "too long": "http://127.0.0.1/" + "a" * (2_201 - len("http://127.0.0.1/")),
}
BAD_LOCAL_NAMES = {"none": "", "relative": "file", "relative in a folder": str(Path("folder") / "file")}

BAD_CALLS: dict[str, tuple[Callable[[Subject], object], int, Lack | None]] = {
    "empty name": (lambda it: it.job.set_display_name(""), hresult.E_INVALIDARG, Lack.DISPLAY_NAME_CHANGE),
    "long name": (lambda it: it.job.set_display_name("n" * 257), hresult.E_INVALIDARG, Lack.DISPLAY_NAME_CHANGE),
    "long description": (lambda it: it.job.set_description("d" * 1_025), hresult.E_INVALIDARG, Lack.DESCRIPTION),
    "unknown priority": (lambda it: it.job.set_priority(4), hresult.E_NOTIMPL, None),
    "negative priority": (lambda it: it.job.set_priority(-1), hresult.E_NOTIMPL, None),
    "unknown flag": (lambda it: it.job.set_notify_flags(0x100), hresult.E_NOTIMPL, None),
    "bad address": (lambda it: it.file.set_remote_name("nonsense"), hresult.E_INVALIDARG, None),
    "long address": (lambda it: it.file.set_remote_name(BAD_URLS["too long"]), hresult.E_INVALIDARG, None),
    "bad address of a file": (
        lambda it: it.job.add_file("nonsense", it.service.target("more")),
        hresult.E_INVALIDARG,
        None,
    ),
    "relative name of a file": (
        lambda it: it.job.add_file(it.file.get_remote_name(), "more"),
        hresult.E_INVALIDARG,
        None,
    ),
}
"""Calls that no job takes, with their codes; where the service lacks the method, the code is E_NOTIMPL."""

VALUES = {
    "priority": (Priority.HIGH, None),
    "display_name": ("n" * 256, Lack.DISPLAY_NAME_CHANGE),
    "description": ("d" * 1_024, Lack.DESCRIPTION),
    "minimum_retry_delay": (90, Lack.TRANSIENT_RETRY_SETTABLE),
    "no_progress_timeout": (7_200, None),
    "notify_flags": (NotifyFlags.JOB_ERROR | NotifyFlags.JOB_MODIFICATION, None),
}
"""What can be set, with a value that is not the first one. Names and descriptions are as long as they may be."""


def wait_for_the_clock(after: datetime) -> None:
    """Returns once the clock tells a later time: some tick only every 15 ms."""
    while datetime.now(UTC) <= after:
        pass


def moves_the_time_of_modification(job: CopyJob, call: Callable[[], object]) -> bool:
    before = job.get_times()
    wait_for_the_clock(before.modified)
    call()
    after = job.get_times()
    assert after.created == before.created
    return after.modified > before.modified


class CallTests:
    """Creating, finding, setting and adding; bad input."""

    def test_a_new_job_waits_to_be_resumed(self, service: Service) -> None:
        """A new job is SUSPENDED and empty, of NORMAL priority, flagged for its end and its error, without callback."""
        before = datetime.now(UTC)
        wait_for_the_clock(before)
        job = service.manager.create_job("a job")
        assert job.get_state() is JobState.SUSPENDED
        assert job.get_display_name() == "a job"
        assert job.get_priority() is Priority.NORMAL
        assert job.get_notify_flags() == NotifyFlags.JOB_TRANSFERRED | NotifyFlags.JOB_ERROR
        assert job.get_notify_interface() is None
        assert job.get_progress() == Progress(None, 0, 0, 0)
        assert list(job.enum_files()) == []
        assert before < job.get_times().created <= job.get_times().modified
        assert job.get_times().transferred is None
        assert code_of(job.get_error) == service.code(hresult.DO_E_ERROR_INFORMATION_UNAVAILABLE)
        assert service.refuses(Lack.DESCRIPTION, job.get_description) or job.get_description() == ""
        assert service.refuses(Lack.ERROR_COUNT, job.get_error_count) or job.get_error_count() == 0
        assert service.refuses(Lack.OWNER, job.get_owner) or job.get_owner()
        assert service.on_disk == {}

    def test_a_job_is_found_by_its_id_and_in_the_list(self, service: Service) -> None:
        """get_job gives the job of an id, enum_jobs all that are there, also after a restart."""
        ids = [service.manager.create_job(name).get_id() for name in ("first", "second")]
        for _ in range(2):
            assert [service.manager.get_job(job_id).get_display_name() for job_id in ids] == ["first", "second"]
            if not service.refuses(Lack.ENUM_JOBS, service.manager.enum_jobs):
                assert [job.get_id() for job in service.manager.enum_jobs()] == ids
            service.reopen()

    def test_an_unknown_id_is_not_found(self, service: Service) -> None:
        """get_job of an id that nobody knows is answered with DO_E_JOB_NOT_FOUND."""
        code = code_of(lambda: service.manager.get_job(UUID(int=1)))
        assert code == service.code(hresult.DO_E_JOB_NOT_FOUND)

    @pytest.mark.parametrize("ends", ["cancel", "complete"])
    def test_a_final_job_is_no_longer_listed(self, service: Service, ends: str) -> None:
        """Whoever cancels or completes a job takes it out of the list, for later processes too."""
        job, other = service.job(resumed=False), service.job(resumed=False)
        getattr(job, ends)()
        for _ in range(2):
            assert code_of(lambda: service.manager.get_job(job.get_id())) == service.code(hresult.DO_E_JOB_NOT_FOUND)
            if not service.refuses(Lack.ENUM_JOBS, service.manager.enum_jobs):
                assert [each.get_id() for each in service.manager.enum_jobs()] == [other.get_id()]
            service.reopen()

    @pytest.mark.parametrize(("length", "code"), [(0, hresult.E_INVALIDARG), (256, 0), (257, hresult.E_INVALIDARG)])
    def test_a_new_job_needs_a_name_of_at_most_256_characters(self, service: Service, length: int, code: int) -> None:
        """A job's display name is required and may have 256 characters."""
        assert code_of(lambda: service.manager.create_job("n" * length)) == code
        if Lack.ENUM_JOBS not in service.lacks:
            assert len(service.manager.enum_jobs()) == (code == 0)

    @pytest.mark.parametrize("name", VALUES)
    def test_what_is_set_can_be_read_and_moves_the_time_of_modification(self, service: Service, name: str) -> None:
        """Each set call is taken, read back by its get call, and counts as a modification of the job."""
        value, lack = VALUES[name]
        job = service.job(resumed=False)
        if lack is not None and service.refuses(lack, lambda: getattr(job, f"set_{name}")(value)):
            return
        assert moves_the_time_of_modification(job, lambda: getattr(job, f"set_{name}")(value))
        assert getattr(job, f"get_{name}")() == value

    def test_the_callback_that_is_set_can_be_read_and_taken_back(self, service: Service) -> None:
        """get_notify_interface gives what set_notify_interface was given, None where there is none."""
        job, callback = service.job(resumed=False), Recorder()
        for given in (callback, None):
            job.set_notify_interface(given)
            assert job.get_notify_interface() is given

    def test_another_callback_moves_the_time_of_modification(self, service: Service) -> None:
        """Each set call counts as a modification of the job, that of the callback too."""
        job = service.job(resumed=False)
        assert moves_the_time_of_modification(job, lambda: job.set_notify_interface(Recorder()))

    def test_a_file_and_another_address_move_the_time_of_modification(self, service: Service) -> None:
        """Adding a file and setting its address count as modifications of the job."""
        job = service.job(resumed=False)
        url = service.serve("/a")
        assert moves_the_time_of_modification(job, lambda: job.add_file(url, service.target("a")))
        (file,) = job.enum_files()
        other = service.serve("/b")
        assert moves_the_time_of_modification(job, lambda: file.set_remote_name(other))
        assert [each.get_remote_name() for each in job.enum_files()] == [other]

    def test_every_object_of_a_file_tells_the_address_that_was_set(self, service: Service) -> None:
        """get_remote_name tells from where the file is fetched, whichever object set it."""
        job = service.job(service.serve("/a"), resumed=False)
        held = job.enum_files()[0]
        other = service.serve("/b")
        job.enum_files()[0].set_remote_name(other)
        assert held.get_remote_name() == other

    def test_an_empty_job_cant_be_resumed(self, service: Service) -> None:
        """resume of a job without a file is refused with DO_E_JOB_EMPTY, and the job stays SUSPENDED."""
        job = service.job(resumed=False)
        assert code_of(job.resume) == service.code(hresult.DO_E_JOB_EMPTY)
        assert job.get_state() is JobState.SUSPENDED

    def test_files_are_listed_in_the_order_in_which_they_were_added(self, service: Service) -> None:
        """enum_files gives each file's two names as they were given."""
        urls = [service.serve(f"/{name}") for name in "cab"]
        files = service.job(*urls, resumed=False).enum_files()
        assert [file.get_remote_name() for file in files] == urls
        assert [file.get_local_name() for file in files] == [service.target(name) for name in "cab"]

    @pytest.mark.parametrize("url", BAD_URLS.values(), ids=BAD_URLS)
    def test_a_bad_address_is_refused(self, service: Service, url: str) -> None:
        """An address that can't be fetched, or of more than 2,200 characters, is E_INVALIDARG."""
        job = service.job(resumed=False)
        assert code_of(lambda: job.add_file(url, service.target("a"))) == hresult.E_INVALIDARG
        assert list(job.enum_files()) == []
        assert service.on_disk == {}

    def test_an_address_may_have_2200_characters(self, service: Service) -> None:
        """The longest address that is taken has 2,200 characters."""
        start = service.origin.url("/")
        job = service.job(resumed=False)
        job.add_file(start + "a" * (2_200 - len(start)), service.target("a"))
        assert len(job.enum_files()[0].get_remote_name()) == 2_200

    @pytest.mark.parametrize("local_name", BAD_LOCAL_NAMES.values(), ids=BAD_LOCAL_NAMES)
    def test_a_file_needs_a_full_path(self, service: Service, local_name: str) -> None:
        """An empty or relative local name is E_INVALIDARG."""
        job = service.job(resumed=False)
        assert code_of(lambda: job.add_file(service.serve("/a"), local_name)) == hresult.E_INVALIDARG
        assert list(job.enum_files()) == []

    def test_a_file_needs_a_folder_that_is_there(self, service: Service) -> None:
        """A folder that is missing is refused when the file is added, as path not found."""
        job = service.job(resumed=False)
        target = str(service.downloads / "missing" / "a")
        assert code_of(lambda: job.add_file(service.serve("/a"), target)) == hresult.ERROR_PATH_NOT_FOUND
        assert list(job.enum_files()) == []

    def test_a_file_needs_a_folder_that_can_be_written(self, service: Service) -> None:
        """A folder that is not writable is refused when the file is added, with E_ACCESSDENIED."""
        if service.forbidden_folder is None:
            pytest.skip("a test can't make such a folder here")
        job, url = service.job(resumed=False), service.serve("/a")
        with service.forbidden_folder() as folder:
            code = code_of(lambda: job.add_file(url, str(folder / "a")))
            left = list(folder.iterdir())
        assert code == hresult.E_ACCESSDENIED
        assert left == []
        assert list(job.enum_files()) == []

    @pytest.mark.parametrize("state", JobState, ids=lambda state: state.name)
    def test_bad_input_changes_nothing(self, service: Service, state: JobState) -> None:
        """A call that is given what it can't be is refused in every state, and the job is as it was before."""
        subject = bring(service, state)
        before = readings(subject)
        final = {service.code(hresult.DO_E_INVALID_STATE)} if state in FINAL else set()
        for name, (call, code, lack) in BAD_CALLS.items():
            expected = hresult.E_NOTIMPL if lack in service.lacks else code
            assert code_of(lambda call=call: call(subject)) in {expected} | final, name
        assert readings(subject) == before

    @pytest.mark.parametrize("lack", Lack, ids=lambda lack: lack.name)
    def test_only_what_a_service_says_it_lacks_is_refused(self, service: Service, lack: Lack) -> None:
        """A method that a service does not offer is answered with E_NOTIMPL, and no other one is."""
        job, url = service.job(resumed=False), service.serve("/a")
        calls: dict[Lack, Callable[[], object]] = {
            Lack.RANGES: lambda: job.add_file(url, service.target("a"), [FileRange(0, 10)]),
            Lack.DISPLAY_NAME_CHANGE: lambda: job.set_display_name("another name"),
            Lack.DESCRIPTION: lambda: job.set_description("a description"),
            Lack.OWNER: job.get_owner,
            Lack.TRANSIENT_RETRY_SETTABLE: lambda: job.set_minimum_retry_delay(60),
            Lack.ERROR_COUNT: job.get_error_count,
            Lack.ERROR_TEXTS: lambda: bring(service, JobState.ERROR).job.get_error().get_error_description(),
            Lack.ENUM_JOBS: service.manager.enum_jobs,
            Lack.FILE_TRANSFERRED_CALLBACK: lambda: job.set_notify_flags(NotifyFlags.FILE_TRANSFERRED),
        }
        assert code_of(calls[lack]) == (hresult.E_NOTIMPL if lack in service.lacks else hresult.S_OK)
