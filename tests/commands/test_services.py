"""Several services, and downloads of others: what may be done with whose, and what an absent service costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from domonitor.commands.choosing import short_ids
from domonitor.commands.giving import speed_of
from domonitor.jobs import hresult
from domonitor.jobs.change import Change, Health, HealthState
from domonitor.jobs.error import CallFailed
from domonitor.jobs.job import Job, JobKey, Origin, Progress
from domonitor.jobs.request import CommandRequest, Outcome
from domonitor.jobs.state import Command, JobState
from tests.commands.played import Say, Service, answers, say
from tests.conforming import conforms
from tests.jobs.samples import a_job, transferring

__all__ = ["say"]

S = JobState


class Absent(Service):
    """A service that can't be reached."""

    def open(self, wake: Callable[[], None]) -> None:
        raise CallFailed(hresult.E_UNEXPECTED, "E_UNEXPECTED", "BITS is switched off here.")


def foreign(job_id: str = "{B1}", state: JobState = S.TRANSFERRING, origin: Origin = Origin.MY_ACCOUNT) -> Job:
    return a_job(job_id, state, "bits", origin=origin, progress=Progress(10, 5, 2, 1), display_name="theirs")


def test_downloads_of_others_are_left_alone_unless_they_are_named_twice(say: Say) -> None:
    bits = Service([foreign(), a_job("B2", S.TRANSFERRING, "bits", display_name="ours")], "bits")
    code, _, said = say([bits], "cancel", "b1", "--yes")
    assert code == 2
    assert said == "theirs: This download belongs to another program of yours. " + (
        "If you mean it, add --service bits --not-mine.\n"
    )
    assert say([bits], "suspend", "--all", "--json")[0] == 0
    assert [request.job_ids for request in bits.requests] == [("B2",)]
    assert say([bits], "cancel", "b1", "--service", "bits", "--not-mine")[0] == 2  # nobody can be asked here
    assert say([bits], "suspend", "b1", "--service", "bits", "--not-mine")[0] == 2
    assert len(bits.requests) == 1


def test_downloads_of_others_can_be_cancelled_by_who_says_so(say: Say) -> None:
    bits = Service([foreign(), a_job("B2", S.TRANSFERRING, "bits")], "bits")
    code, written, _ = say([bits], "cancel", "--all", "--service", "bits", "--not-mine", "--yes")
    assert (code, written) == (0, "{B1}  Cancelled  theirs\n")
    (request,) = bits.requests
    assert (request.command, request.job_ids, request.origin) == (Command.CANCEL, ("{B1}",), "command line")


def test_others_downloads_can_be_resumed_but_never_completed_or_changed(say: Say) -> None:
    bits = Service([foreign(state=S.TRANSIENT_ERROR)], "bits")
    assert say([bits], "resume", "b1")[0] == 0
    for command in (["complete", "--partial"], ["priority", "low"], ["limit", "none"], ["set-address"]):
        given = [*command, "b1"] if command != ["set-address"] else [*command, "b1", "http://a/", "--file", "1"]
        code, written, said = say([bits], *given)
        assert (code, written) == (4, ""), command
        assert "Only the program that created this download can" in said
    assert [request.command for request in bits.requests] == [Command.RESUME]


def test_what_a_service_cant_do_is_refused_in_a_sentence(say: Say) -> None:
    service = Service([transferring("1", 5)])
    service.commands = frozenset({Command.RESUME, Command.CANCEL})  # type: ignore[misc]
    code, _, said = say([service], "limit", "1MB", "1")
    assert (code, said) == (4, "A download: The service of this download can't do that.\n")
    assert service.requests == []


def test_what_a_service_refuses_is_said_download_by_download(say: Say) -> None:
    service = Service([transferring("1", 5), transferring("2", 5)])

    def answer(request: CommandRequest) -> tuple[Outcome, ...]:
        refused = Outcome(request.job_ids[0], 0x80D02003, "DO_E_JOB_NOT_FOUND", "It is gone.")
        return refused, *map(Outcome, request.job_ids[1:])

    service.answer = answer
    code, written, said = say([service], "suspend", "1", "2", "--json")
    (told,) = answers(written)
    assert conforms(told)
    assert (code, said) == (4, "A download: It is gone.\n")
    assert [(outcome["done"], outcome["code"]) for outcome in told["outcomes"]] == [
        (False, "0x80D02003"),
        (True, "0x00000000"),
    ]


