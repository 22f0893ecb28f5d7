"""A job of BITS and its files: the documented calls, one to one."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from domonitor.backends.bits.error import BitsError
from domonitor.backends.bits.properties import JobProperty, ProxySettings, ProxyUsage
from domonitor.backends.com import callbacks, objects, structures
from domonitor.backends.com.structures import SIZE_UNKNOWN
from domonitor.backends.interface import CopyCallback
from domonitor.jobs import hresult
from domonitor.jobs.codes import refusal
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import FileProgress, FileRange, NotifyFlags, Priority, Progress, Times
from domonitor.jobs.state import FINAL, JobState

if TYPE_CHECKING:
    from domonitor.backends.bits.manager import BitsManager
    from domonitor.backends.com.apartment import Held

T = TypeVar("T")

_NEWEST_FIRST = tuple(f"IBackgroundCopyJob{number}" for number in (5, 4, 3, 2))

LONGEST_DESCRIPTION = 1024
"""Characters. Source: IBackgroundCopyJob::SetDescription."""


class BitsJob:
    """A job; see CopyJob. Any thread may call. It finds its way back where the service has ended meanwhile."""

    def __init__(self, manager: BitsManager, job_id: UUID, held: Held) -> None:
        self._manager = manager
        self._id = job_id
        self._held = held
        self._epoch = manager.epoch
        self._behind: dict[str, Held] = {}

    def get_id(self) -> UUID:
        """See CopyJob."""
        return self._id

    def get_display_name(self) -> str:
        """See CopyJob."""
        return self._words("GetDisplayName")

    def get_description(self) -> str:
        """See CopyJob."""
        return self._words("GetDescription")

    def get_state(self) -> JobState:
        """See CopyJob."""
        return JobState(self._number("GetState"))

    def is_final(self) -> bool:
        """Whether the job has ended; some services list it for a while yet."""
        return self.get_state() in FINAL

    def get_type(self) -> int:
        """0 for a download, 1 for an upload, 2 for one with a reply. Source: BG_JOB_TYPE."""
        return self._number("GetType")

    def get_progress(self) -> Progress:
        """See CopyJob."""
        said = self._read("GetProgress", structures.JobProgress)
        total = None if said.bytes_total == SIZE_UNKNOWN else said.bytes_total
        return Progress(total, said.bytes_transferred, said.files_total, said.files_transferred)

    def get_times(self) -> Times:
        """See CopyJob."""
        said = self._read("GetTimes", structures.JobTimes)
        created = said.created.moment()
        modified = said.modified.moment()
        if created is None or modified is None:
            raise refusal(hresult.E_NOTIMPL)
        return Times(created, modified, said.transferred.moment())

    def get_error(self) -> BitsError:
        """See CopyJob. Raises CallFailed BG_E_ERROR_INFORMATION_UNAVAILABLE where there is none."""

        def ask() -> BitsError:
            return BitsError(
                self._manager, self._manager.held(objects.given(self.pointer.GetError, "IBackgroundCopyError"))
            )

        return self._manager.run(ask)

    def get_error_count(self) -> int:
        """See CopyJob."""
        return self._count("GetErrorCount")

    def get_owner(self) -> str:
        """See CopyJob: the security identifier of the account."""
        return self._words("GetOwner")

    def add_file(
        self,
        remote_name: str,
        local_name: str,
        ranges: Sequence[FileRange] = (),
        size: int | None = None,  # noqa: ARG002
    ) -> None:
        """See CopyJob. size is of no use to BITS, which asks the server."""
        if not ranges:
            self._ask("AddFile", remote_name, local_name)
            return
        parts = (structures.FileRange * len(ranges))(
            *(structures.FileRange(one.offset, SIZE_UNKNOWN if one.length is None else one.length) for one in ranges)
        )
        self._ask("AddFileWithRanges", remote_name, local_name, len(ranges), parts, of="IBackgroundCopyJob3")

    def enum_files(self) -> Sequence[BitsFile]:
        """See CopyJob."""

        def ask() -> list[BitsFile]:
            files = objects.given(self.pointer.EnumFiles, "IEnumBackgroundCopyFiles")
            return [
                BitsFile(self._manager, self._manager.held(pointer))
                for pointer in objects.listed(files, "IBackgroundCopyFile")
            ]

        return self._manager.run(ask)

    def resume(self) -> None:
        """See CopyJob. Raises CallFailed BG_E_EMPTY without a file."""
        self._ask("Resume")

    def suspend(self) -> None:
        """See CopyJob."""
        self._ask("Suspend")

    def cancel(self) -> bool:
        """See CopyJob. It may take seconds: the service waits for the transfer to let go."""
        return self._ask("Cancel") == hresult.BG_S_UNABLE_TO_DELETE_FILES

    def complete(self) -> bool:
        """See CopyJob."""
        return self._ask("Complete") == hresult.BG_S_PARTIAL_COMPLETE

    def set_priority(self, priority: Priority) -> None:
        """See CopyJob."""
        self._ask("SetPriority", int(priority))

    def get_priority(self) -> Priority:
        """See CopyJob."""
        return Priority(self._number("GetPriority"))

    def set_display_name(self, display_name: str) -> None:
        """See CopyJob."""
        self._ask("SetDisplayName", display_name)

    def set_description(self, description: str) -> None:
        """See CopyJob. Raises CallFailed E_INVALIDARG for more than 1,024 characters."""
        if len(description) > LONGEST_DESCRIPTION:
            raise refusal(hresult.E_INVALIDARG, f"A description has at most {LONGEST_DESCRIPTION} characters.")
        self._ask("SetDescription", description)

    def set_minimum_retry_delay(self, delay_s: float) -> None:
        """See CopyJob. In whole seconds, 600 unless it is set; BITS takes fewer than 5 for 5."""
        self._ask("SetMinimumRetryDelay", round(delay_s))

    def get_minimum_retry_delay(self) -> float:
        """See CopyJob."""
        return self._count("GetMinimumRetryDelay")

    def set_no_progress_timeout(self, timeout_s: float) -> None:
        """See CopyJob. In whole seconds, 14 days unless it is set; with 0 every failure is an ERROR at once."""
        self._ask("SetNoProgressTimeout", round(timeout_s))

    def get_no_progress_timeout(self) -> float:
        """See CopyJob."""
        return self._count("GetNoProgressTimeout")

    def set_notify_interface(self, callback: CopyCallback | None) -> None:
        """See CopyJob. Only on jobs that this program created: on another one it takes that program's callback away."""

        def give() -> None:
            manager, job_id = self._manager, self._id
            sink = None if callback is None else callbacks.callback(lambda name: manager.called(job_id, name))
            objects.ask(self.pointer.SetNotifyInterface, sink)
            if callback is None:
                manager.callbacks.pop(job_id, None)
            else:
                manager.callbacks[job_id] = callback

        self._manager.run(give)

    def get_notify_interface(self) -> CopyCallback | None:
        """See CopyJob: the one that this program has given."""
        return self._manager.callbacks.get(self._id)

    def set_notify_flags(self, flags: NotifyFlags) -> None:
        """See CopyJob."""
        self._ask("SetNotifyFlags", int(flags))

    def get_notify_flags(self) -> NotifyFlags:
        """See CopyJob."""
        return NotifyFlags(self._count("GetNotifyFlags"))

    def set_custom_headers(self, headers: str) -> None:
        """Lines that every request for the job's files carries, "Name: value" each."""
        self._ask("SetCustomHeaders", headers, of="IBackgroundCopyJobHttpOptions")

    def set_proxy_settings(self, settings: ProxySettings) -> None:
        """Over which proxies the job goes. Source: IBackgroundCopyJob::SetProxySettings."""
        usage, proxies, bypassed = settings
        self._ask("SetProxySettings", int(usage), proxies or None, bypassed or None)

    def get_proxy_settings(self) -> ProxySettings:
        """Over which proxies the job goes. Raises ValueError for a way that is not documented."""

        def ask() -> ProxySettings:
            usage, proxies, bypassed = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_void_p()
            places = (ctypes.byref(one) for one in (usage, proxies, bypassed))
            objects.ask(self.pointer.GetProxySettings, *places)
            listed, excepted = objects.taken(proxies), objects.taken(bypassed)
            return ProxySettings(ProxyUsage(usage.value), listed, excepted)

        return self._manager.run(ask)

    def set_property(self, which: JobProperty, value: int) -> None:
        """Sets it, COST_FLAGS for example to a TransferPolicy. Raises CallFailed E_NOTIMPL before BITS 5.0."""
        self._ask("SetProperty", int(which), structures.JobPropertyValue(value), of="IBackgroundCopyJob5")

    def get_property(self, which: JobProperty) -> int:
        """Its value, 32 bits. Raises CallFailed E_NOTIMPL before BITS 5.0."""

        def read(call: Any) -> int:
            return int(objects.read(call, structures.JobPropertyValue, int(which)).number) & 0xFFFFFFFF

        return self._on("GetProperty", "IBackgroundCopyJob5", read)

    def newest_interface(self) -> str:
        """Behind which newest interface the job stands: IBackgroundCopyJob5 since BITS 5.0."""

        def find() -> str:
            for name in _NEWEST_FIRST:
                with suppress(CallFailed):
                    self.behind(name)
                    return name
            return "IBackgroundCopyJob"

        return self._manager.run(find)

    # On COM's thread.

    @property
    def pointer(self) -> Any:
        """IBackgroundCopyJob. Raises CallFailed BG_E_NOT_FOUND where the service has no such job any more."""
        if self._epoch != self._manager.epoch:
            self._held = self._manager.held(self._manager.pointer_of(self._id))
            self._epoch = self._manager.epoch
            self._behind.clear()
        return self._held.pointer

    def behind(self, interface: str) -> Any:
        """The job behind another of its interfaces. Raises CallFailed E_NOTIMPL where this BITS has no such one."""
        pointer = self.pointer
        if interface in self._manager.lacking:
            raise refusal(hresult.E_NOTIMPL)
        if interface not in self._behind:
            found = objects.asked_for(pointer, interface)
            if found is None:
                self._manager.lacking.add(interface)
                raise refusal(hresult.E_NOTIMPL)
            self._behind[interface] = self._manager.held(found)
        return self._behind[interface].pointer

    # Steps.

    def _ask(self, method: str, *arguments: object, of: str = "") -> int:
        return self._on(method, of, lambda call: objects.ask(call, *arguments))

    def _read(self, method: str, kind: Callable[[], Any]) -> Any:
        return self._on(method, "", lambda call: objects.read(call, kind))

    def _words(self, method: str) -> str:
        return self._on(method, "", objects.words)

    def _number(self, method: str) -> int:
        return int(self._read(method, ctypes.c_int).value)

    def _count(self, method: str) -> int:
        return int(self._read(method, ctypes.c_uint32).value)

    def _on(self, method: str, of: str, work: Callable[[Any], T]) -> T:
        return self._manager.run(lambda: work(getattr(self.behind(of) if of else self.pointer, method)))


