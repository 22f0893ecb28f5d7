"""What the Windows installer asks of the installed program; for it alone.

    domonitor.exe installer make-way [--all-users]: ends all that runs out of this program's folder, politely first
    domonitor.exe installer go-on: starts the engine again
    domonitor.exe installer add-to-path | remove-from-path [--all-users]: this folder in the PATH of user or computer

make-way prints "window" or "engine" for what this user had running, so that it can be started again. Exit codes: 0
done, 4 something could not be ended.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from domonitor import services
from domonitor.backends.engine.meeting import window_place
from domonitor.jobs.error import DomonitorError

DONE, WRONG_USE, REFUSED = 0, 2, 4

ALL_USERS = "--all-users"

LEAVES_WITHIN_S = 8.0
"""How long windows have to save what they save at their end."""

LOOK_S = 0.05


def main(arguments: Sequence[str]) -> int:
    """Does what the installer asks for; the exit code."""
    asked = [each for each in arguments if each != ALL_USERS]
    if sys.platform == "win32" and len(asked) == 1 and asked[0] in _WORK:
        return _WORK[asked[0]](ALL_USERS in arguments)
    return WRONG_USE


if sys.platform == "win32":
    from domonitor.windows import processes, search_path

    def make_way(all_users: bool) -> int:
        """Ends windows, then commands, then engines; whoever does not hear is ended like by a power cut of its own.

        Windows save at their end, and engines make everything durable. A command holds nothing, and would start an
        engine anew. What had to be ended loses nothing that was promised: see README, What is promised.
        """
        program = Path(sys.executable).parent
        folders = [*_engine_folders(all_users)]
        ended = []
        if _close_window(folders[0] if folders else None):
            ended.append("window")
        _wait(lambda: not processes.running(program, ("domonitor-gui.exe",)))
        engines = set()
        for folder in folders:
            with _as_seen_by_owner(folder), suppress(DomonitorError, OSError):
                status = services.engine_status(folder)
                if status.is_shared and status.process_id is not None:
                    engines.add(status.process_id)
        for process in set(processes.running(program)) - engines:
            processes.end(process)
        for folder in folders:
            with _as_seen_by_owner(folder), suppress(DomonitorError, OSError):
                services.stop_engine(folder)
                if folder == folders[0]:
                    ended.append("engine")
        _wait(lambda: not processes.running(program))
        for process in processes.running(program):
            processes.end(process)
        sys.stdout.write(" ".join(ended) + "\n")
        return DONE if _wait(lambda: not processes.running(program)) else REFUSED

    def _wait(condition: Callable[[], bool]) -> bool:
        """Whether it came true within LEAVES_WITHIN_S."""
        until_s = time.monotonic() + LEAVES_WITHIN_S
        while not condition():
            if time.monotonic() > until_s:
                return False
            time.sleep(LOOK_S)
        return True

    def _engine_folders(all_users: bool) -> Iterator[Path]:
        """Those of engines that may run: this user's own, then for an administrator the other users'."""
        own = services.engine_folder()
        yield own
        for profile in processes.profiles() if all_users else ():
            folder = profile / "AppData" / "Local" / "domonitor" / "engine"
            with suppress(OSError):
                if folder.is_dir() and folder != own:
                    yield folder

    @contextmanager
    def _as_seen_by_owner(engine_folder: Path) -> Iterator[None]:
        """Within it the keys of engines are looked for where the folder's owner has them."""
        before = os.environ["LOCALAPPDATA"]
        if engine_folder != services.engine_folder():
            os.environ["LOCALAPPDATA"] = str(engine_folder.parent.parent)
        try:
            yield
        finally:
            os.environ["LOCALAPPDATA"] = before

    def _close_window(engine_folder: Path | None) -> bool:
        """Asks this user's window to end; whether there was one."""
        if engine_folder is None:
            return False
        try:
            own = window_place(engine_folder)
        except (DomonitorError, OSError):
            return False
        asked = False
        # An administrator's installer is to end the window without such rights as well.
        for place in {own, f"{own.rpartition('-')[0]}-user"}:
            with suppress(OSError), open(place, "r+b", buffering=0) as window:
                window.write(json.dumps({"end": True}).encode() + b"\n")
                asked = window.read(16) == b"taken\n" or asked
        return asked

    def go_on(_: bool) -> int:
        """Starts this user's engine, which continues its downloads and ends by itself."""
        from domonitor.backends.engine import RemoteManager

        try:
            RemoteManager(services.engine_folder(), settings=services.engine_settings()).close()
        except DomonitorError:
            return REFUSED
        return DONE

    _WORK = {
        "make-way": make_way,
        "go-on": go_on,
        "add-to-path": search_path.add,
        "remove-from-path": search_path.remove,
    }
