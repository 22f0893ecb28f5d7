"""What jobs go through while each step is recorded, and how each of them is to end after a power cut."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from domonitor.backends.engine.job import EngineFile, EngineJob
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import FileRange, NotifyFlags
from domonitor.jobs.request import Existing, NewFile, NewJob
from domonitor.jobs.state import FINAL, JobState
from tests.backends.engine.conftest import Engine
from tests.backends.engine.recording import Files, Recording, Told
from tests.server import Changes, Cut, Hold, Origin, Pattern, Resource, Stall

LARGE = Pattern(700_000, seed=1)
SMALL = Pattern(40_000, seed=2)
OTHER = Pattern(600_000, seed=3)


class Scenario:
    """begin is recorded; after each cut it is ended for every job that is still there.

    wanted: what each job's files hold once it is completed. old: what lies in the folder before, and stays.
    """

    old: Files = {}  # noqa: RUF012

    def __init__(self, engine: Engine, origin: Origin) -> None:
        self.engine = engine
        self.origin = origin
        self.wanted: dict[UUID, Files] = {}

    def begin(self, recording: Recording) -> None:
        raise NotImplementedError

    def end(self, job: EngineJob) -> None:
        """Brings a job that somebody waits for to its end; the others get there by themselves."""
        if job.get_state() is JobState.SUSPENDED:
            job.cancel()  # the cut came before its resume

    def check_all(self) -> None:
        """Looks at what happened behind all cuts together."""

    def complete(self, job: EngineJob) -> None:
        """As the caller would, unless the engine goes on with that by itself."""
        try:
            job.complete()
        except CallFailed:
            if job.get_state() is not JobState.ACKNOWLEDGED:
                raise

    def job(self, recording: Recording, wanted: Files, *urls: str, completes: bool = True) -> EngineJob:
        """A job that runs; each thing that its caller hears of it is a promise. Files are named as their addresses."""
        job = self.engine.manager.create_job("a job")
        job_id = job.get_id()
        self.wanted[job_id] = wanted
        recording.tell(Told.ACCEPTED, job_id)
        job.set_auto_complete(completes)
        job.set_notify_flags(NotifyFlags.JOB_TRANSFERRED | NotifyFlags.FILE_TRANSFERRED)
        job.set_notify_interface(Listener(recording))
        for url in urls:
            name = url.rpartition("/")[2]
            job.add_file(url, str(self.engine.downloads / name))
            recording.tell(Told.ADDED, job_id, name)
        job.resume()
        recording.tell(Told.RESUMED, job_id)
        return job


class Listener:
    """Hears of arrivals."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def file_transferred(self, job: EngineJob, file: EngineFile) -> None:
        self._recording.tell(Told.ARRIVED, job.get_id(), Path(file.get_local_name()).name)

    def job_transferred(self, job: EngineJob) -> None:
        self._recording.tell(Told.TRANSFERRED, job.get_id())

    def job_error(self, job, error) -> None: ...

    def job_modification(self, job) -> None: ...


class TwoJobsByThemselves(Scenario):
    """A large file that is cut off and goes on by a range, a small one beside it, and one that replaces another."""

    old = {"replaced": b"old" * 10_000}  # noqa: RUF012

    def begin(self, recording: Recording) -> None:
        stall = Stall(after_bytes=400_000, times=1)
        large = self.origin.add("/large", Resource(LARGE, faults=[stall, Cut(after_bytes=500_000, times=1)]))
        small = self.origin.add("/small", Resource(SMALL))
        replacing = self.origin.add("/replaced", Resource(OTHER))
        first = self.job(recording, {"large": LARGE.bytes(), "small": SMALL.bytes()}, large, small)
        recording.wait_for("fdatasync", "commit")
        new_file = NewFile(replacing, str(self.engine.downloads / "replaced"), existing=Existing.REPLACE)
        (second,) = self.engine.manager.add_many([NewJob("another", (new_file,))])
        assert isinstance(second, EngineJob)
        self.wanted[second.get_id()] = {"replaced": OTHER.bytes()}
        for told in (Told.ACCEPTED, Told.RESUMED):
            recording.tell(told, second.get_id())
        self.engine.until_state(second, JobState.ACKNOWLEDGED)
        recording.tell(Told.COMPLETED, second.get_id())
        stall.release()
        self.engine.until_state(first, JobState.ACKNOWLEDGED)
        recording.tell(Told.COMPLETED, first.get_id())

    def check_all(self) -> None:
        resumed = [request.headers.get("Range") for request in self.origin.requests_to("/large")[2:]]
        assert any(resumed), "no cut left anything that could be built upon"


