"""engine status, engine stop: the process that downloads."""

from __future__ import annotations

import typer

from domonitor import services
from domonitor.commands import options, terminal
from domonitor.commands.answers import EngineAnswer
from domonitor.commands.ending import Exit, Stop


def status(ctx: typer.Context, as_json: options.Json = False) -> None:
    """Say whether the download engine runs, and where. Ends with 3 where it does not."""
    found = services.engine_status(ctx.obj.folder)
    _tell(found, as_json=as_json)
    if not found.is_running:
        raise Stop(Exit.NOT_REACHABLE)


def stop(ctx: typer.Context, dry_run: options.DryRun = False, as_json: options.Json = False) -> None:
    """End the download engine. Its downloads go on when it is next started."""
    found = services.engine_status(ctx.obj.folder)
    if found.is_running and not found.is_shared:
        raise Stop(Exit.REFUSED, f"{found.message} Close that program.")
    if found.is_running and not dry_run:
        found = services.stop_engine(ctx.obj.folder)
        if found.is_running:
            raise Stop(Exit.REFUSED, f"{found.message} It has not ended in time. Try again.")
    _tell(found, as_json=as_json)


def _tell(found: services.EngineStatus, *, as_json: bool) -> None:
    if as_json:
        terminal.write_json(EngineAnswer(found.is_running, found.process_id, str(found.folder), found.message))
    else:
        terminal.write(found.message)
