"""`domonitor explain`: what a code means, as text. Imported for that alone, so it starts quickly."""

from __future__ import annotations

import sys

from domonitor.jobs import codes, hresult
from domonitor.jobs.codes import Explanation, Meaning
from domonitor.jobs.error import InvalidInput

_SERVICES = {"bits": "BITS", "do": "Delivery Optimization", "do-agent": "DO agent"}

TRIES_AGAIN = "domonitor tries again by itself."
WAITS = "domonitor does not try again by itself: somebody has to act."


def main(code: str) -> int:
    """Prints the explanation; the exit code, 2 where the text is no code."""
    try:
        print(text(codes.explain(code)))  # noqa: T201
    except InvalidInput as refusal:
        print(refusal, file=sys.stderr)  # noqa: T201
        return 2
    return 0


def text(explanation: Explanation) -> str:
    """All that is known of the code: plain words first, numbers second."""
    lines = [explanation.headline, f"  {hresult.text(explanation.code)} ({_signed(explanation.code)})", ""]
    if explanation.meanings:
        for meaning in explanation.meanings:
            lines += _meaning(meaning)
    elif explanation.parts:
        lines += ["  This very code is not documented. The error within it is:", ""]
        for meaning in explanation.parts:
            lines += _meaning(meaning)
    else:
        lines += [f"  {explanation.details}", *_steps(explanation.steps), ""]
    lines += _engine(explanation.passes_by_itself("engine"))
    passes = {service: explanation.passes_by_itself(service) for service in _SERVICES}
    for is_transient, words in ((True, "Tried again by itself by"), (False, "Waits for you in")):
        services = [_SERVICES[service] for service, answer in passes.items() if answer is is_transient]
        if services:
            lines.append(f"  {words}: {', '.join(services)}.")
    return "\n".join(lines).rstrip()


def _engine(passes: bool | None) -> list[str]:
    """What our own engine does about it; nothing of codes that it never gives."""
    if passes is None:
        return []
    return [f"  {TRIES_AGAIN if passes else WAITS}"]


def _meaning(meaning: Meaning) -> list[str]:
    return [f"  {', '.join(meaning.names)} ({meaning.family})", f"  {meaning.meaning}", *_steps(meaning.steps), ""]


def _steps(steps: tuple[str, ...]) -> list[str]:
    return ["  What to do:", *(f"    {number}. {step}" for number, step in enumerate(steps, 1))] if steps else []


def _signed(code: int) -> int:
    return code - (1 << 32) if code & 0x80000000 else code
