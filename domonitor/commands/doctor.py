"""doctor: what domonitor needs of this computer, and what to do where it is missing."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from domonitor.commands import options, terminal
from domonitor.commands.answers import CheckAnswer, DoctorAnswer, SelftestAnswer, StepAnswer
from domonitor.commands.ending import Exit, Stop

Selftest = Annotated[
    bool,
    typer.Option("--selftest", help="Try BITS with small jobs of its own, on Windows. They are cancelled at the end."),
]


def doctor(ctx: typer.Context, selftest: Selftest = False, as_json: options.Json = False) -> None:
    """Look for what is wrong, and say what to do.

    Looks at what domonitor needs of this computer. Nothing is sent anywhere. Ends with 1 where there is a problem; a
    warning is none. With --selftest it ends with 1 where something differs from what is documented, and with 3 where
    there is no BITS.
    """
    if selftest:
        _test_bits(as_json=as_json)
        return
    from domonitor import services
    from domonitor.doctor import examine
    from domonitor.doctor.folders import place

    logging.disable()  # what would be worth a line in the log is a finding here
    found = examine(place(lambda: services.engine_folder(ctx.obj.folder)))
    checks = [CheckAnswer(name, str(finding.level), finding.found, finding.remedy) for name, finding in found]
    answer = DoctorAnswer(any(check.level == "problem" for check in checks), checks)
    if as_json:
        terminal.write_json(answer)
    else:
        _show(checks)
    if answer.has_problem:
        raise Stop(Exit.FAILED)


def _test_bits(*, as_json: bool) -> None:
    from domonitor.doctor.bits import without_bits
    from domonitor.doctor.selftest import Line, Result, run

    if why := without_bits():
        raise Stop(Exit.NOT_REACHABLE, why)
    logging.disable()

    def report(line: Line) -> None:
        if not as_json:
            terminal.write(f"{line.result:<9} {line.name:<{_WIDEST}} {line.found}")

    lines = run(report)
    counts = {result: sum(line.result is result for line in lines) for result in Result}
    has_difference = counts[Result.DIFFERS] > 0
    if as_json:
        steps = [StepAnswer(line.name, str(line.result), line.found) for line in lines]
        terminal.write_json(SelftestAnswer(has_difference, steps))
    else:
        terminal.write(", ".join(f"{count} {result}" for result, count in counts.items()))
    if has_difference:
        raise Stop(Exit.FAILED)


_WIDEST = 22
"""The longest name of a step."""


def _show(checks: list[CheckAnswer]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    styles = {"ok": "green", "warning": "yellow", "problem": "bold red"}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("", "What", "Found"):
        table.add_column(heading, overflow="fold")
    for check in checks:
        told = Text(terminal.plain(check.found))
        if check.remedy:
            told.append(f"\nWhat to do: {terminal.plain(check.remedy)}", style="bold")
        table.add_row(Text(check.level, style=styles[check.level]), Text(check.name), told)
    Console(highlight=False).print(table)
