"""What is handed on holds nothing secret, and no name of a user."""

from __future__ import annotations

import pytest

from domonitor.words.masking import masked, without_secrets_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://anna:pw@dl.example.com/a/b.iso?token=x#y now", "see https://dl.example.com/a/b.iso?… now"),
        ("/home/anna/Downloads/a.iso", "/home/…/Downloads/a.iso"),
        ("/Users/anna/a.iso", "/Users/…/a.iso"),
        ("C:\\Users\\Anna B\\a.iso", "C:\\Users\\…\\a.iso"),
        ("c:/users/anna/a.iso", "c:/users/…/a.iso"),
        ("Authorization: Basic YW5uYTpwdw==\nnext", "Authorization: …\nnext"),
        ("sent Cookie: session=1; other=2", "sent Cookie: …"),
        ("password=hunter2 and token: abc", "password=… and token: …"),
        ("The secret is out.", "The secret is out."),
        ("The server answered 404 Not Found.", "The server answered 404 Not Found."),
        ("http://[::1]:8080/a?x=1, http://b/?y", "http://[::1]:8080/a?… http://b/?…"),
    ],
)
def test_secrets_and_names_are_hidden(text: str, expected: str) -> None:
    assert masked(text) == expected


def test_on_the_user_s_own_screen_paths_stay_whole() -> None:
    shown = without_secrets_in("Can't write to /home/anna/a.iso from https://anna:pw@h.example/a?b")
    assert shown == "Can't write to /home/anna/a.iso from https://h.example/a?…"


def test_what_is_masked_stays_masked() -> None:
    once = masked("https://a:b@c.example/d?e=f in /home/anna/x, token=abc")
    assert masked(once) == once
