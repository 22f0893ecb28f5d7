"""Content-Disposition as servers write it, and as nobody should."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domonitor.jobs.disposition import called_by_server
from domonitor.jobs.names import safe_name

ADDRESS = "https://a.de/get.php?id=5"


def wire(header: str) -> str:
    """The header as the engine hands it over: its bytes as ISO-8859-1."""
    return header.encode().decode("latin-1")


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ('attachment; filename="a.txt"', "a.txt"),
        ("attachment; filename=a.txt", "a.txt"),
        ("Attachment;FILENAME =\ta.txt ;size=5", "a.txt"),
        ("attachment; filename=a b, c.txt", "a b, c.txt"),
        ("filename=a.txt", "a.txt"),
        ('inline; filename="a;b=c.txt"', "a;b=c.txt"),
        (r'attachment; filename="f\oo\"bar\\.txt"', ".txt"),
        (r'attachment; filename="f\oo\".txt"', 'foo".txt'),
        (r'attachment; filename="C:\temp\new.txt"', "new.txt"),
        (r'attachment; filename="\\server\share\x.txt"', "x.txt"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="a/"', ""),
        ('attachment; filename=""', ""),
        ("attachment; filename=", ""),
        ('attachment; filename=".."', ""),
        ('attachment; filename=" . "', ""),
        ("attachment", ""),
        ("", ""),
        # Encoded, by RFC 8187.
        ("attachment; filename*=UTF-8''%e2%82%ac%20rates.txt", "€ rates.txt"),
        ("attachment; filename*=utf-8'en'a.txt; filename=b.txt", "a.txt"),
        ("attachment; filename=\"b.txt\"; filename*=iso-8859-1'de'gr%FCn.txt", "grün.txt"),
        ("attachment; filename*=\"UTF-8''quoted.txt\"", "quoted.txt"),
        ("attachment; filename*=UTF-8''..%2F..%2Fx", "x"),
        ("attachment; filename*=UTF-8''%ff.txt; filename=b.txt", "b.txt"),
        ("attachment; filename*=UTF-8''50%.txt; filename=b.txt", "b.txt"),
        ("attachment; filename*=UTF-16''%00a; filename=b.txt", "b.txt"),
        ("attachment; filename*=a.txt; filename=b.txt", "b.txt"),
        ("attachment; filename*=UTF-8''; filename=b.txt", "b.txt"),
        # Not encoded at all, or without saying so.
        (wire('attachment; filename="grün €.txt"'), "grün €.txt"),
        ('attachment; filename="gr\xfcn.txt"', "grün.txt"),
        ('attachment; filename="gr%C3%BCn%20a.txt"', "grün a.txt"),
        ('attachment; filename="100%.txt"', "100%.txt"),
        ('attachment; filename="%FF.txt"', "%FF.txt"),
        ('attachment; filename="..%2F..%2Fx"', "x"),
        # Twice, in one header or in several.
        ('attachment; filename="a.txt"; filename="b.txt"', "a.txt"),
        ('attachment; filename="a.txt", attachment; filename="b.txt"', "a.txt"),
        ("attachment; filename=a.txt, attachment; filename=b.txt", "a.txt"),
        ("inline, attachment; filename=b.txt", "b.txt"),
        # Broken.
        ('attachment; filename="a.txt', "a.txt"),
        ('attachment; filename="', ""),
        ('attachment; filename="a\\', "a"),
        ('attachment; note="; filename=evil"; filename=good', "good"),
        (";;;===;filename=a", "a"),
        ("attachment; xfilename=evil", ""),
        ("attachment; filename =\x00", ""),
    ],
)
def test_the_header_gives_the_name(header: str, name: str) -> None:
    assert called_by_server(header, ADDRESS, ADDRESS) == name


@pytest.mark.parametrize(
    ("final_address", "name"),
    [
        ("https://cdn.de/x/setup%20(1).exe?token=1#y", "setup (1).exe"),
        ("https://cdn.de/x/get.php?token=1", ""),
        ("https://cdn.de/", ""),
        ("https://cdn.de/..", ""),
        ("https://[::1/x.bin", "x.bin"),
        ("", ""),
    ],
)
def test_else_the_address_after_all_redirects_gives_it_where_it_has_another_one(final_address: str, name: str) -> None:
    assert called_by_server('attachment; filename=".."', final_address, ADDRESS) == name


def test_an_address_that_went_over_the_wire_in_ascii_has_the_same_name() -> None:
    assert called_by_server("", "https://a.de/gr%C3%BCn", "https://a.de/grün") == ""


def test_a_header_goes_before_the_address() -> None:
    assert called_by_server("attachment; filename=a.txt", "https://cdn.de/b.txt", ADDRESS) == "a.txt"


@given(
    st.one_of(
        st.text(),
        st.lists(st.sampled_from([*"\"\\;,= '%*aé", "filename", "UTF-8''", "%C3", "attachment"])).map("".join),
    ),
    st.text(),
)
def test_whatever_is_sent_gives_a_usable_name_or_none(header: str, final_address: str) -> None:
    name = called_by_server(header, final_address, ADDRESS)
    assert name == "" or safe_name(name)


def test_a_very_long_header_takes_no_time() -> None:
    for header in ("a=" + '"' * 100_000, " " * 100_000 + "x", "filename" * 20_000, "a=b;" * 30_000, '"\\' * 50_000):
        assert called_by_server(f"attachment; {header}", ADDRESS, ADDRESS) == ""
