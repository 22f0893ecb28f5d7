"""Checksums that a file can be asked to have: those of hashlib that have one length."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

LONGEST_VALUE = 1_024
"""Characters, with all that stands between the digits."""


def name(algorithm: str) -> str | None:
    """The algorithm as hashlib calls it, also of "SHA-256" and the like; None where there is none, or none to use."""
    return _names().get(_squeezed(algorithm))


def plain(value: str) -> str:
    """The value in small letters, without the spaces and colons that stand between the digits here and there."""
    return re.sub(r"[\s:]", "", value).lower()


def is_hex(value: str) -> bool:
    """Whether a plain value is made of hexadecimal digits alone."""
    return re.fullmatch("[0-9a-f]+", value) is not None


def new(algorithm: str) -> _Hash:
    """A checksum in the making. Raises ValueError where there is no such algorithm, or none any more."""
    known = name(algorithm)
    if known is None:
        raise ValueError(f"no checksum is called {algorithm}")
    return hashlib.new(known, usedforsecurity=False)


@cache
def lengths() -> Mapping[str, int]:
    """Every algorithm that can be asked for, with the number of its hexadecimal digits."""
    found = {}
    for algorithm in sorted(hashlib.algorithms_available):
        try:
            digits = 2 * hashlib.new(algorithm, usedforsecurity=False).digest_size
        except ValueError:
            continue  # the library has it, and does not let anybody use it
        if digits:  # the shake family has no length of its own
            found[algorithm] = digits
    return found


@cache
def _names() -> Mapping[str, str]:
    return {_squeezed(algorithm): algorithm for algorithm in lengths()}


def _squeezed(algorithm: str) -> str:
    return re.sub("[^a-z0-9]", "", algorithm.lower())
