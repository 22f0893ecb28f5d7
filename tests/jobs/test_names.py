"""Names of files: safe on every system, numbered where one is taken."""

from __future__ import annotations

import unicodedata
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domonitor.jobs.names import NAME_BYTES, file_name, name_in_address, number_of, numbered, safe_name

FOLDER = Path("/downloads").absolute()

# What hypothesis would seldom put together by itself.
ODD = st.lists(
    st.one_of(
        st.text(max_size=6),
        st.sampled_from(
            [".", "..", " ", "/", "\\", ":", "con", "nul", "COM¹", "CONIN$", ".tar", ".gz", " (2)", "\u202e"]
        ),
        st.sampled_from(["\u0301", "e", "\u200b", "\u3164", "\u2028", "\ufe0f", "\ud800", "n" * 250, "ü" * 130]),
    ),
    max_size=8,
).map("".join)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("file.iso", "file.iso"),
        ("my file (1).txt", "my file (1).txt"),
        ("..", ""),
        ("...", ""),
        (" . ", ""),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..\\x", "_x"),
        ('a<b>c:d"e|f?g*h', "a_b_c_d_e_f_g_h"),
        ("a\0b\n\x7f\x9fc", "ab c"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("Aux.tar.gz", "_Aux.tar.gz"),
        ("con .txt", "_con .txt"),
        ("CONIN$", "_CONIN$"),
        ("conout$.log", "_conout$.log"),
        ("COM¹", "_COM¹"),
        ("lpt9.", "_lpt9"),
        ("console.log", "console.log"),
        ("com10", "com10"),
        (".bashrc", "bashrc"),
        ("trailing. . .", "trailing"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("a\u2066b\u2069", "ab"),
        ("in\u200bvisible\u3164\u2800\ufeff", "invisible"),
        ("\U000e0041tag", "tag"),
        ("invoice.pdf" + " " * 200 + ".exe", "invoice.pdf .exe"),
        ("a\u00a0\u3000b", "a b"),
        ("e\u0301", "é"),
        ("e\u200b\u0301", "é"),
        ("half\ud83d", "half"),
        ("日本語 grün 🎉", "日本語 grün 🎉"),
    ],
)
def test_a_name_is_made_safe(given: str, name: str) -> None:
    assert safe_name(given) == name


@given(st.one_of(st.text(), ODD))
def test_what_is_safe_is_safe_on_every_system_and_stays_as_it_is(name: str) -> None:
    safe = safe_name(name)
    assert safe_name(safe) == safe
    assert safe == "" or (FOLDER / safe).parent == FOLDER
    assert safe == "" or PureWindowsPath(safe).name == safe
    assert not PureWindowsPath(safe).is_reserved()
    assert not set(safe) & set('/\\:*?"<>|')
    assert len(safe.encode()) <= NAME_BYTES
    assert safe == safe.strip(" .")
    assert unicodedata.is_normalized("NFC", safe)
    assert not {unicodedata.category(sign) for sign in safe} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize("extension", [".tar", ".tar.gz", ".iso", ".日本"])
def test_a_long_name_keeps_its_extension_and_no_broken_sign(extension: str) -> None:
    name = safe_name("ä" * 300 + extension)
    assert name.endswith(f"ä{extension}")
    assert NAME_BYTES - 1 <= len(name.encode()) <= NAME_BYTES


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("a.txt", "a (2).txt"),
        ("archive.tar.gz", "archive (2).tar.gz"),
        ("Archive.TAR.xz", "Archive (2).TAR.xz"),
        ("plain", "plain (2)"),
        (".bashrc", ".bashrc (2)"),
        ("a.b.c", "a.b (2).c"),
        ("Mr. Smith goes home", "Mr. Smith goes home (2)"),
        ("Album (1999).zip", "Album (1999) (2).zip"),
        ("Disk (1).iso", "Disk (1) (2).iso"),
        (".tar.gz", ".tar (2).gz"),
        ("a .txt", "a (2).txt"),
        ("n" * 254, "n" * 250 + " (2)"),
        ("ü" * 125 + ".txt", "ü" * 123 + " (2).txt"),
    ],
)
def test_a_number_stands_before_the_extension(name: str, second: str) -> None:
    assert numbered(name, 2) == second
    assert number_of(name) == 1
    assert number_of(second) == 2


def test_a_name_with_a_number_gets_the_next_one_in_its_place() -> None:
    assert numbered("a (2).tar.gz", 3) == "a (3).tar.gz"
    assert numbered("a (999).txt", 1000) == "a (1000).txt"
    assert numbered("v1.0 (2)", 3) == "v1.0 (3)"


@given(ODD.map(safe_name).filter(bool), st.integers(2, 999))
def test_a_numbered_name_is_another_one_and_as_safe(name: str, number: int) -> None:
    other = numbered(name, number)
    assert number_of(other) == number
    assert other != numbered(name, number + 1)
    assert safe_name(other) == other


@pytest.mark.parametrize(
    ("address", "wanted", "name"),
    [
        ("https://a.de/x/file.iso?token=1#part", "file.iso", "file.iso"),
        ("https://a.de/", "", "a.de"),
        ("https://a.de", "", "a.de"),
        ("https://a.de?x=/y", "", "a.de"),
        ("https://a.de/my%20file.txt", "my file.txt", "my file.txt"),
        ("https://a.de/..%2F..%2Fetc%2Fpasswd", "../../etc/passwd", "_.._etc_passwd"),
        ("https://a.de/%2e%2e", "..", "a.de"),
        ("https://a.de/a%00b%0A", "a\0b\n", "ab"),
        ("https://a.de/CON", "CON", "_CON"),
        ("https://a.de/ .x. ", " .x. ", "x"),
        ("https://a.de/a%E2%80%AEgpj.exe", "a\u202egpj.exe", "agpj.exe"),
        ("https://a.de/gr%FCn", "grün", "grün"),
        ("https://a.de/grün%20%C3%BC", "grün ü", "grün ü"),
        ("https://a.de/100%", "100%", "100%"),
        ("https://[::1/", "", "download"),
    ],
)
def test_the_file_is_named_after_the_last_part_of_the_path(address: str, wanted: str, name: str) -> None:
    assert name_in_address(address) == wanted
    assert file_name(address) == name


@given(st.text())
def test_any_address_gives_a_name(address: str) -> None:
    assert file_name(address)
    assert safe_name(file_name(address)) == file_name(address)
