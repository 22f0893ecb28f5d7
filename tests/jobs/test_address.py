"""What people type as addresses, and the jobs that come of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from domonitor.jobs.address import check_address, judge, names, plan_jobs, problems, without_secrets
from domonitor.jobs.error import InvalidInput
from domonitor.jobs.request import Existing

FOLDER = Path("/downloads").absolute()

BAD = {
    "": "There is no address",
    "example.com/a": "Put http:// or https:// before",
    "localhost:8080/a": "Put http:// or https:// before",
    "ftp://example.com/a": "begin with ftp:// can't be downloaded",
    "https://example.com/a b": "can't contain a space",
    "https://example.com/" + "a" * 2_980: "has 3,000 characters; at most 2,200",
    "https:///a": "names no server",
    "https:example.com": "Two slashes belong behind",
    "https://example.com:99999/": "The port",
    "https://example.com:x/": "The port",
    "https://example.com:0/": "The port",
    "https://[::1/a": "The server's name in this address can't be read",
    "https://a..b/": "names no server",
    "https://example.com/\x07": "control character",
    "https://example.com/\x85": "can't contain a space",
    "https://example.com/\ud83d": "half a character",
    f"https://{'ü' * 70}.de/": "The server's name in this address can't be read",
}


@pytest.mark.parametrize("address", BAD)
def test_each_bad_address_has_its_own_sentence(address: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_address(address)
    assert BAD[address] in str(refused.value)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    "address", ["http://a/", "HTTPS://example.com:65535/a?b#c", "http://[::1]:80/", "https://ü.de/"]
)
def test_a_good_address_is_taken(address: str) -> None:
    check_address(address)


def test_an_address_of_the_greatest_length_is_taken_and_one_sign_more_is_not() -> None:
    address = "https://example.com/".ljust(2_200, "a")
    check_address(address)
    with pytest.raises(InvalidInput, match="2,201"):
        check_address(f"{address}a")


def test_one_address_is_one_job() -> None:
    first, second = plan_jobs([" https://a.de/1.bin ", "https://a.de/2.bin"], FOLDER, auto_complete=False)
    assert (first.display_name, second.display_name) == ("1.bin", "2.bin")
    assert first.files[0].remote_name == "https://a.de/1.bin"
    assert first.files[0].local_name == str(FOLDER / "1.bin")
    assert not first.auto_complete


def test_each_line_has_its_own_problem() -> None:
    lines = [judge(line) for line in ("https://a.de/1", "ftp://a.de/1", "https://a.de/1 ", "https://b.de/1", "")]
    scheme, again, empty = problems(lines)
    assert "ftp://" in scheme
    assert again == "https://a.de/1 is given twice. Give it once."
    assert "There is no address" in empty


def test_addresses_that_lead_to_the_same_name_get_numbers() -> None:
    addresses = ["https://a.de/A.tar.gz", "https://b.de/a.tar.gz", "https://c.de/a%20(2).tar.gz", "https://d.de/b"]
    jobs = plan_jobs(addresses, FOLDER, auto_complete=True)
    found = ["A.tar.gz", "a (2).tar.gz", "a (3).tar.gz", "b"]
    assert [job.display_name for job in jobs] == found
    assert [job.files[0].local_name for job in jobs] == [str(FOLDER / name) for name in found]


def test_a_thousand_of_the_same_name_are_numbered_at_once() -> None:
    found = names(judge(f"https://a.de/{at}/x.bin") for at in range(1_000))
    assert len(set(found)) == 1_000
    assert found[-1] == "x (1000).bin"


@pytest.mark.parametrize("existing", Existing)
def test_the_server_may_name_the_file_and_what_is_there_is_treated_as_chosen(existing: Existing) -> None:
    (job,) = plan_jobs(["https://a.de/1"], FOLDER, auto_complete=True, existing=existing)
    assert job.files[0].existing is existing
    assert job.files[0].is_named_by_server


def test_what_is_there_stays_where_nothing_is_chosen() -> None:
    (job,) = plan_jobs(["https://a.de/1"], FOLDER, auto_complete=True)
    assert job.files[0].existing is Existing.RENAME


def test_the_first_problem_refuses_all() -> None:
    with pytest.raises(InvalidInput, match=r"x: Put http"):
        plan_jobs(["https://a.de/1", "x", "y"], FOLDER, auto_complete=True)
    with pytest.raises(InvalidInput, match="There is no address"):
        plan_jobs([], FOLDER, auto_complete=True)


def test_secrets_are_not_shown() -> None:
    assert without_secrets("https://anna:pw@a.de/x?token=1") == "https://a.de/x?…"
