"""error, timeline and explain: the window's words on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from domonitor.jobs.address import plan_jobs
from domonitor.jobs.error import CopyError
from domonitor.jobs.state import JobState
from domonitor.words import failure
from tests.commanding import Program, until_states
from tests.conforming import conforms
from tests.server import Answer, Origin, Pattern, Resource

S = JobState


@pytest.fixture
def program(tmp_path: Path, origin: Origin) -> Program:
    """One job has failed, one is there."""
    program = Program(tmp_path)
    urls = [
        origin.add("/missing.bin?token=secret", Resource(faults=[Answer(404)])),
        origin.add("/there.bin", Resource(Pattern(1_000, seed=1))),
    ]
    with program.engine() as manager:
        manager.add_many(plan_jobs(urls, tmp_path, auto_complete=False))
        until_states(manager, {"missing.bin": S.ERROR, "there.bin": S.TRANSFERRED})
    return program


def test_error_says_what_the_panel_says(program: Program) -> None:
    job_id = program.ids()["missing.bin"]
    said = program.run("error", job_id)
    assert (said.returncode, said.stderr) == (0, "")
    lines = said.stdout.splitlines()
    assert lines[0] == "missing.bin: The file is not on the server"
    assert "1.  Check the address for typing errors." in lines
    assert "Code: 0x80190194  BG_E_HTTP_ERROR_404" in lines
    assert "Where: The error occurred while the file on the server was being read." in lines
    assert any(line.startswith("Recorded ") and line.endswith("the service no longer holds it.") for line in lines)
    assert lines[-1] == "It does not try again by itself: you decide."
    assert "secret" not in said.stdout

    answer = program.one("error", job_id)
    assert conforms(answer)
    told = answer["failure"]
    assert (told["code"], told["name"]) == ("0x80190194", "BG_E_HTTP_ERROR_404")
    assert told["address"].endswith("/missing.bin?…")
    assert told["path"] == str(program.folder / "missing.bin")
    assert told["passes_by_itself"] is False
    assert answer["job"]["state"] == "error"


def test_where_nothing_is_wrong_error_says_that(program: Program) -> None:
    ids = program.ids()
    fine = program.one("error", ids["there.bin"])
    assert conforms(fine)
    assert fine["failure"] is None
    both = program.run("error", ids["there.bin"], ids["missing.bin"])
    assert both.stdout.startswith("there.bin: nothing is wrong. Arrived, to be completed.\n\nmissing.bin: ")
    assert program.run("error", "no-such-id").returncode == 2
    assert program.run("error").returncode == 2


def test_timeline_tells_what_happened_also_after_the_end(program: Program) -> None:
    job_id = program.ids()["there.bin"]
    program.one("complete", job_id)
    told = program.one("timeline", job_id)
    assert conforms(told)
    assert told["job"] is None
    states = [event["state"] for event in told["events"] if event["state"]]
    assert (states[0], states[-2], states[-1]) == ("suspended", "transferred", "acknowledged")
    asked = [event for event in told["events"] if event["kind"] == "command"]
    assert [(event["detail"], event["origin"]) for event in asked] == [("complete", "command line")]
    lines = program.run("timeline", job_id).stdout.splitlines()
    assert lines[-1].endswith("  Finished")
    assert any(line.endswith("  Complete, asked for by the command line") for line in lines)
    failed = program.run("timeline", program.ids()["missing.bin"]).stdout
    assert "The file is not on the server. The server answered 404" in failed
    assert "secret" not in failed
    assert program.run("timeline", "no-such-id").returncode == 2


def test_explain_answers_in_json_too(program: Program) -> None:
    known = program.one("explain", "0x80D02002")
    assert conforms(known)
    assert known["code"] == "0x80D02002"
    assert known["passes_by_itself"].keys() == {"engine", "bits", "do", "do-agent"}
    status = program.one("explain", "404")
    assert conforms(status)
    assert status["within"][0]["names"][0] == "BG_E_HTTP_ERROR_404"
    wrong = program.run("explain", "DO_E_DOWNLOAD_NO_PROGRES", "--json")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "Did you mean DO_E_DOWNLOAD_NO_PROGRESS?" in wrong.stderr


def test_an_error_of_which_nothing_is_known_is_said_so() -> None:
    from tests.jobs.samples import a_job

    job = a_job(state=S.ERROR, error_code=0x80070070)
    error = failure.without_object(job)
    assert isinstance(error, CopyError)
    told = failure.failure(job, error, job.times.created)
    assert told.headline == "The disk is full"
    assert told.description == "The service gives no more information on this error."
