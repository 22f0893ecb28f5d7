"""No secret outlives redacted, and what is none does."""

from __future__ import annotations

import pytest

from domonitor.jobs.address import without_secrets
from domonitor.jobs.redaction import redacted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET https://anna:pw@a.de/x?token=1 failed", "GET https://a.de/x?… failed"),
        ("https://a.de/x#access_token=1", "https://a.de/x#…"),
        ("https://a.de:8443/x", "https://a.de:8443/x"),
        ("https://a.de:8443/@scope/x", "https://a.de:8443/@scope/x"),
        ("https://anna:p/w@a.de/x", "https://a.de/x"),
        ("https://anna:p?w@a.de/x", "https://a.de/x"),
        ("https://anna:p@w@a.de/x@2x.png", "https://a.de/x@2x.png"),
        ("https://[2001:db8::1]:80/x", "https://[2001:db8::1]:80/x"),
        ("['http://a.de/','http://u:pw@b.de/?k=v']", "['http://a.de/','http://b.de/?…"),
        (r'{"url":"http:\/\/u:pw@b.de\/x"}', '{"url":"http://b.de/x"}'),
        ("proxy anna:pw@proxy:8080 refused", "proxy proxy:8080 refused"),
        (r'"anna:\u00a1w@proxy"', 'proxy"'),
        ('"GET /x?token=1 HTTP/1.1" 404', '"GET /x?… HTTP/1.1" 404'),
        ("Authorization: Basic YW5uYTpwdw==", "Authorization: …"),
        ("proxy-authorization:Bearer x y", "proxy-authorization: …"),
        ("{'Set-Cookie': 'a=b; Path=/', 'Age': '1'}", "{'Set-Cookie': …"),
        (r"b'Cookie: a=b\r\nX: y'", "b'Cookie: …"),
        ("(b'authorization', b'Bearer x')", "(b'authorization', …"),
        ("HTTP_COOKIE=a", "HTTP_COOKIE= …"),
        ("Cookie: a;\n  b\nnext", "Cookie: …\nnext"),
        ('    cookie = "a"\n  File "x.py", line 1', '    cookie = …\n  File "x.py", line 1'),
    ],
)
def test_what_may_be_secret_goes(text: str, shown: str) -> None:
    assert redacted(text) == shown
    assert redacted(redacted(text)) == redacted(text)


@pytest.mark.parametrize(
    "text",
    [
        "what? no: mail me @ home",
        r"C:\Users\anna@home\x.iso could not be renamed",
        r"'C:\Users\anna@home\x.iso'",
        r"\\?\C:\Users\x.iso",
        "a cookie was refused, and its authorization is over",
        "why?",
        "/home/anna/x#1.iso",
        "at 12:03:04 file 1/2: 50 %",
        "",
        "  two  spaces\n",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


def test_a_long_text_costs_no_more_than_its_length() -> None:
    """Each of these would keep a pattern that looks twice busy for minutes."""
    for text in ("a" * 300_000, "a:" * 150_000, "://" * 100_000, "@" * 300_000, "?" * 300_000, "cookie " * 50_000):
        assert len(redacted(text)) <= len(text) + 10
        assert len(without_secrets(text)) <= len(text) + 10
