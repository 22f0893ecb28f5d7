"""What people type as addresses, and the names that files get from them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domonitor.jobs.address import NAME_BYTES, check_address, file_name, plan_jobs, problems, safe_name, without_secrets
from domonitor.jobs.error import InvalidInput

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


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://a.de/x/file.iso?token=1#part", "file.iso"),
        ("https://a.de/", "a.de"),
        ("https://a.de", "a.de"),
        ("https://a.de/my%20file.txt", "my file.txt"),
        ("https://a.de/..%2F..%2Fetc%2Fpasswd", "_.._etc_passwd"),
        ("https://a.de/%2e%2e", "a.de"),
        ("https://a.de/a%00b%0A", "ab"),
        ("https://a.de/CON", "_CON"),
        ("https://a.de/nul.txt", "_nul.txt"),
        ("https://a.de/ .x. ", "x"),
        ("https://a.de/a%E2%80%AEgpj.exe", "agpj.exe"),
    ],
)
def test_the_file_is_named_after_the_last_part_of_the_path(address: str, name: str) -> None:
    assert file_name(address) == name


def test_a_long_name_keeps_its_extension_and_no_broken_sign() -> None:
    name = safe_name("ä" * 300 + ".tar")
    assert name.endswith("ä.tar")
    assert len(name.encode()) <= NAME_BYTES


@given(st.text())
def test_no_name_leaves_its_folder_or_is_too_long(name: str) -> None:
    safe = safe_name(name)
    assert safe == "" or (FOLDER / safe).parent == FOLDER
    assert safe not in (".", "..")
    assert len(safe.encode()) <= NAME_BYTES
    assert safe == safe.strip(" .")


def test_one_address_is_one_job() -> None:
    first, second = plan_jobs([" https://a.de/1.bin ", "https://a.de/2.bin"], FOLDER, auto_complete=False)
    assert (first.display_name, second.display_name) == ("1.bin", "2.bin")
    assert first.files[0].remote_name == "https://a.de/1.bin"
    assert first.files[0].local_name == str(FOLDER / "1.bin")
    assert not first.auto_complete


def test_each_line_has_its_own_problem() -> None:
    lines = ["https://a.de/1", "ftp://a.de/1", "https://a.de/1", "https://b.de/1", "https://b.de/2"]
    none, scheme, again, same_name, last = problems(lines)
    assert (none, last) == ("", "")
    assert "ftp://" in scheme
    assert again == "https://a.de/1 is given twice. Give it once."
    assert 'would both become "1"' in same_name


def test_names_that_differ_in_case_alone_are_the_same_target() -> None:
    with pytest.raises(InvalidInput, match="would both become"):
        plan_jobs(["https://a.de/A", "https://a.de/a"], FOLDER, auto_complete=True)


def test_the_first_problem_refuses_all() -> None:
    with pytest.raises(InvalidInput, match=r"x: Put http"):
        plan_jobs(["https://a.de/1", "x", "y"], FOLDER, auto_complete=True)
    with pytest.raises(InvalidInput, match="There is no address"):
        plan_jobs([], FOLDER, auto_complete=True)


def test_secrets_are_not_shown() -> None:
    assert without_secrets("https://anna:pw@a.de/x?token=1") == "https://a.de/x?…"