class CompletedInPart(Scenario):
    """Two files of three have arrived, and that is enough."""

    def begin(self, recording: Recording) -> None:
        urls = [self.origin.add("/large", Resource(LARGE)), self.origin.add("/small", Resource(SMALL))]
        never = self.origin.add("/never", Resource(b"x", faults=[Hold()]))
        wanted = {"large": LARGE.bytes(), "small": SMALL.bytes()}
        job = self.job(recording, wanted, *urls, never, completes=False)
        self.end(job)
        recording.tell(Told.COMPLETED, job.get_id())

    def end(self, job: EngineJob) -> None:
        super().end(job)
        if job.get_state() is not JobState.CANCELLED:
            self.engine.until(lambda: job.get_progress().files_transferred == 2)
            self.complete(job)


class Cancelled(Scenario):
    """One file has arrived, one is on its way."""

    def begin(self, recording: Recording) -> None:
        small = self.origin.add("/small", Resource(SMALL))
        faults = [Hold(skip=1), Stall(after_bytes=400_000)]
        job = self.job(recording, {}, small, self.origin.add("/large", Resource(LARGE, faults=faults)))
        self.engine.until(lambda: job.get_progress().files_transferred == 1)
        recording.wait_for("fdatasync", "commit")
        self.end(job)
        recording.tell(Told.CANCELLED, job.get_id())

    def end(self, job: EngineJob) -> None:
        job.cancel()


class ContentChanges(Scenario):
    """After an interruption the address holds another file."""

    def begin(self, recording: Recording) -> None:
        stall = Stall(after_bytes=400_000, times=1)
        faults = [Changes(at_request=2, content=OTHER), stall, Cut(after_bytes=500_000, times=1)]
        job = self.job(recording, {"a": OTHER.bytes()}, self.origin.add("/a", Resource(LARGE, faults=faults)))
        recording.wait_for("fdatasync", "commit")
        stall.release()
        self.engine.until_state(job, JobState.ACKNOWLEDGED)
        recording.tell(Told.COMPLETED, job.get_id())


class ContentGetsAName(Scenario):
    """As before, but at first the server did not say which content it was."""

    def begin(self, recording: Recording) -> None:
        first, second = Stall(after_bytes=400_000, times=1), Stall(after_bytes=100_000, times=1, skip=1)
        faults = [Changes(at_request=2, content=OTHER), first, second, Cut(after_bytes=500_000, times=1)]
        url = self.origin.add("/a", Resource(LARGE, etag=None, faults=faults))
        job = self.job(recording, {"a": OTHER.bytes()}, url)
        recording.wait_for("fdatasync", "commit")
        first.release()
        recording.wait_for("ftruncate", "commit")
        second.release()
        self.engine.until_state(job, JobState.ACKNOWLEDGED)
        recording.tell(Told.COMPLETED, job.get_id())


