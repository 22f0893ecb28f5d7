"""`domonitor get`: downloads files in the terminal and waits for them."""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text

from domonitor import settings
from domonitor.backends.engine import EngineManager, EngineSettings
from domonitor.backends.engine.job import EngineJob
from domonitor.jobs import codes, hresult
from domonitor.jobs.address import plan_jobs, without_secrets
from domonitor.jobs.error import CallFailed, CopyError, DomonitorError, FolderInUse, InvalidInput
from domonitor.jobs.job import Job, JobFile
from domonitor.jobs.names import name_in_address
from domonitor.jobs.request import Existing, NewJob
from domonitor.jobs.state import FINAL, JobState

DONE = 0
FAILED = 1
WRONG_USE = 2
NOT_REACHABLE = 3
INTERRUPTED = 130

_REFRESH_S = 0.1
_RETRY_DELAY_S = 2.0


def main(urls: Sequence[str], folder: Path, give_up_s: float, *, keep_open: bool, existing: Existing) -> int:
    """Downloads the addresses into the folder; the exit code.

    give_up_s: a download that fails in a way that may pass is tried again until so long no byte has arrived.
    keep_open: the files are left under temporary names, to be completed in the window.
    existing: what is done where there is a file of that name.
    """
    messages = Console(stderr=True, highlight=False)
    try:
        new_jobs = plan_jobs(urls, folder.absolute(), auto_complete=not keep_open, existing=existing)
    except InvalidInput as refusal:
        messages.print(Text(str(refusal)), soft_wrap=True)
        return WRONG_USE
    with ExitStack() as stack:
        try:
            manager = _open_engine(stack, give_up_s, keep_open=keep_open)
        except DomonitorError as refusal:
            messages.print(Text(str(refusal)), soft_wrap=True)
            return NOT_REACHABLE
        stack.callback(manager.close)
        if manager.notice:
            messages.print(Text(manager.notice), soft_wrap=True)
        getting = _Getting(manager, messages)
        stack.callback(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, getting.interrupt))
        return getting.run(new_jobs)


def _open_engine(stack: ExitStack, give_up_s: float, *, keep_open: bool) -> EngineManager:
    """The user's engine; where another program holds it, one in a temporary folder."""
    choices = EngineSettings(retry_delay_s=_RETRY_DELAY_S, no_progress_background_s=give_up_s)
    try:
        return EngineManager(settings.data_folder() / "engine", choices)
    except FolderInUse:
        if keep_open:
            raise
    return EngineManager(stack.enter_context(tempfile.TemporaryDirectory(prefix="domonitor-")), choices)


class _Getting:
    """The jobs of one command until all are complete or have failed."""

    def __init__(self, manager: EngineManager, messages: Console) -> None:
        self._manager = manager
        self._messages = messages
        self._output = Console(file=sys.stdout, highlight=False)
        self._changed = threading.Event()
        self._is_interrupted = False
        self._last_codes: dict[EngineJob, int] = {}
        """What each job last failed with: better to hear than that it gave up after a while."""
        self._renamed: list[JobFile] = []
        """What has arrived, and is called otherwise than in its address."""

    def interrupt(self, *_: object) -> None:
        """Ctrl+C: noted, and heeded between two looks, so that no half-added job is left behind."""
        self._is_interrupted = True
        self._changed.set()

    def run(self, new_jobs: Sequence[NewJob]) -> int:
        answers = self._manager.add_many(new_jobs)
        jobs = [answer for answer in answers if isinstance(answer, EngineJob)]
        refusals = [answer for answer in answers if not isinstance(answer, EngineJob)]
        if refusals:
            for refusal in refusals:
                self._messages.print(Text(str(refusal)), soft_wrap=True)
            self._cancel(jobs)
            return WRONG_USE
        failed = self._wait(jobs)
        for file in self._renamed:
            name = Path(file.local_name).name
            said = "is saved as" if file.progress.completed else "will be saved as"
            self._output.print(Text(f'{without_secrets(file.remote_name)} {said} "{name}".'), soft_wrap=True)
        if self._is_interrupted:
            self._cancel(jobs)
            self._messages.print("Stopped. What had not arrived whole was not kept.")
            return INTERRUPTED
        for snapshot, error in failed:
            self._explain(snapshot, error)
        return FAILED if failed else DONE

    def _wait(self, jobs: Sequence[EngineJob]) -> list[tuple[Job, CopyError]]:
        """Shows the progress until nothing moves any more, or Ctrl+C; the jobs that failed."""
        self._manager.add_reader(self._changed.set)
        failed: list[tuple[Job, CopyError]] = []
        with Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[status]}", markup=False),
            console=self._output,
            refresh_per_second=1 / _REFRESH_S,
        ) as progress:
            bars = {job: progress.add_task(job.get_display_name(), total=None, status="") for job in jobs}
            while bars and not self._is_interrupted:
                self._changed.clear()
                for job in list(bars):
                    snapshot = self._manager.snapshot(job.get_id())
                    self._draw(progress, bars[job], snapshot)
                    if snapshot.state is JobState.TRANSIENT_ERROR and snapshot.error_code is not None:
                        self._last_codes[job] = snapshot.error_code
                    if snapshot.state is JobState.ERROR:
                        failed.append((snapshot, self._error(job)))
                        job.cancel()
                    if snapshot.state in FINAL | {JobState.ERROR} or _is_left_open(snapshot):
                        self._renamed += filter(_is_renamed, self._manager.stored_files(job.get_id()))
                        del bars[job]
                if bars and not self._is_interrupted:
                    self._changed.wait(1.0)  # a countdown ticks also while nothing changes
                    time.sleep(_REFRESH_S)  # what changes meanwhile is drawn together
        return failed

    def _error(self, job: EngineJob) -> CopyError:
        error = job.copy_error()
        if error.code == hresult.DO_E_DOWNLOAD_NO_PROGRESS and job in self._last_codes:
            return replace(error, code=self._last_codes[job])
        return error

    def _draw(self, progress: Progress, bar: TaskID, job: Job) -> None:
        if job.error_code is None:
            status = _WORDS.get(job.state, "")
        elif job.state is JobState.TRANSIENT_ERROR:
            status = f"{codes.explain(job.error_code).headline}, trying again…"
        else:
            status = "failed"
        done, total = job.progress.bytes_transferred, job.progress.bytes_total
        # The name too: the server may have given another one meanwhile.
        progress.update(bar, description=job.display_name, total=total, completed=done, status=status)

    def _explain(self, job: Job, error: CopyError) -> None:
        explanation = codes.explain(error.code)
        lines = [f"{job.display_name}: {explanation.headline}.", f"  {error.description or explanation.details}"]
        lines += [f"  {number}. {step}" for number, step in enumerate(explanation.steps, 1)]
        lines.append(f"  {hresult.text(error.code)} {explanation.name}")
        self._messages.print(Text("\n".join(lines)), soft_wrap=True)

    def _cancel(self, jobs: Sequence[EngineJob]) -> None:
        for job in jobs:
            with suppress(CallFailed):  # it has ended by itself
                job.cancel()


_WORDS = {
    JobState.QUEUED: "waiting",
    JobState.CONNECTING: "connecting",
    JobState.TRANSFERRED: "arrived",
    JobState.ACKNOWLEDGED: "complete",
}


def _is_renamed(file: JobFile) -> bool:
    return Path(file.local_name).name != name_in_address(file.remote_name)


def _is_left_open(job: Job) -> bool:
    return job.state is JobState.TRANSFERRED and not job.auto_complete
