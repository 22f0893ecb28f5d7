"""The user's language. Whoever knows it says so with speak; without that everything is said in English."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """How a text and a whole number are said in the user's language."""

    translate: Callable[[str], str] = str
    number: Callable[[int], str] = "{:,}".format


_spoken = [Language()]


def speak(language: Language) -> None:
    """From now on everything is said in this language."""
    _spoken[0] = language


def tr(text: str) -> str:
    """The text in the user's language."""
    return _spoken[0].translate(text)


def plural(count: int, one: str, many: str) -> str:
    """The form for the count, with {n} replaced by it."""
    return (one if count == 1 else many).replace("{n}", _spoken[0].number(count))
