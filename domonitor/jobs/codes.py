"""What an error code means and what to do about it.

The knowledge is data: resources/error_codes.csv, one line for each meaning of a code, read at first use.
To teach a code, add a line there. Its columns: code; name (alternatives parted by " / "); family; headline (plain
words, optional); transient (what the code's own service does about it); engine (what our engine does about it, for
exactly the codes that it gives; it also gives HTTP statuses without a line); meaning; remedy (steps parted by ";");
source.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from domonitor.assets import asset
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed, InvalidInput

FACILITIES: Mapping[int, str] = {
    0: "general",
    1: "remote calls (RPC)",
    3: "storage",
    4: "COM interfaces",
    7: "Windows (Win32)",
    8: "Windows interface",
    9: "security",
    0x0B: "certificates",
    0x0C: "Internet (URLMON)",
    0x19: "HTTP",
    0x20: "BITS",
    0x24: "Windows Update",
    0x87: "Configuration Manager or Store",
    0x8A: "winget",
    0xD0: "Delivery Optimization",
}
"""Bits 16 to 28 of an HRESULT. Source: winerror.h; the families of error_codes.csv."""

_FACILITY_WIN32 = 7
_FACILITY_DO = 0xD0

_OTHER_STATUS = (
    "The server's answer is of no known kind",
    ("Check that the address is right.", "Tell the site's owner."),
)
_STATUSES: Mapping[int, tuple[str, tuple[str, ...]]] = {
    1: ("The server began an answer and no file came", ("Choose Resume to ask once more.", "Tell the site's owner.")),
    2: ("The server sent no file", ("Check that the address leads to a file.", "Tell the site's owner.")),
    3: ("The server does not say where the file is now", ("Look on the site for the new address of the file.",)),
    4: ("The server refuses this download", ("Check the address for typing errors.", "Ask the site's owner.")),
    5: ("The server has a problem", ("Wait: it is tried again by itself.", "Tell the site's owner if it lasts.")),
}
"""What an HTTP status without a line of its own is by its first digit, and what to do. Source: RFC 9110, 15."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """One meaning of a code. Each field is a column of error_codes.csv."""

    code: int
    name: str
    family: str
    headline: str
    transient: str
    engine: str
    meaning: str
    remedy: str
    source: str

    @property
    def names(self) -> tuple[str, ...]:
        """The symbolic names, the usual one first; a describing one where no header gives the code a name."""
        return tuple(name.removesuffix(" (no SDK name)") for name in self.name.split(" / "))

    @property
    def title(self) -> str:
        """The meaning in a few plain words, without a full stop."""
        plain = re.sub(r"\s*\([^)]*\)", "", self.meaning)
        return self.headline or re.split(r"(?<!e\.g)(?<!i\.e)[.;](?:\s|$)", plain, maxsplit=1)[0]

    @property
    def steps(self) -> tuple[str, ...]:
        """The remedy as steps, each a sentence."""
        parts = (part.strip().rstrip(".") for part in self.remedy.split(";"))
        return tuple(f"{part[0].upper()}{part[1:]}." for part in parts if part)


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that can be said of a code.

    code: the HRESULT, unsigned. meanings: what is documented of this very code, may be empty.
    parts: where nothing is documented, the meanings of the Win32 error or the HTTP status within the code.
    facility: which part of a system gave it, in words.
    """

    code: int
    meanings: tuple[Meaning, ...]
    parts: tuple[Meaning, ...]
    facility: str

    @property
    def is_known(self) -> bool:
        """Whether this very code is documented."""
        return bool(self.meanings)

    @property
    def status(self) -> int | None:
        """The HTTP status of which the code is made, None where it is another one."""
        low = self.code & 0xFFFF
        return low if self.code >> 16 == hresult.HTTP_STATUS >> 16 and 100 <= low < 1000 else None

    @property
    def best(self) -> Meaning | None:
        """The first meaning of the code, else of its parts."""
        return next(iter(self.meanings + self.parts), None)

    @property
    def family(self) -> str:
        """The family of the meanings, else the facility."""
        return self.best.family if self.best else self.facility

    @property
    def name(self) -> str:
        """The symbolic name, "" where none is documented."""
        return self.meanings[0].names[0] if self.meanings else ""

    @property
    def headline(self) -> str:
        """One plain sentence without a full stop; never empty."""
        if self.best:
            return self.best.title
        if self.status is not None:
            return _STATUSES.get(self.status // 100, _OTHER_STATUS)[0]
        return "An error without a documented meaning"

    @property
    def details(self) -> str:
        """The meaning in sentences; for an undocumented code, what can be read from its bits."""
        if self.best:
            return self.best.meaning
        if self.status is not None:
            return f"The server answered with HTTP {self.status}."
        low = self.code & 0xFFFF
        return f"The code comes from this part of the system: {self.facility}. Its number there is {low} (0x{low:04X})."

    @property
    def steps(self) -> tuple[str, ...]:
        """What to do, a sentence each; never empty."""
        if self.best and self.best.steps:
            return self.best.steps
        if self.status is not None and not self.best:
            return _STATUSES.get(self.status // 100, _OTHER_STATUS)[1]
        return ("Try again.", "Search for the code if it happens again.")

    def passes_by_itself(self, service: str) -> bool | None:
        """Whether the service tries again by itself after this error; None where that is not documented.

        service: "engine", "bits", "do" or "do-agent". Of a code that is not documented the part within it decides.
        """
        code = self.parts[0].code if self.parts else self.code
        return _passes(code, self.meanings or self.parts, service)


def explain(code: int | str) -> Explanation:
    """What the code means.

    code: a number, signed or not, or a text: 0x80D02002, 80D02002, -2133843966, 404, DO_E_DOWNLOAD_NO_PROGRESS.
    An undocumented code still gets its facility and the Win32 or HTTP part within it.
    Raises InvalidInput for a text that is no code and no known name.
    """
    number = code if isinstance(code, int) else _parse(code)
    if not -0x80000000 <= number <= 0xFFFFFFFF:
        raise InvalidInput(f"{code} is no error code: it is longer than 32 bits.")
    number &= 0xFFFFFFFF
    meanings = _by_code().get(number, ())
    return Explanation(number, meanings, () if meanings else _parts(number), _facility(number))


def refusal(code: int, message: str = "") -> CallFailed:
    """The exception for a call that is refused, with its documented name and, by default, its plain words."""
    explanation = explain(code)
    return CallFailed(code, explanation.name, message or f"{explanation.headline}. {' '.join(explanation.steps)}")


def _parse(text: str) -> int:
    """The number that a text stands for."""
    text = text.strip()
    # Eight hex digits are a code copied without its 0x; other digits are a decimal number.
    if re.fullmatch(r"0[xX][0-9a-fA-F]{1,16}[lLuU]*", text) or re.fullmatch(r"[0-9a-fA-F]{8}", text):
        return int(text.rstrip("lLuU"), 16)
    if re.fullmatch(r"[+-]?\d{1,20}", text):
        return int(text)
    name = text.upper()
    if name in _by_name():
        return _by_name()[name]
    close = difflib.get_close_matches(name, _by_name(), n=1, cutoff=0.75)
    hint = f" Did you mean {close[0]}?" if close else " Examples: 0x80D02002, -2133843966, DO_E_JOB_EMPTY."
    raise InvalidInput(f'"{text[:80]}" is neither an error code nor a known name.{hint}')


def _parts(code: int) -> tuple[Meaning, ...]:
    """The meanings of the Win32 error or the HTTP status within an undocumented code."""
    low = code & 0xFFFF
    codes = []
    if code >> 16 == hresult.HTTP_STATUS >> 16 or (code < 0x10000 and 100 <= low < 600):
        codes.append(hresult.HTTP_STATUS + low)
    if (code >> 16) & 0x1FFF == _FACILITY_WIN32 or code < 0x10000:
        codes.append(0x80070000 + low)
    return tuple(meaning for part in codes for meaning in _by_code().get(part, ()))


def _facility(code: int) -> str:
    if code < 0x10000:
        return FACILITIES[_FACILITY_WIN32]
    number = (code >> 16) & 0x1FFF
    return FACILITIES.get(number, f"unknown ({number})")


def _passes(code: int, meanings: tuple[Meaning, ...], service: str) -> bool | None:
    # DO writes into the code itself whether it passes: the "blocked by" family 0x80D038xx.
    if service in ("do", "do-agent") and code >> 16 == 0x8000 | _FACILITY_DO:
        return code & 0xF800 == 0x3800
    for meaning in meanings:
        said = meaning.engine if service == "engine" else meaning.transient
        is_the_agents = said.endswith("(agent)") or meaning.family.startswith("DO agent")
        if is_the_agents and service not in ("do-agent", "engine"):
            continue
        if said.startswith("transient"):
            return True
        if said.startswith(("fatal", "not transient")):
            return False
    # A status that has no word of its own: our engine tries again where the server itself has failed.
    if service == "engine" and code >> 16 == hresult.HTTP_STATUS >> 16 and 100 <= code & 0xFFFF < 1000:
        return 500 <= code & 0xFFFF < 600
    return None


@cache
def _by_code() -> Mapping[int, tuple[Meaning, ...]]:
    by_code: dict[int, tuple[Meaning, ...]] = {}
    lines = asset("error_codes.csv").read_text(encoding="utf-8").splitlines()
    for row in csv.DictReader(lines, strict=True):
        code = int(row.pop("code"), 16)
        by_code[code] = (*by_code.get(code, ()), Meaning(code, **row))
    return by_code


@cache
def _by_name() -> Mapping[str, int]:
    names: dict[str, int] = {}
    for code, meanings in _by_code().items():
        for meaning in meanings:
            for name in meaning.names:
                names.setdefault(name.upper(), code)
    return names
