"""A service under the contract: how it is reached, and what is said of it beforehand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import MappingProxyType

from domonitor.backends.interface import CopyJob, CopyManager
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import NotifyFlags, Priority
from domonitor.jobs.state import JobState
from tests.server import Content, Fault, Hold, Origin, Pattern, Resource

SMALL = Pattern(10_000, seed=1)
LARGE = Pattern(100_000, seed=2)

CALLED_WITHIN_S = 20.0


class Lack(Enum):
    """What of the object model a service may not offer. The calls that need it are then refused with E_NOTIMPL."""

    RANGES = "parts of a file"
    DISPLAY_NAME_CHANGE = "another name for a job that is there"
    DESCRIPTION = "a description"
    OWNER = "whose a job is"
    TRANSIENT_RETRY_SETTABLE = "how long it waits after a failure that may pass"
    ERROR_COUNT = "how often a job was interrupted"
    ERROR_TEXTS = "an error in the service's own words, and its protocol"
    ENUM_JOBS = "a list of all jobs"
    FILE_TRANSFERRED_CALLBACK = "a callback for each file"


def code_of(call: Callable[[], object]) -> int:
    """The code with which a call is refused, S_OK where it is not."""
    try:
        call()
    except CallFailed as refusal:
        return refusal.code
    return hresult.S_OK


@dataclass
class Service:
    """A service on a folder of its own, and a web server that does the wrong thing asked for.

    manager: open when the test begins. restart: closes it and opens another one, as a new process would.
    downloads: an empty folder that the service can write to. until: returns once the condition holds.
    codes: the service's own code for each of Delivery Optimization's, where they differ.
    lacks: what it does not offer. follows_ours: whether it also does what no page decides, as our engine does it.
    slots: how many jobs of one priority it transfers at once.
    shortest_retry_delay_s, shortest_no_progress_s: the smallest values that it heeds.
    forbidden_folder: an existing folder that the service may not write to; None where a test can't make one.
    """

    manager: CopyManager
    restart: Callable[[], CopyManager]
    downloads: Path
    origin: Origin
    until: Callable[[Callable[[], bool]], None]
    codes: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    lacks: frozenset[Lack] = frozenset()
    follows_ours: bool = False
    slots: int = 1
    shortest_retry_delay_s: float = 0.0
    shortest_no_progress_s: float = 0.0
    forbidden_folder: Callable[[], AbstractContextManager[Path]] | None = None
    blockers: list[CopyJob] = field(default_factory=list, init=False, repr=False)
    _faults: list[Fault] = field(default_factory=list, init=False, repr=False)

    def reopen(self) -> None:
        """What a restart of the program does. Job objects from before are of no use any more."""
        self.manager = self.restart()

    def code(self, code: int) -> int:
        """The code under which this service knows that one."""
        return self.codes.get(code, code)

    def refuses(self, lack: Lack, call: Callable[[], object]) -> bool:
        """Whether the service lacks it, as it said beforehand; then the call, which needs it, must be refused."""
        if lack not in self.lacks:
            return False
        assert code_of(call) == hresult.E_NOTIMPL
        return True

    def serve(self, path: str, content: Content | bytes = SMALL, *faults: Fault) -> str:
        """The address of a file of that content, with what goes wrong with it."""
        self._faults += faults
        return self.origin.add(path, Resource(content, faults=faults))

    def let_go(self) -> None:
        """Nothing at the server waits any more: it can be closed at once."""
        for fault in self._faults:
            fault.release()

    def target(self, name: str) -> str:
        """The full path of that name in the download folder."""
        return str(self.downloads / name)

    def job(self, *urls: str, resumed: bool = True) -> CopyJob:
        """A job of files that are named as the last parts of their addresses."""
        job = self.manager.create_job("a job")
        for url in urls:
            job.add_file(url, self.target(url.rpartition("/")[2]))
        if resumed:
            job.resume()
        return job

    def until_state(self, job: CopyJob, state: JobState) -> None:
        """Returns once the job is in the state."""
        self.until(lambda: job.get_state() is state)

    def retry_after(self, job: CopyJob, delay_s: float) -> None:
        """Sets how long the job waits after a failure that may pass; without effect where that can't be set."""
        if not self.refuses(Lack.TRANSIENT_RETRY_SETTABLE, lambda: job.set_minimum_retry_delay(delay_s)):
            job.set_minimum_retry_delay(delay_s)

    def fill_slots(self) -> None:
        """Starts blockers: as many jobs as are transferred at once, all of them at a server that does not answer."""
        for at in range(self.slots):
            job = self.job(self.serve(f"/blocker{at}", SMALL, Hold()), resumed=False)
            job.set_priority(Priority.HIGH)
            job.resume()
            self.until_state(job, JobState.CONNECTING)
            self.blockers.append(job)

    def until_callbacks_are_through(self) -> None:
        """Returns once a callback was called that was due after all that were due before."""
        recorder = Recorder()
        job = self.job(self.serve("/last-callback"), resumed=False)
        job.set_notify_interface(recorder)
        job.set_notify_flags(NotifyFlags.JOB_TRANSFERRED)
        job.resume()
        recorder.wait_for("job_transferred")

    @property
    def on_disk(self) -> dict[str, bytes]:
        """Everything in the download folder, temporary files too."""
        return {path.name: path.read_bytes() for path in self.downloads.iterdir()}


OpenService = Callable[[], AbstractContextManager[Service]]
"""Opens a service as a test needs it: new, on a folder and with a server of its own, until the end of the with."""


class Recorder:
    """A callback object that notes its calls, and does then in each of them."""

    def __init__(self, then: Callable[[CopyJob], object] = lambda job: None) -> None:
        self.calls: list[str] = []
        self.arguments: list[Sequence[object]] = []
        self.threads: set[int] = set()
        self._then = then
        self._changed = threading.Condition()

    def job_transferred(self, *arguments: object) -> None:
        self._note("job_transferred", arguments)

    def job_error(self, *arguments: object) -> None:
        self._note("job_error", arguments)

    def job_modification(self, *arguments: object) -> None:
        self._note("job_modification", arguments)

    def file_transferred(self, *arguments: object) -> None:
        self._note("file_transferred", arguments)

    def wait_for(self, name: str, count: int = 1) -> None:
        """Returns once that was called so often."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.calls.count(name) >= count, CALLED_WITHIN_S):
                raise TimeoutError(f"{name} was not called {count} times, but these were: {self.calls}")

    def _note(self, name: str, arguments: Sequence[object]) -> None:
        try:
            self._then(arguments[0])
        finally:
            with self._changed:
                self.calls.append(name)
                self.arguments.append(arguments)
                self.threads.add(threading.get_ident())
                self._changed.notify_all()