class BitsFile:
    """A file of a job; see CopyFile."""

    def __init__(self, manager: BitsManager, held: Held) -> None:
        self._manager = manager
        self._held = held

    def get_remote_name(self) -> str:
        """See CopyFile."""
        return self._words("GetRemoteName")

    def get_local_name(self) -> str:
        """See CopyFile."""
        return self._words("GetLocalName")

    def get_progress(self) -> FileProgress:
        """See CopyFile."""

        def ask() -> FileProgress:
            said = objects.read(self._held.pointer.GetProgress, structures.FileProgress)
            total = None if said.bytes_total == SIZE_UNKNOWN else said.bytes_total
            return FileProgress(total, said.bytes_transferred, bool(said.completed))

        return self._manager.run(ask)

    def get_ranges(self) -> Sequence[FileRange]:
        """See CopyFile."""

        def ask() -> list[FileRange]:
            count, place = ctypes.c_uint32(), ctypes.c_void_p()
            objects.ask(self._second().GetFileRanges, ctypes.byref(count), ctypes.byref(place))
            try:
                parts = ctypes.cast(place, ctypes.POINTER(structures.FileRange))
                said = [(parts[at].offset, parts[at].length) for at in range(count.value)]
            finally:
                objects.freed(place)
            return [FileRange(offset, None if length == SIZE_UNKNOWN else length) for offset, length in said]

        return self._manager.run(ask)

    def set_remote_name(self, remote_name: str) -> None:
        """See CopyFile."""

        def ask() -> None:
            objects.ask(self._second().SetRemoteName, remote_name)

        self._manager.run(ask)

    def _second(self) -> Any:
        found = objects.asked_for(self._held.pointer, "IBackgroundCopyFile2")
        if found is None:
            raise refusal(hresult.E_NOTIMPL)
        return found

    def _words(self, method: str) -> str:
        return self._manager.run(lambda: objects.words(getattr(self._held.pointer, method)))
