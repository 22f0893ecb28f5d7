"""The commands, on the terminal. What a command needs is imported when it runs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from domonitor import __version__

app = typer.Typer(
    name="domonitor",
    help="One window on the download jobs of every service.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class IfExisting(StrEnum):
    """What get does where there is a file of that name; the names are those of jobs.request.Existing."""

    RENAME = "rename"
    REFUSE = "refuse"
    REPLACE = "replace"


def main(arguments: list[str]) -> int:
    """Runs a command; the exit code."""
    try:
        app(arguments, prog_name="domonitor")
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else 1
    return 0


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if version:
        typer.echo(f"domonitor {__version__}")
        raise typer.Exit


@app.command()
def get(
    urls: Annotated[list[str], typer.Argument(metavar="URL…", help="What to download.")],
    folder: Annotated[
        Path | None,
        typer.Option("-d", "--directory", metavar="DIR", help="Where to. This folder if nothing is said."),
    ] = None,
    give_up_s: Annotated[
        float,
        typer.Option("--give-up", metavar="SECONDS", min=0, help="How long to try again without a byte arriving."),
    ] = 30.0,
    keep_open: Annotated[
        bool, typer.Option("--keep-open", help="Leave the files to be completed in the window.")
    ] = False,
    existing: Annotated[
        IfExisting,
        typer.Option(
            "--existing",
            help="What to do about a file of that name: number the new one, refuse it, or replace the old one.",
        ),
    ] = IfExisting.RENAME,
) -> None:
    """Download files and wait for them.

    Ends with 0 when all are complete, 1 when one failed, 2 when something given can't be used.
    """
    from domonitor import get as getting
    from domonitor.jobs.request import Existing

    if_existing = Existing[existing.name]
    raise typer.Exit(getting.main(urls, folder or Path.cwd(), give_up_s, keep_open=keep_open, existing=if_existing))


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
    """Show real downloads from a server of its own, some of them failing."""
    from domonitor.demo import play

    raise typer.Exit(play.main(screenshot, seconds, is_dark=dark))


@app.command()
def explain(
    code: Annotated[str, typer.Argument(metavar="CODE", help="0x80D02002, -2133843966, 404 or a name.")],
) -> None:
    """Say what an error code means and what to do."""
    from domonitor import explain as explaining

    raise typer.Exit(explaining.main(code))
