"""The self-test of BITS: small real jobs against a server in this process, to see whether Windows does as documented.

Nothing leaves this computer. Its jobs are called JOB_NAME and are cancelled at the end; those of a run that was broken
off are cancelled by the next one. A new step is one function in steps.py or watching.py, and one line in STEPS.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.redaction import redacted

if TYPE_CHECKING:
    from domonitor.doctor.selftest.bench import Bench


class Result(StrEnum):
    """What a step comes to. NOT_HERE: this system does not offer it, or it can't be tried now."""

    OK = "OK"
    DIFFERS = "differs"
    NOT_HERE = "not here"


@dataclass(frozen=True, slots=True)
class Line:
    """A step: its name, its result, and what was found, a sentence."""

    name: str
    result: Result
    found: str


class Differs(Exception):
    """Something is not as documented; the message says what was found."""


class NotHere(Exception):
    """It can't be tried here; the message says why."""


Step = Callable[["Bench"], str]
"""Says in a sentence what was found. Raises Differs, NotHere, CallFailed."""


def run(report: Callable[[Line], None], steps: dict[str, Step] | None = None) -> Sequence[Line]:
    """All steps one after the other, each reported as soon as it is done. On Windows alone.

    Where the first connection fails, nothing more is tried.
    """
    from domonitor.doctor.selftest import steps as documented
    from domonitor.doctor.selftest.bench import Bench

    steps = documented.STEPS if steps is None else steps
    lines: list[Line] = []

    def tell(line: Line) -> None:
        lines.append(line)
        report(line)

    with tempfile.TemporaryDirectory(prefix="domonitor-selftest-", ignore_cleanup_errors=True) as folder:
        bench = Bench(Path(folder))
        try:
            for name, step in steps.items():
                line = _tried(name, step, bench)
                tell(line)
                if name == documented.CONNECTING and line.result is Result.DIFFERS:
                    break
        finally:
            tell(_tried("clean up", Bench.clean_up, bench))
            bench.close()
    return lines


def _tried(name: str, step: Step, bench: Bench) -> Line:
    try:
        return Line(name, Result.OK, step(bench))
    except NotHere as reason:
        return Line(name, Result.NOT_HERE, str(reason))
    except Differs as difference:
        return Line(name, Result.DIFFERS, str(difference))
    except CallFailed as failure:
        if failure.code == hresult.E_NOTIMPL:
            return Line(name, Result.NOT_HERE, "This BITS does not offer it.")
        return Line(name, Result.DIFFERS, f"It was refused with {hresult.text(failure.code)}: {failure}")
    except Exception as error:
        return Line(name, Result.DIFFERS, f"It failed: {redacted(f'{type(error).__name__}: {error}')}.")
    finally:
        bench.end_step()
