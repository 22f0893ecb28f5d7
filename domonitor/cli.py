"""The command line. What a command needs is imported when it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from domonitor import __version__, logs
from domonitor.commands import (
    adding,
    doctor,
    engine,
    failing,
    following,
    getting,
    giving,
    listing,
    lists,
    log,
    terminal,
)
from domonitor.commands.ending import Exit, Stop
from domonitor.commands.session import Reach
from domonitor.jobs.error import DomonitorError

# Typer's own: newer ones bring a copy of click along, whose exceptions are not those of the click that is installed.
_UsageError: Any = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="domonitor",
    help="One window on the download jobs of every service.",
    epilog="Exit codes: 0 done, 1 a download failed, 2 wrong use, 3 the service can't be reached, 4 refused in this"
    " state, 130 interrupted.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
engines = typer.Typer(help="The engine that windows and commands share.", no_args_is_help=True)


def main(arguments: list[str]) -> int:
    """Runs a command; the exit code."""
    logs.start_in_a_command()
    terminal.prepare()
    code = _run(arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _let_output_go()
    return code


def _run(arguments: list[str]) -> int:
    try:
        ended = typer.main.get_command(app).main(arguments, prog_name="domonitor", standalone_mode=False)
        return ended if isinstance(ended, int) else Exit.DONE
    except Stop as stop:
        terminal.say(str(stop))
        return stop.code
    except DomonitorError as failure:
        terminal.say(str(failure))
        return Exit.NOT_REACHABLE
    except (KeyboardInterrupt, typer.Abort):
        return Exit.INTERRUPTED
    except _UsageError as wrong:
        wrong.show()
        return Exit.WRONG_USE


def _to_the_end(command: Callable[..., None]) -> Callable[..., None]:
    """The command; where nobody reads its output any more, it has done its work."""

    @wraps(command)
    def run(*given: Any, **named: Any) -> None:
        try:
            command(*given, **named)
        except BrokenPipeError:
            _let_output_go()

    return run


def _let_output_go() -> None:
    """Whoever read has seen enough: what is still to be flushed goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.callback(invoke_without_command=True)
def _options(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--engine-folder", metavar="DIR", help="The engine's folder, if not the user's own.", show_default=False
        ),
    ] = None,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="Run the engine in this process, for as long as it lasts.")
    ] = False,
) -> None:
    ctx.obj = Reach(folder, in_process)
    if version:
        typer.echo(f"domonitor {__version__}")
        raise typer.Exit


@app.command()
def demo(
    screenshot: Annotated[
        Path | None, typer.Option("--screenshot", metavar="FILE", help="Save a picture of the window, then end.")
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option("--seconds", metavar="N", min=1, help="End after so long. 15 with --screenshot."),
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="Show the dark theme.")] = False,
) -> None:
    """Show real downloads, some of them failing."""
    from domonitor.demo import play

    raise typer.Exit(play.main(screenshot, seconds, is_dark=dark))


COMMANDS: dict[str, Callable[..., None]] = {
    "add": adding.add,
    "get": getting.get,
    "list": listing.list_jobs,
    "show": listing.show,
    "watch": following.watch,
    "wait": following.wait,
    "resume": giving.resume,
    "suspend": giving.suspend,
    "complete": giving.complete,
    "cancel": giving.cancel,
    "error": failing.show_error,
    "timeline": failing.show_timeline,
    "explain": failing.explain,
    "priority": giving.set_priority,
    "limit": giving.limit,
    "set-address": giving.set_address,
    "export": lists.export_jobs,
    "import": lists.import_jobs,
    "services": listing.list_services,
    "log": log.log,
    "doctor": doctor.doctor,
}
for _name, _command in COMMANDS.items():
    app.command(_name)(_to_the_end(_command))
app.add_typer(engines, name="engine")
engines.command("status")(_to_the_end(engine.status))
engines.command("stop")(_to_the_end(engine.stop))
