from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domonitor.jobs import size
from domonitor.ui import text

UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15}


@given(st.integers(0, 10**17))
def test_the_services_words_for_a_size_are_the_windows(count: int) -> None:
    assert size.in_words(count) == text.size(count)


@given(st.integers(0, 10**17))
def test_who_makes_as_much_room_as_is_said_has_made_enough(count: int) -> None:
    number, unit = size.at_least(count).split()
    said = round(float(number) * 10) * UNITS[unit] / 10
    assert count <= said <= count * 1.1 + 1


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (999, "999 B"), (1_001, "1.1 kB"), (900_000_000, "900 MB"), (1_200_000_001, "1.3 GB")],
)
def test_room_to_be_made_is_rounded_up(count: int, words: str) -> None:
    assert size.at_least(count) == words
