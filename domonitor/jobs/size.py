"""Sizes in words, for the sentences that services make. The window's own words are the same."""

from __future__ import annotations

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def in_words(count: float) -> str:
    """Bytes in the unit that reads best, with decimal prefixes: 4.2 MB."""
    for unit in _UNITS:
        if count < 999.5 or unit == _UNITS[-1]:
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" or count >= 99.95 else f"{count:.1f} {unit}"


def at_least(count: int) -> str:
    """As in_words, but never fewer than there are: who makes so much room has made enough."""
    step = 1
    while count >= 1000 * step:
        step *= 1000
    digit = max(1, step // 10) if count < 100 * step else step
    return in_words(-(-count // digit) * digit)
