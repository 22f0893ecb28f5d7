"""doctor: what domonitor needs of this computer, and what to do where it is missing."""

from __future__ import annotations

import logging

import typer

from domonitor.commands import options, terminal
from domonitor.commands.answers import CheckAnswer, DoctorAnswer
from domonitor.commands.ending import Exit, Stop


def doctor(ctx: typer.Context, as_json: options.Json = False) -> None:
    """Look for what is wrong, and say what to do.

    Looks at what domonitor needs of this computer. Nothing is sent anywhere. Ends with 1 where there is a problem; a
    warning is none.
    """
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
