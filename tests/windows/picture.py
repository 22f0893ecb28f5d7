"""Pictures of the real window on the system's own platform, with real downloads of every service that there is.

python -m tests.windows.picture FOLDER [scale] draws window-light.png and window-dark.png. Nothing is read from or
written to the user's own folders; the jobs in services of the system are cancelled at the end.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

SIZE = (1180, 860)
SETTLES_S = 1.0
OTHERS = ("/picture-5.jpg", "/forecast.json", "/letters.zip", "/lecture.mp4")
"""What services beside the engine fetch: the first one is not there, and the last one takes its time."""


async def draw(folder: Path, profile: Path) -> int:
    """Adds jobs to each service, waits until one of each kind is to be seen, and takes a picture of each theme."""
    from PySide6.QtGui import QAction

    from domonitor import services
    from domonitor.backends.engine import EngineBackend
    from domonitor.demo.jobs import CHOSEN, OFFERS, SETTINGS, new_jobs
    from domonitor.demo.origin import DemoOrigin
    from domonitor.jobs.change import HealthState
    from domonitor.jobs.request import NewFile, NewJob
    from domonitor.jobs.state import Command, JobState
    from domonitor.settings import Settings
    from tests.ui.gallery import failed
    from tests.ui.opened import opened, part, until

    with DemoOrigin(OFFERS) as origin:
        engine = EngineBackend(profile / "engine", SETTINGS)
        systems_own = services.open_backends(in_process=True, chosen=Settings())[1:]
        async with opened(engine, *systems_own, settings=Settings(str(profile)), is_grouped=True) as window:
            monitor = window.monitor

            def states(service: str) -> set[JobState]:
                return {job.state for job in monitor.jobs.values() if job.key.service == service}

            window.resize(*SIZE)
            await until(
                lambda: all(monitor.health(each).state is not HealthState.CONNECTING for each in monitor.services)
            )
            await monitor.add("engine", new_jobs(origin.url(""), profile))
            for backend in systems_own:
                target = profile / backend.name
                target.mkdir()
                files = {path: (NewFile(origin.url(path), str(target / path[1:])),) for path in OTHERS}
                new = [NewJob(f"{path[1:]} by {backend.name}", files[path], auto_complete=False) for path in OTHERS]
                refused = [each.message for each in await monitor.add(backend.name, new) if each.is_refused]
                assert not refused, refused
            for service in monitor.services:
                for state in (JobState.ERROR, JobState.TRANSFERRED, JobState.TRANSFERRING):
                    await until(lambda service=service, state=state: state in states(service))
            await failed(window, f"{OTHERS[0][1:]} by {systems_own[0].name}" if systems_own else CHOSEN)
            for theme in ("light", "dark"):
                part(window, QAction, f"{theme}ThemeAction").trigger()
                await asyncio.sleep(SETTLES_S)  # fading in, and the first figures of speed
                window.grab().save(str(folder / f"window-{theme}.png"))
                print(folder / f"window-{theme}.png")
            theirs = [job.key for job in monitor.jobs.values() if job.key.service != "engine"]
            await monitor.execute(Command.CANCEL, theirs)
    return 0


def main(arguments: list[str]) -> int:
    """Draws into the folder; the exit code."""
    folder = Path(arguments[0]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["QT_SCALE_FACTOR"] = arguments[1] if len(arguments) > 1 else "1"
    with tempfile.TemporaryDirectory(prefix="domonitor-picture-", ignore_cleanup_errors=True) as profile:
        for name in ("APPDATA", "LOCAL_APPDATA", "DOWNLOADS"):
            os.environ[f"WIN_PD_OVERRIDE_{name}"] = profile
        from domonitor import app

        return app.run(lambda: draw(folder, Path(profile)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