class RefusedFiles(Scenario):
    """A name that is taken at once, and one that another program takes before the end."""

    old = {"taken": b"somebody's"}  # noqa: RUF012

    def begin(self, recording: Recording) -> None:
        url = self.origin.add("/a", Resource(SMALL))
        job = self.job(recording, {"a": SMALL.bytes()}, url, completes=False)
        with pytest.raises(CallFailed):
            job.add_file(url, str(self.engine.downloads / "taken"))
        self.engine.until_state(job, JobState.TRANSFERRED)
        recording.outside("a", b"another one's")
        with pytest.raises(CallFailed):
            job.complete()
        recording.outside("a", None)
        assert job.complete() is False
        recording.tell(Told.COMPLETED, job.get_id())

    def end(self, job: EngineJob) -> None:
        super().end(job)
        ends = {JobState.TRANSFERRED, JobState.ERROR, JobState.ACKNOWLEDGED, JobState.CANCELLED}
        if self.engine.until_state(job, *ends) in FINAL:
            return
        target = self.engine.downloads / "a"
        if target.exists() and target.read_bytes() == b"another one's":
            with pytest.raises(CallFailed):
                job.complete()
            assert target.read_bytes() == b"another one's"
            target.unlink()
        self.complete(job)


class APartIsDeleted(Scenario):
    """Another program deletes a temporary file while the job waits: it is made anew."""

    def begin(self, recording: Recording) -> None:
        held = Hold()
        job = self.job(recording, {"a": LARGE.bytes()}, self.origin.add("/a", Resource(LARGE, faults=[held])))
        self.origin.wait_requests("/a")
        (part,) = self.engine.downloads.iterdir()
        recording.outside(part.name, None)
        held.release()
        self.engine.until_state(job, JobState.ACKNOWLEDGED)
        recording.tell(Told.COMPLETED, job.get_id())


class InSegments(Scenario):
    """A file over three connections, of which two wait in the midst of their part while a third goes on."""

    def begin(self, recording: Recording) -> None:
        stalls = [Stall(after_bytes=60_000, skip=1, times=1), Stall(after_bytes=90_000, skip=1, times=1)]
        url = self.origin.add("/a", Resource(LARGE, faults=stalls))
        new_file = NewFile(url, str(self.engine.downloads / "a"))
        (job,) = self.engine.manager.add_many([NewJob("a job", (new_file,), segments=3)])
        assert isinstance(job, EngineJob)
        self.wanted[job.get_id()] = {"a": LARGE.bytes()}
        for told in (Told.ACCEPTED, Told.RESUMED):
            recording.tell(told, job.get_id())
        recording.wait_for("ftruncate", "commit", "fdatasync", "commit", "fdatasync", "commit")
        for stall in stalls:
            stall.release()
        self.engine.until_state(job, JobState.ACKNOWLEDGED)
        recording.tell(Told.COMPLETED, job.get_id())

    def check_all(self) -> None:
        asked = [request.range for request in self.origin.requests_to("/a")]
        assert len(set(asked)) > len(PIECES), "no cut left a piece that could be built upon"


PIECES = range(8)
"""So many requests the file takes where nothing goes wrong: 64 KiB, then pieces of about 100 KB."""


class OfRanges(Scenario):
    """A file of three ranges; the second one is cut off."""

    def begin(self, recording: Recording) -> None:
        stall = Stall(after_bytes=150_000, times=1, skip=1)
        url = self.origin.add("/a", Resource(LARGE, faults=[stall, Cut(after_bytes=180_000, times=1, skip=1)]))
        ranges = (FileRange(300_000, 250_000), FileRange(0, 200_000), FileRange(600_000, None))
        new_file = NewFile(url, str(self.engine.downloads / "a"), ranges)
        (job,) = self.engine.manager.add_many([NewJob("a job", (new_file,))])
        assert isinstance(job, EngineJob)
        self.wanted[job.get_id()] = {"a": b"".join(LARGE.bytes(each.offset, each.length) for each in ranges)}
        for told in (Told.ACCEPTED, Told.RESUMED):
            recording.tell(told, job.get_id())
        recording.wait_for("fdatasync", "commit")
        stall.release()
        self.engine.until_state(job, JobState.ACKNOWLEDGED)
        recording.tell(Told.COMPLETED, job.get_id())
