"""Runs scenarios in processes that end without a word at a chosen step, again and again, each step once.

    python -m tests.backends.engine.crashing FOLDER SCENARIO URL…

A step is the moment before or after a call to the file system in the download folder, or a commit. Each run is a fork
of this process, which has no thread and has imported everything: that makes hundreds of crashes affordable. Behind
each crash comes a second run, which crashes early, and a third, which must end well. Prints how many steps there were.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any
from uuid import UUID

from domonitor.backends.engine import EngineManager, disk, segments
from domonitor.backends.engine.job import EngineJob
from domonitor.backends.engine.store import Store
from domonitor.jobs import codes
from domonitor.jobs.request import Existing, NewFile, NewJob
from domonitor.jobs.state import JobState
from tests.backends.engine.conftest import QUICK

CRASHED = 99
STEPS_MOST = 400

Found = dict[str, int]
"""The names that must be in the folder, and which address each comes from."""

THERE_BEFORE = -1
"""In place of an address: a file that was there before, and stays."""


class Steps:
    """Counts the steps of this process and ends it at one of them."""

    def __init__(self, downloads: Path, crash_at: int | None) -> None:
        self._downloads = str(downloads)
        self._crash_at = crash_at
        self._lock = threading.Lock()
        self._descriptors: set[int] = set()
        self._count = 0
        for name in ("open", "link", "unlink", "replace", "rename", "ftruncate", "fsync", "fdatasync"):
            setattr(os, name, self._file_call(getattr(os, name)))
        disk.rename_exclusively = self._file_call(disk.rename_exclusively)  # no function of os
        for name in ("write", "set_meta"):
            setattr(Store, name, self._around(getattr(Store, name)))

    def _step(self) -> None:
        with self._lock:
            if self._count == self._crash_at:
                os._exit(CRASHED)
            self._count += 1

    def _around(self, call: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(call)
        def stepping(*arguments: Any, **named: Any) -> Any:
            self._step()
            result = call(*arguments, **named)
            self._step()
            return result

        return stepping

    def _file_call(self, call: Callable[..., Any]) -> Callable[..., Any]:
        stepping = self._around(call)

        @wraps(call)
        def counted(path: Any, *arguments: Any, **named: Any) -> Any:
            is_ours = path in self._descriptors if isinstance(path, int) else str(path).startswith(self._downloads)
            result = (stepping if is_ours else call)(path, *arguments, **named)
            if call.__name__ == "open":
                (self._descriptors.add if is_ours else self._descriptors.discard)(result)
            return result

        return counted


class Run:
    """What a scenario works with. say: leaves a line that outlives the crash."""

    def __init__(self, folder: Path, urls: Sequence[str]) -> None:
        self.folder = folder
        self.downloads = folder / "downloads"
        self.urls = urls
        self._said = folder / "said"
        self.manager = EngineManager(folder / "engine", QUICK)
        self._changed = threading.Event()
        self.manager.add_reader(self._changed.set)

    def say(self, line: str) -> None:
        with self._said.open("a") as file:
            file.write(f"{line}\n")

    @property
    def said(self) -> list[str]:
        return self._said.read_text().splitlines() if self._said.exists() else []

    def until(self, condition: Callable[[], bool]) -> None:
        while True:
            self._changed.clear()
            if condition():
                return
            if not self._changed.wait(10):
                raise TimeoutError("it did not come to that")

    def files(self, names: Sequence[str]) -> tuple[NewFile, ...]:
        return tuple(
            NewFile(
                url, str(self.downloads / name), existing=Existing.REPLACE if name == "replaced" else Existing.REFUSE
            )
            for url, name in zip(self.urls, names, strict=False)
        )

    def check_nothing_is_lost(self) -> None:
        """Every job that was accepted is still there, or has come to its end."""
        for line in self.said:
            verb, _, job_id = line.partition(" ")
            if verb == "accepted":
                known = {str(job.get_id()) for job in self.manager.enum_jobs()}
                ends = {event.state for event in self.manager.timeline(UUID(job_id))}
                is_there = job_id in known or ends & {JobState.ACKNOWLEDGED, JobState.CANCELLED}
                assert is_there, f"{job_id} is lost"


def complete_by_themselves(run: Run, *, is_first: bool) -> list[Found]:
    """Two jobs, one of two files, one that replaces a file, run to their ends by themselves."""
    names = ["a", "replaced", "b"]
    if is_first:
        files = run.files(names)
        for answer in run.manager.add_many([NewJob("two", files[::2]), NewJob("one", files[1:2])]):
            assert isinstance(answer, EngineJob), answer
            run.say(f"accepted {answer.get_id()}")
    run.until(lambda: run.manager.enum_jobs() == ())
    whole = {name: at for at, name in enumerate(names)}
    # A crash between the commit and the answer: nobody was told, but the jobs are there, both of them.
    return [whole] if len(run.said) == 2 else [whole, {}]


def complete_a_part(run: Run, *, is_first: bool) -> list[Found]:
    """A job of three files, of which one never arrives, is completed with the two others."""
    if is_first:
        job = run.manager.create_job("three")
        run.say(f"accepted {job.get_id()}")
        for file in run.files(["a", "b", "never"]):
            job.add_file(file.remote_name, file.local_name)
        run.say("added 3")
        job.resume()
    for job in run.manager.enum_jobs():
        if "added 3" not in run.said:
            job.cancel()
            continue
        if job.get_state() is JobState.SUSPENDED:
            job.resume()
        run.until(lambda job=job: job.get_progress().files_transferred == 2)
        assert job.complete() is True
        run.say(f"completed {job.get_id()}")
    return [{"a": 0, "b": 1} if "added 3" in run.said else {}]


def cancel(run: Run, *, is_first: bool) -> list[Found]:
    """A job is cancelled with one file there and one on its way."""
    if is_first:
        job = run.manager.create_job("two")
        run.say(f"accepted {job.get_id()}")
        files = run.files(["a", "b", "never"])
        for file in (files[0], files[2]):
            job.add_file(file.remote_name, file.local_name)
        job.resume()
        run.until(lambda: job.get_progress().files_transferred == 1)
    for job in run.manager.enum_jobs():
        job.cancel()
    return [{}]


def named_by_the_server(run: Run, *, is_first: bool) -> list[Found]:
    """The server calls two files as one that is there already: each gets a number of its own."""
    if is_first:
        files = [replace(file, existing=Existing.RENAME, is_named_by_server=True) for file in run.files(["1", "2"])]
        for answer in run.manager.add_many([NewJob("1", tuple(files[:1])), NewJob("2", tuple(files[1:]))]):
            assert isinstance(answer, EngineJob), answer
            run.say(f"accepted {answer.get_id()}")
    run.until(lambda: run.manager.enum_jobs() == ())
    names = ("replaced (2)", "replaced (3)")
    either = [dict(zip(names, order, strict=True)) for order in ((0, 1), (1, 0))]
    return either if len(run.said) == 2 else [*either, {}]


def taken_at_the_end(run: Run, *, is_first: bool) -> list[Found]:
    """Somebody else takes the name while the file arrives: it gets the next number."""
    if is_first:
        file = replace(run.files(["a"])[0], existing=Existing.RENAME)
        (answer,) = run.manager.add_many([NewJob("a", (file,), auto_complete=False)])
        assert isinstance(answer, EngineJob), answer
        run.say(f"accepted {answer.get_id()}")
    for job in run.manager.enum_jobs():
        run.until(lambda job=job: job.get_state() is JobState.TRANSFERRED)
        if "intruder" not in run.said:
            run.say("intruder")
            (run.downloads / "a").write_bytes(b"old")
        job.complete()
    is_added = "intruder" in run.said
    return [{"a": THERE_BEFORE, "a (2)": 0} if is_added else {}]


def in_segments(run: Run, *, is_first: bool) -> list[Found]:
    """A file comes in several pieces at once."""
    segments.SMALLEST_BYTES = 60_000
    if is_first:
        (answer,) = run.manager.add_many([NewJob("a", run.files(["a"]), segments=3)])
        assert isinstance(answer, EngineJob), answer
        run.say(f"accepted {answer.get_id()}")
    run.until(lambda: run.manager.enum_jobs() == ())
    return [{"a": 0}] if run.said else [{"a": 0}, {}]


SCENARIOS = {
    scenario.__name__: scenario
    for scenario in (
        *(complete_by_themselves, complete_a_part, cancel, named_by_the_server, taken_at_the_end),
        in_segments,
    )
}


def _process(folder: Path, scenario: Any, urls: Sequence[str], crash_at: int | None, *, is_first: bool) -> int:
    """One run in a process of its own; its exit code."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        Steps(folder / "downloads", crash_at)
        run = Run(folder, urls)
        run.check_nothing_is_lost()
        wanted = scenario(run, is_first=is_first)
        if crash_at is None:
            _check(folder, urls, wanted)
        run.manager.close()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _check(folder: Path, urls: Sequence[str], wanted: Sequence[Found]) -> None:
    """The addresses carry the digests of their contents as fragments."""
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "downloads").iterdir()}
    digests = [url.partition("#")[2] for url in urls] + [hashlib.sha256(b"old").hexdigest()]
    old = {"replaced": THERE_BEFORE}
    assert found in [{name: digests[at] for name, at in {**old, **one}.items()} for one in wanted], found


def main(folder: Path, name: str, urls: list[str]) -> None:
    codes.explain(0)
    scenario = SCENARIOS[name]
    for crash_at in range(STEPS_MOST):
        place = folder / f"{crash_at}"
        (place / "downloads").mkdir(parents=True)
        (place / "downloads" / "replaced").write_bytes(b"old")
        ended = _process(place, scenario, urls, crash_at, is_first=True)
        assert ended in (0, CRASHED), f"step {crash_at}: the first run failed"
        second = _process(place, scenario, urls, crash_at * 7 % 23, is_first=False)
        assert second in (0, CRASHED), f"step {crash_at}: the second run failed"
        if _process(place, scenario, urls, None, is_first=False):
            raise SystemExit(f"{name}: after a crash at step {crash_at} not all was well")
        shutil.rmtree(place)
        if ended == 0:
            print(crash_at)
            return
    raise SystemExit("the scenario never ran through")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
