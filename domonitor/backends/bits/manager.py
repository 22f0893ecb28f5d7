"""The manager of BITS' jobs: the connection to the service, and the way to each job."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from ctypes import byref
from typing import Any, TypeVar
from uuid import UUID

from domonitor.backends.bits.job import BitsJob
from domonitor.backends.com import objects
from domonitor.backends.com.apartment import Apartment, Held
from domonitor.backends.com.slots import BITS_CLASS, BITS_VERSIONS
from domonitor.backends.interface import CopyCallback
from domonitor.backends.thread import BackendThread
from domonitor.jobs import hresult
from domonitor.jobs.codes import refusal
from domonitor.jobs.error import CallFailed

T = TypeVar("T")

LONGEST_NAME = 256
"""Characters of a display name. Source: IBackgroundCopyManager::CreateJob."""

_DOWNLOAD = 0
_ALL_USERS = 1
"""Source: BG_JOB_TYPE_DOWNLOAD, BG_JOB_ENUM_ALL_USERS."""


class BitsManager:
    """Creates, finds and lists jobs; see CopyManager. Any thread may call; COM lives on one of its own.

    It connects at the first call, which starts the service, and again where the service has ended meanwhile.
    """

    def __init__(self) -> None:
        self._apartment = Apartment("bits")
        self._callback_thread = BackendThread("bits-callbacks")
        self._manager: Held | None = None
        self._may_start = True
        self.epoch = 0
        """Counts the connections: objects of an earlier one are of no use any more."""

        self.lacking: set[str] = set()
        """Interfaces that no job of this service has, so that only the first one is asked. On COM's thread."""

        self.callbacks: dict[UUID, CopyCallback] = {}

    def create_job(self, display_name: str) -> BitsJob:
        """See CopyManager. Raises CallFailed E_INVALIDARG for a name of no or more than 256 characters."""
        if not 1 <= len(display_name) <= LONGEST_NAME:
            raise refusal(hresult.E_INVALIDARG, f"A job's name has 1 to {LONGEST_NAME} characters.")

        def create() -> BitsJob:
            room = objects.empty_guid()
            pointer = objects.given(
                self.connected().CreateJob, "IBackgroundCopyJob", display_name, _DOWNLOAD, byref(room)
            )
            return self._job(objects.uuid(room), pointer)

        return self.run(create)

    def get_job(self, job_id: UUID) -> BitsJob:
        """See CopyManager. Raises CallFailed BG_E_NOT_FOUND."""
        return self.run(lambda: self._job(job_id, self.pointer_of(job_id)))

    def enum_jobs(self) -> Sequence[BitsJob]:
        """See CopyManager: those of this account."""
        return self.run(lambda: [job for job in self.listed() if not job.is_final()])

    def close(self) -> None:
        """See CopyManager."""
        self._apartment.close(self.forget)
        self._callback_thread.close(lambda: None)

    def version(self) -> str:
        """The newest version of BITS that is there, as "10.3"; "" where it does not tell. Raises CallFailed."""

        def probe() -> str:
            self.connected()
            for version, class_id in BITS_VERSIONS.items():
                with suppress(CallFailed):
                    objects.create(class_id, "IBackgroundCopyManager")
                    return version
            return ""

        return self.run(probe)

    # For the jobs and the backend.

    def run(self, work: Callable[[], T], *, may_start: bool = True, within_s: float | None = None) -> T:
        """Does the work on COM's thread.

        may_start: once more on a new connection, where the service had ended. Without that nothing within the work
        starts the service again. within_s: see Apartment.call.
        """

        def attempt() -> T:
            before, self._may_start = self._may_start, self._may_start and may_start
            try:
                return self._attempt(work)
            finally:
                self._may_start = before

        return self._apartment.call(attempt, within_s)

    def held(self, pointer: object) -> Held:
        """What may hold the pointer on any thread."""
        return Held(self._apartment, pointer)

    def forget(self) -> None:
        """Lets go of the connection. On COM's thread."""
        self._manager = None
        self.lacking.clear()
        self.epoch += 1

    def connected(self) -> Any:
        """The service's manager; connects where there is no connection, which starts the service. On COM's thread."""
        if self._manager is None:
            self._manager = self.held(objects.create(BITS_CLASS, "IBackgroundCopyManager"))
        return self._manager.pointer

    def pointer_of(self, job_id: UUID) -> Any:
        """The job with that id. On COM's thread. Raises CallFailed BG_E_NOT_FOUND."""
        return objects.given(self.connected().GetJob, "IBackgroundCopyJob", byref(objects.guid(job_id)))

    def count(self, *, all_users: bool) -> int:
        """How many jobs the service lists. On COM's thread. Raises CallFailed E_ACCESSDENIED for those of all users."""
        return objects.number(self._enumeration(all_users=all_users).GetCount)

    def listed(self, *, all_users: bool = False) -> Iterator[BitsJob]:
        """The jobs that the service lists, final ones too. On COM's thread. Raises CallFailed."""
        for pointer in objects.listed(self._enumeration(all_users=all_users), "IBackgroundCopyJob"):
            yield self._job(objects.uuid(objects.read(pointer.GetId, objects.empty_guid)), pointer)

    def called(self, job_id: UUID, name: str) -> None:
        """A callback has come, on a thread of COM's: it is handed on by ours, on which a job may be asked."""
        with suppress(RuntimeError):  # closed
            self._callback_thread.submit(lambda: self._hand_on(job_id, name))

    def _attempt(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except CallFailed as failure:
            if failure.code not in objects.CONNECTION_LOST:
                raise
            self.forget()
            if not self._may_start:
                raise
        return work()

    def _hand_on(self, job_id: UUID, name: str) -> None:
        callback = self.callbacks.get(job_id)
        if callback is None:
            return
        job = self.get_job(job_id)
        if name == "job_error":
            callback.job_error(job, job.get_error())
        elif name != "file_transferred":  # whose file that was, its own object told; nobody has asked for it yet
            getattr(callback, name)(job)

    def _enumeration(self, *, all_users: bool) -> Any:
        flags = _ALL_USERS if all_users else 0
        return objects.given(self.connected().EnumJobs, "IEnumBackgroundCopyJobs", flags)

    def _job(self, job_id: UUID, pointer: object) -> BitsJob:
        return BitsJob(self, job_id, self.held(pointer))
