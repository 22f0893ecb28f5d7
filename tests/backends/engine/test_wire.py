"""What goes between host and client: the vocabulary as JSON, messages as frames, and the table of calls."""

from __future__ import annotations

import dataclasses
import inspect
import json
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from multiprocessing import Pipe
from typing import Any, get_args, get_type_hints
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domonitor.backends.engine import EngineSettings, Proxy, ProxyKind
from domonitor.backends.engine.calls import FileEntry, JobCalls, ServiceCalls, calls_of, in_one, in_pieces
from domonitor.backends.engine.connection import FRAME_BYTES, frames, receive
from domonitor.backends.engine.job import EngineJob
from domonitor.backends.engine.serving import Session
from domonitor.backends.engine.wire import WireError, codec
from domonitor.jobs.error import CopyError
from domonitor.jobs.event import Event
from domonitor.jobs.job import FileRange, Job, JobFile, JobKey, NotifyFlags, Progress, Times
from domonitor.jobs.limit import JobLimits, Limits, Rule, Schedule
from domonitor.jobs.request import NewFile, NewJob, Outcome
from domonitor.jobs.state import Command, JobState

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
RECORDS = (Job, JobFile, CopyError, Event, NewJob, Outcome, FileEntry, EngineSettings, JobKey, Limits, JobLimits)
KNOWN: Mapping[Any, Any] = {
    Proxy: (Proxy(), Proxy(ProxyKind.NONE), Proxy(ProxyKind.FIXED, "http://a:b@proxy.example:3128", ("a.example",))),
    Limits: (Limits(), Limits(5_000, Schedule((Rule(frozenset({0, 6}), 60, 30, None),)), 3)),
    JobLimits: (JobLimits(), JobLimits(4_096, 8)),
}
"""Those that take only what makes sense."""


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Any values of a type; of a record, with every field."""
    if kind is datetime:
        return st.datetimes(timezones=st.just(UTC))
    if kind is float:
        return st.floats(allow_nan=False)
    if kind is tzinfo:
        return st.timezones()
    if kind in KNOWN:
        return st.sampled_from(KNOWN[kind])
    if dataclasses.is_dataclass(kind) or hasattr(kind, "_fields"):
        return st.builds(kind, **{name: values_of(hint) for name, hint in get_type_hints(kind).items()})
    if (arguments := get_args(kind)) and arguments[-1] is Ellipsis:
        return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    if arguments and arguments[-1] is type(None):
        return st.none() | values_of(arguments[0])
    if arguments:
        return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=2)
    return st.from_type(kind)


def sent(value: object) -> Any:
    return json.loads(json.dumps(value))


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_every_record_comes_back_as_it_was(kind: Any) -> None:
    @settings(max_examples=60)
    @given(values_of(kind))
    def check(value: object) -> None:
        assert codec(kind).decode(sent(codec(kind).encode(value))) == value

    check()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (str, "half a character: \ud800"),
        (int, 1 << 64),
        (float, 3),
        (bool, True),
        (int | None, None),
        (UUID, UUID(int=7)),
        (NotifyFlags, NotifyFlags.JOB_ERROR | NotifyFlags.DISABLE),
        (tuple[FileRange, ...], (FileRange(0, None), FileRange(7, 3))),
        (Mapping[Command, str], {Command.CANCEL: "not yours"}),
        (object, {"bytes_per_second": 7, "names": ["a", None, 1.5, True]}),
    ],
    ids=str,
)
def test_every_plain_value_comes_back_as_it_was(kind: Any, value: object) -> None:
    assert codec(kind).decode(sent(codec(kind).encode(value))) == value


def test_what_a_record_has_by_default_is_not_sent() -> None:
    job = Job(JobKey("engine", "1"), "a", JobState.QUEUED, Progress(), Times(NOW, NOW))
    assert codec(Job).encode(job).keys() == {"key", "display_name", "state", "progress", "times"}
    assert codec(Progress).encode(job.progress) == {}


JOB = codec(Job).encode(Job(JobKey("engine", "1"), "a", JobState.QUEUED, Progress(), Times(NOW, NOW)))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (int, True),
        (int, 1.0),
        (int, "1"),
        (int, None),
        (bool, 1),
        (str, 1),
        (float, "1"),
        (UUID, "no id"),
        (datetime, "yesterday"),
        (datetime, "2026-11-01T12:00:00"),
        (JobState, 99),
        (JobState, True),
        (JobState, "QUEUED"),
        (Command, "explode"),
        (tuple[int, ...], {"0": 1}),
        (tuple[int, ...], [1, "2"]),
        (Mapping[Command, str], {"cancel": "x"}),
        (Mapping[Command, str], [["cancel"]]),
        (Job, None),
        (Job, []),
        (Job, {}),
        (Job, JOB | {"colour": "red"}),
        (Job, {name: value for name, value in JOB.items() if name != "state"}),
        (Job, JOB | {"progress": {"bytes_transferred": "many"}}),
        (None, 0),
    ],
    ids=str,
)
def test_what_is_not_exactly_as_described_is_refused(kind: Any, data: object) -> None:
    with pytest.raises(WireError):
        codec(kind).decode(data)


@pytest.mark.parametrize(("kind", "value"), [(int, "1"), (str, 1), (bool, 1), (Job, "a"), (UUID, "1"), (object, {1})])
def test_a_value_of_another_type_is_not_sent(kind: Any, value: object) -> None:
    with pytest.raises(TypeError):
        codec(kind).encode(value)


def as_received(written: list[bytes]) -> dict[str, Any]:
    ours, theirs = Pipe()

    def send() -> None:
        with theirs, suppress(OSError):  # what is refused is not read to its end
            for frame in written:
                theirs.send_bytes(frame)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        with ours:
            return receive(ours)
    finally:
        sender.join()


def test_a_message_with_many_items_goes_in_frames_and_comes_back_whole() -> None:
    items = [{"text": "x" * (at % 300), "at": at} for at in range(300)]
    written = list(frames({"id": 1}, items * 3))
    assert all(len(frame) <= FRAME_BYTES for frame in written)
    assert len(written) == 1
    assert as_received(written) == {"id": 1, "items": items * 3}
    many = ["y" * 1_000] * 100
    in_pages = list(frames({"id": 2}, [*many, "z" * (FRAME_BYTES - 100)]))
    assert all(len(frame) <= FRAME_BYTES for frame in in_pages)
    assert len(in_pages) == 2
    assert as_received(in_pages) == {"id": 2, "items": [*many, "z" * (FRAME_BYTES - 100)]}


def test_no_items_are_not_the_same_as_none() -> None:
    assert as_received(list(frames({"id": 1}, []))) == {"id": 1, "items": []}
    assert as_received(list(frames({"id": 1}))) == {"id": 1}


@pytest.mark.parametrize("items", [None, ["x" * FRAME_BYTES]])
def test_what_fits_into_no_frame_is_refused(items: list[str] | None) -> None:
    head = {"text": "x" * (FRAME_BYTES if items is None else 1)}
    with pytest.raises(WireError):
        list(frames(head, items))


@pytest.mark.parametrize(
    "written",
    [
        [b""],
        [b"\xff\xfe"],
        [b"{"],
        [b"[]"],
        [b"7"],
        [b"[" * 100_000],
        [b"1" * 10_000],
        [b'{"id":1,"more":true}', b'{"items":[]}'],
        [b'{"items":[],"more":true}', b"{}"],
        [b'{"items":[],"more":true}'] * 500,
    ],
    ids=lambda written: f"{written[0][:20]!r} x {len(written)}",
)
def test_what_is_no_message_is_refused(written: list[bytes]) -> None:
    with pytest.raises(WireError):
        as_received(written)


def test_jobs_are_taken_apart_and_put_together() -> None:
    jobs = [
        NewJob("a", tuple(NewFile(f"http://h/{at}", f"/d/{at}") for at in range(3)), segments=4),
        NewJob("b", ()),
        NewJob("c", (NewFile("http://h/c", "/d/c", size=7),)),
    ]
    assert in_one(in_pieces(jobs)) == jobs
    with pytest.raises(WireError):
        in_one(list(in_pieces(jobs))[1:])


BY_OTHER_MEANS = {"get_id", "get_error", "enum_files", "set_notify_interface", "get_notify_interface"}
"""What RemoteJob does with an object of its own, or with one of ServiceCalls."""


def test_every_method_of_a_job_is_passed_on() -> None:
    methods = {name for name, _ in inspect.getmembers(EngineJob, inspect.isfunction) if not name.startswith("_")}
    assert set(calls_of(JobCalls)) == methods - BY_OTHER_MEANS, "a method of EngineJob needs its line in JobCalls"


@pytest.mark.parametrize(("calls", "target"), [(JobCalls, EngineJob), (ServiceCalls, Session)])
def test_every_call_names_the_arguments_of_its_method(calls: type, target: type) -> None:
    for name, call in calls_of(calls).items():
        parameters = inspect.signature(getattr(target, name)).parameters
        assert list(call.parameters) == list(parameters)[1:], name


def test_a_call_refuses_arguments_that_it_does_not_know() -> None:
    add_file = calls_of(JobCalls)["add_file"]
    for arguments, named in [
        ((1,), {}),
        (("a", "b"), {"colour": "red"}),
        (("a",), {"remote_name": "b"}),
        (("a",) * 9, {}),
    ]:
        with pytest.raises(TypeError):
            add_file.request(arguments, named)
    assert add_file.request(("a", "b"), {"replace": True}).given == {
        "remote_name": "a",
        "local_name": "b",
        "replace": True,
    }
