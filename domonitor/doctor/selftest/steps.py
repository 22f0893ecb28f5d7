"""What the self-test tries of BITS' jobs, one call after the other, as documented."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

from domonitor.backends.bits.properties import JobProperty, ProxySettings, ProxyUsage, TransferPolicy
from domonitor.backends.com import accounts
from domonitor.backends.interface import CopyErrorObject, CopyFile, CopyJob
from domonitor.doctor.selftest import Differs, NotHere, Step, watching
from domonitor.doctor.selftest.bench import JOB_NAME, Bench
from domonitor.doctor.selftest.server import CONTENT, FILE, MISSING, SLOW
from domonitor.jobs import codes, hresult
from domonitor.jobs.error import ErrorContext
from domonitor.jobs.job import FileRange, NotifyFlags, Priority
from domonitor.jobs.state import ACTIVE, JobState

_HEADER, _VALUE = "X-Domonitor-Selftest", "arrived"
_CLOCKS_DIFFER = timedelta(minutes=5)


def connect(bench: Bench) -> str:
    """Starts BITS where it does not run."""
    version = bench.connect()
    return f"BITS {version}." if version else "BITS, which does not tell its version."


def create(bench: Bench) -> str:
    """A new job can be found and listed, and waits."""
    job = bench.new_job()
    _same("its name", job.get_display_name(), JOB_NAME)
    _same("its state", job.get_state().name, JobState.SUSPENDED.name)
    _same("its type", job.get_type(), 0)
    _same("the job with its id", bench.manager.get_job(job.get_id()).get_id(), job.get_id())
    if job.get_id() not in [each.get_id() for each in bench.manager.enum_jobs()]:
        raise Differs("It is not among the jobs that are listed.")
    return f"It is found, listed and waits; {job.newest_interface()} is the newest interface."


def add(bench: Bench) -> str:
    """Files keep their addresses and names."""
    job, targets = bench.new_job(), [str(bench.target()) for _ in range(2)]
    for target in targets:
        job.add_file(bench.server.url(FILE), target)
    files = job.enum_files()
    _same("the names of its files", sorted(file.get_local_name() for file in files), sorted(targets))
    _same("their addresses", {file.get_remote_name() for file in files}, {bench.server.url(FILE)})
    _same("the number of its files", job.get_progress().files_total, 2)
    return "Two files are listed with their addresses and names."


def suspend_and_resume(bench: Bench) -> str:
    """A job stops on its way and goes on."""
    job = bench.job_of(SLOW)
    job.resume()
    bench.until_state(job, *ACTIVE)
    job.suspend()
    bench.until_state(job, JobState.SUSPENDED)
    bench.server.goes_on.set()
    job.resume()
    bench.until_state(job, JobState.TRANSFERRED)
    return "It stopped on its way, and went on to its end."


def priority(bench: Bench) -> str:
    """Each of the four is kept."""
    job = bench.new_job()
    for wanted in Priority:
        job.set_priority(wanted)
        _same("its priority", job.get_priority().name, wanted.name)
    return "All four are kept."


def times(bench: Bench) -> str:
    """They are those of now."""
    said = bench.new_job().get_times()
    for name, moment in (("creation", said.created), ("change", said.modified)):
        if abs(datetime.now(UTC) - moment) > _CLOCKS_DIFFER:
            raise Differs(f"The time of its {name} is {moment:%Y-%m-%d %H:%M:%S} UTC, which is not now.")
    _same("the time of its arrival", said.transferred, None)
    return f"Created at {said.created:%H:%M:%S} UTC, and not arrived."


def owner(bench: Bench) -> str:
    """It is this account."""
    sid = bench.new_job().get_owner()
    _same("its owner", sid, accounts.own_sid())
    if accounts.account_name(sid) == sid:
        raise Differs("The owner is this account, but Windows tells no name for it.")
    return "It is this account, and has a name."


def retry_delay(bench: Bench) -> str:
    """It is kept."""
    job = bench.new_job()
    job.set_minimum_retry_delay(75)
    _same("its retry delay in seconds", job.get_minimum_retry_delay(), 75)
    return "75 s are kept."


def no_progress_timeout(bench: Bench) -> str:
    """It is kept."""
    job = bench.new_job()
    job.set_no_progress_timeout(900)
    _same("its time-out in seconds", job.get_no_progress_timeout(), 900)
    return "900 s are kept."


def proxy(bench: Bench) -> str:
    """It is kept."""
    job = bench.new_job()
    for wanted in (
        ProxySettings(ProxyUsage.NO_PROXY),
        ProxySettings(ProxyUsage.OVERRIDE, "http://127.0.0.1:1", "<local>"),
    ):
        job.set_proxy_settings(wanted)
        _same("its proxy", tuple(job.get_proxy_settings()), tuple(wanted))
    return "No proxy and another one are kept."


def cost_policy(bench: Bench) -> str:
    """It is kept."""
    job = bench.new_job()
    job.set_property(JobProperty.COST_FLAGS, TransferPolicy.STANDARD)
    said = hresult.text(job.get_property(JobProperty.COST_FLAGS))
    _same("its policy", said, hresult.text(TransferPolicy.STANDARD))
    return "The standard policy is kept."


def headers(bench: Bench) -> str:
    """They arrive with the request for the file."""
    job = bench.new_job()
    job.set_custom_headers(f"{_HEADER}: {_VALUE}")
    job.add_file(bench.server.url(FILE), str(bench.target()))
    before = len(bench.server.requests.get(FILE, ()))
    job.resume()
    bench.until_state(job, JobState.TRANSFERRED)
    came = bench.server.requests[FILE][before:]
    if not came or any(each.get(_HEADER) != _VALUE for each in came):
        raise Differs(f"Of {len(came)} requests {sum(each.get(_HEADER) == _VALUE for each in came)} had the header.")
    return f"They came with all {len(came)} requests."


def callback(bench: Bench) -> str:
    """BITS calls back when all has arrived."""
    job, called = bench.job_of(), _Called()
    job.set_notify_interface(called)
    job.set_notify_flags(NotifyFlags.JOB_TRANSFERRED | NotifyFlags.JOB_ERROR)
    job.resume()
    bench.until_state(job, JobState.TRANSFERRED)
    if not called.transferred.wait(10):
        raise Differs("The job has arrived, but nobody was called back within 10 s.")
    return "It came when all had arrived."


def transfer_and_complete(bench: Bench) -> str:
    """The file has its name only after complete, and holds what the server sent."""
    target = bench.target()
    job, began_s = bench.job_of(FILE, target), time.monotonic()
    job.resume()
    bench.until_state(job, JobState.TRANSFERRED)
    took_s = time.monotonic() - began_s
    if target.exists():
        raise Differs("The file has its name before the job is completed.")
    _same("the bytes that have arrived", job.get_progress().bytes_transferred, len(CONTENT))
    _same("complete, which says whether files are missing", job.complete(), False)
    bench.completed = job.get_id()
    _same("what arrived", target.read_bytes() == CONTENT, True)
    _same("its state", job.get_state().name, JobState.ACKNOWLEDGED.name)
    return f"{len(CONTENT):,} bytes arrived whole within {took_s:.1f} s."


def ranges(bench: Bench) -> str:
    """Only the parts that were asked for arrive."""
    job, target = bench.new_job(), bench.target()
    wanted = [FileRange(100, 50), FileRange(len(CONTENT) - 10, None)]
    job.add_file(bench.server.url(FILE), str(target), wanted)
    files = job.enum_files()
    if not files:
        raise NotHere("The call is taken, but the job gets no file.")
    _same("the ranges of its file", list(files[0].get_ranges()), wanted)
    job.resume()
    bench.until_state(job, JobState.TRANSFERRED)
    job.complete()
    _same("what arrived", target.read_bytes(), CONTENT[100:150] + CONTENT[-10:])
    return "Two parts of a file arrived, and nothing else."


def cancel(bench: Bench) -> str:
    """The job ends, and leaves no file."""
    target, before = bench.target(), set(bench.folder.iterdir())
    job = bench.job_of(SLOW, target)
    job.resume()
    bench.until_state(job, *ACTIVE)
    bench.server.goes_on.set()
    has_left_files = job.cancel()
    _same("its state", job.get_state().name, JobState.CANCELLED.name)
    left = set(bench.folder.iterdir()) - before
    if target in left or (left and not has_left_files):
        raise Differs(f"It has left {', '.join(path.name for path in left)}.")
    return "The job has ended" + (", and BITS removes its temporary file later." if has_left_files else ".")


def error(bench: Bench) -> str:
    """A file that is not there is an error with context, code, file and words."""
    job = bench.job_of(MISSING)
    job.resume()
    bench.until_state(job, JobState.ERROR)
    failure = job.get_error()
    context, code = failure.get_error()
    _same("its context", context.name, ErrorContext.REMOTE_FILE.name)
    _same("its code", hresult.text(code), hresult.text(hresult.HTTP_STATUS + 404))
    _same("its file", failure.get_file().get_remote_name(), bench.server.url(MISSING))
    return f"{context.name} and {hresult.text(code)}, with the file."


def error_in_words(bench: Bench) -> str:
    """BITS says in words what failed and where."""
    job = bench.job_of(MISSING)
    job.resume()
    bench.until_state(job, JobState.ERROR)
    failure = job.get_error()
    context, code = failure.get_error()
    ours = (codes.explain(code).details, context.description)
    words = (failure.get_error_description(), failure.get_error_context_description())
    if words == ours:
        raise NotHere("This BITS gives no words; domonitor's own are shown.")
    return f'"{words[0]}" and "{words[1]}"'


def _same(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise Differs(f"As {what}, {found!r} was found in place of {expected!r}.")


class _Called:
    """Notes that all has arrived; see CopyCallback."""

    def __init__(self) -> None:
        self.transferred = threading.Event()

    def job_transferred(self, _job: CopyJob) -> None:
        self.transferred.set()

    def job_error(self, _job: CopyJob, _error: CopyErrorObject) -> None:
        pass

    def job_modification(self, _job: CopyJob) -> None:
        pass

    def file_transferred(self, _job: CopyJob, _file: CopyFile) -> None:
        pass


CONNECTING = "connect"

STEPS: dict[str, Step] = {
    "a look starts nothing": watching.look_starts_nothing,
    CONNECTING: connect,
    "create": create,
    "add files": add,
    "suspend and resume": suspend_and_resume,
    "priority": priority,
    "times": times,
    "owner": owner,
    "retry delay": retry_delay,
    "no-progress time-out": no_progress_timeout,
    "proxy": proxy,
    "cost policy": cost_policy,
    "headers": headers,
    "callback": callback,
    "transfer and complete": transfer_and_complete,
    "ranges": ranges,
    "cancel": cancel,
    "error": error,
    "error in words": error_in_words,
    "watched to its end": watching.watched_to_its_end,
    "event log": watching.event_log,
}
"""What is tried, in this order: a look has to come before the connection, the event log after a job that was
completed."""