def test_one_service_that_is_absent_hides_no_other_one(say: Say) -> None:
    engine, bits = Service([a_job(service="engine")], "engine"), Absent([], "bits")
    code, written, said = say([engine, bits], "list", "--json")
    (listed,) = answers(written)
    assert conforms(listed)
    assert (code, said) == (0, "BITS: BITS is switched off here.\n")
    assert [service["state"] for service in listed["services"]] == ["ok", "unavailable"]
    assert say([engine, bits], "list", "--service", "bits")[0] == 3
    assert say([bits], "list") == (3, "", "BITS is switched off here.\n")
    assert say([bits], "services")[0] == 3
    assert say([engine, bits], "services")[0] == 0
    # The one that is meant may be there.
    assert say([engine, bits], "resume", "no-such-id")[0] == 3


def test_a_service_that_fails_when_it_is_asked_is_not_reachable(say: Say) -> None:
    service = Service([transferring("1", 5)])

    def fail(_: CommandRequest) -> tuple[Outcome, ...]:
        raise CallFailed(hresult.E_UNEXPECTED, "E_UNEXPECTED", "The service has gone.")

    service.answer = fail
    assert say([service], "suspend", "1") == (3, "", "The service has gone.\n")


def going(poll: Callable[[], Change]) -> Callable[[], Change]:
    """The service is there for the first look, and gone for every other one."""
    looks = []

    def look() -> Change:
        looks.append(1)
        return poll() if len(looks) == 1 else Change(health=Health(HealthState.UNAVAILABLE, "The service has gone."))

    return look


def test_wait_ends_where_the_service_goes_away(say: Say) -> None:
    service = Service([transferring("1", 5)])
    service.poll = going(service.poll)  # type: ignore[method-assign]
    service.poll_interval_s = 0.01
    assert say([service], "wait", "1") == (3, "", "The service has gone.\n")
    assert say([Service([transferring("1", 5)])], "wait", "1", "--timeout", "0.01")[0] == 4


def test_the_list_of_a_service_that_is_still_connecting_is_waited_for(say: Say) -> None:
    class Slow(Service):
        def poll(self) -> Change:
            change = super().poll()
            if not any(job.key.id == "1" for job in change.upserts):
                return change
            self.publish(Change((a_job("2"),), health=Health()))  # the rest of the list
            return replace(change, health=Health(HealthState.CONNECTING))

    _, written, _ = say([Slow([a_job("1")])], "list", "--json")
    assert {job["id"] for job in answers(written)[0]["jobs"]} == {"1", "2"}


def test_ids_are_shown_as_short_as_they_can_be_told_apart() -> None:
    ids = ["12345678-aaaa", "12345678-aabb", "{ABCDEF01-0000}", "9"]
    short = short_ids([a_job(job_id) for job_id in ids])
    assert [short[JobKey("scripted", job_id)] for job_id in ids] == ["12345678-aaa", "12345678-aab", "abcdef01", "9"]


@pytest.mark.parametrize(
    ("given", "speed"),
    [
        ("none", None),
        ("1048576", 1_048_576),
        ("500kB", 500_000),
        ("500 kb/s", 500_000),
        ("2MB", 2_000_000),
        ("1.5MiB/s", 1_572_864),
        ("1g", 1_000_000_000),
    ],
)
def test_speeds_as_people_type_them(given: str, speed: int | None) -> None:
    assert speed_of(given) == speed


def test_who_downloads_is_a_choice(say: Say) -> None:
    engine, bits = Service(name="engine"), Service(name="bits")
    url = "https://h.example/a.iso"
    code, written, _ = say([engine, bits], "add", url, "--service", "bits", "--json")
    assert code == 0
    assert answers(written)[0]["outcomes"][0]["service"] == "bits"
    assert (len(engine.added), len(bits.added)) == (0, 1)
    for more in ((), ("--dry-run",)):
        code, _, said = say([engine, bits], "add", url, "--service", "wget", *more)
        assert (code, said) == (2, 'No service is called "wget" here. There are: engine, bits.\n')
    assert say([engine, bits], "add", url, "--service", "bits", "--dry-run")[0] == 0
    assert len(bits.added) == 1
