"""All that can be said of a code, in parts that a window can show and a screen reader can read."""

from __future__ import annotations

from dataclasses import dataclass

from domonitor.jobs import hresult
from domonitor.jobs.codes import Explanation
from domonitor.words import text

SERVICES = ("engine", "bits", "do", "do-agent")


@dataclass(frozen=True, slots=True)
class Part:
    """One meaning. names: the symbolic ones and the family, in a line."""

    names: str
    meaning: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What the dialog says. forms: the ways in which the code is written. note: what must be known before the parts.

    passes: each service, and whether it passes by itself there.
    """

    headline: str
    forms: str
    note: str
    parts: tuple[Part, ...]
    passes: tuple[tuple[str, str], ...]

    def as_text(self) -> str:
        """All of it as text to hand on."""
        lines = [self.headline, self.forms, *filter(None, [self.note])]
        for part in self.parts:
            lines += ["", part.names, part.meaning]
            lines += [f"{number}. {step}" for number, step in enumerate(part.steps, 1)]
        lines += ["", text.tr("Does it pass by itself?"), *(f"{service}: {words}" for service, words in self.passes)]
        return "\n".join(lines)


def told(explanation: Explanation) -> Told:
    """An explanation in words."""
    parts = tuple(
        Part(f"{', '.join(meaning.names)} ({meaning.family})", meaning.meaning, meaning.steps)
        for meaning in explanation.meanings + explanation.parts
    )
    note = ""
    if not explanation.meanings:
        note = text.tr("This very code is not documented.")
        if parts:
            note += " " + text.tr("The error within it is:")
        parts = parts or (Part(explanation.facility, explanation.details, explanation.steps),)
    passes = tuple((text.service(service), _passes(explanation.passes_by_itself(service))) for service in SERVICES)
    return Told(explanation.headline, _forms(explanation.code), note, parts, passes)


def _forms(code: int) -> str:
    signed = code - (1 << 32) if code & 0x80000000 else code
    forms = [hresult.text(code), str(signed)]
    if signed < 0:
        forms.append(str(code))
    return "  ·  ".join(forms)


def _passes(answer: bool | None) -> str:
    if answer is None:
        return text.tr("not known")
    return text.tr("yes, it is tried again") if answer else text.tr("no, somebody has to act")
