"""The doctor on BITS, and its self-test: on Windows all is as documented, under Wine what is said here as data."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest

from domonitor.backends.bits.job import BitsJob
from domonitor.backends.com.service_control import ServiceState, service_state
from domonitor.commands.doctor import _WIDEST
from domonitor.doctor import selftest
from domonitor.doctor.selftest import Differs, Line, NotHere, Result
from domonitor.doctor.selftest.bench import JOB_NAME, Bench
from domonitor.doctor.selftest.steps import STEPS
from domonitor.jobs import hresult
from domonitor.jobs.codes import refusal
from domonitor.jobs.error import CallFailed
from tests.windows import bits
from tests.windows.conftest import IS_WINE, program

NOT_HERE = frozenset(
    {
        *("suspend and resume", "priority", "times", "owner", "proxy", "cost policy", "ranges"),
        *("error in words", "event log"),
    }
)
DIFFERENT = frozenset({"retry delay"})
"""What Wine's BITS does not offer, and what it does otherwise. All other steps are as on Windows."""


@pytest.fixture(autouse=True)
def stopped() -> Iterator[None]:
    bits.start_type(bits.DEMAND_START)
    bits.drop_all_jobs()
    bits.stop()
    yield
    bits.start_type(bits.DEMAND_START)


def left() -> list[BitsJob]:
    with bits.manager() as manager:
        return [job for job in manager.enum_jobs() if job.get_display_name() == JOB_NAME]


def test_each_step_comes_to_what_it_should_and_leaves_no_job() -> None:
    done = program("doctor", "--selftest", "--json")
    assert done.stderr == ""
    answer = json.loads(done.stdout)
    results = {step["name"]: step["result"] for step in answer["steps"]}
    assert list(results) == [*STEPS, "clean up"]
    not_here = {name for name, result in results.items() if result == "not here"}
    different = {name for name, result in results.items() if result == "differs"}
    if IS_WINE:
        assert (not_here, different) == (NOT_HERE, DIFFERENT)
    else:
        assert different == set(), [step for step in answer["steps"] if step["result"] == "differs"]
    assert (done.returncode == 1) is answer["has_difference"] is bool(different)
    assert left() == []


def test_it_is_told_line_by_line_with_a_sum() -> None:
    done = program("doctor", "--selftest")
    lines = done.stdout.splitlines()
    assert len(lines) == len(STEPS) + 2
    assert lines[1].split()[:2] == ["OK", "connect"]
    assert lines[-1].endswith(" not here")
    assert max(map(len, STEPS)) <= _WIDEST


def test_a_look_is_not_tried_where_bits_runs_already() -> None:
    with bits.manager() as manager:
        manager.enum_jobs()
        lines = selftest.run(lambda _: None, {"a look starts nothing": STEPS["a look starts nothing"]})
    assert [line.result for line in lines] == [Result.NOT_HERE, Result.OK]


def test_every_way_to_fail_is_a_line_and_the_next_step_comes() -> None:
    def differs(bench: Bench) -> str:
        bench.connect()
        bench.new_job()
        raise Differs("It is otherwise.")

    def not_here(_: Bench) -> str:
        raise NotHere("It is not there.")

    def not_offered(_: Bench) -> str:
        raise refusal(hresult.E_NOTIMPL)

    def refused(_: Bench) -> str:
        raise refusal(hresult.E_ACCESSDENIED)

    def broken(_: Bench) -> str:
        raise ValueError("http://u:S3CRET@a.de/?S3CRET")

    told: list[Line] = []
    steps = {step.__name__: step for step in (differs, not_here, not_offered, refused, broken)}
    lines = selftest.run(told.append, steps)
    assert told == lines
    assert [line.result for line in lines] == [
        *(Result.DIFFERS, Result.NOT_HERE, Result.NOT_HERE, Result.DIFFERS, Result.DIFFERS, Result.OK)
    ]
    assert "0x80070005" in lines[3].found
    assert "S3CRET" not in lines[4].found
    assert left() == []


def test_jobs_of_a_run_that_was_broken_off_are_cancelled_by_the_next_one() -> None:
    with bits.manager() as manager:
        ours, other = manager.create_job(JOB_NAME), manager.create_job("another program's")
        selftest.run(lambda _: None, {"connect": STEPS["connect"]})
        ids = [job.get_id() for job in manager.enum_jobs()]
        assert ours.get_id() not in ids
        assert other.get_id() in ids
        with suppress(CallFailed):
            other.cancel()


def test_where_bits_is_disabled_nothing_is_tried() -> None:
    bits.start_type(bits.DISABLED)
    done = program("doctor", "--selftest")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("BITS is disabled. An administrator can set the start type")


def services_check() -> tuple[str, str]:
    done = program("doctor", "--json")
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}["services"]
    return found["level"], found["found"]


def test_the_doctor_starts_no_service_that_is_stopped() -> None:
    level, found = services_check()
    assert (level, "BITS: not running; Windows starts it when a program needs it." in found) == ("ok", True), found
    assert service_state("BITS") is ServiceState.STOPPED


def test_the_doctor_tells_the_interfaces_of_a_service_that_runs() -> None:
    with bits.manager() as manager:
        job = manager.create_job("a job")
        level, found = services_check()
        job.cancel()
    assert level == "ok"
    assert ("BITS: running, of a version that it does not tell" if IS_WINE else "BITS: running, version 1") in found
    assert f"jobs up to IBackgroundCopyJob{4 if IS_WINE else 5}" in found


def test_a_service_that_is_disabled_is_a_warning_with_its_remedy() -> None:
    bits.start_type(bits.DISABLED)
    level, found = services_check()
    assert (level, "BITS: disabled." in found) == ("warning", True), found
