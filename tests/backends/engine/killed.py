"""A process that downloads until all its jobs are gone, or it is killed.

    python -m tests.backends.engine.killed FOLDER URL…

Jobs that an earlier process left go on by themselves; the addresses are added to them.
"""

from __future__ import annotations

import sys
import threading
from dataclasses import replace
from pathlib import Path

from domonitor.backends.engine import EngineManager
from domonitor.jobs.request import NewFile, NewJob
from tests.backends.engine.conftest import QUICK


def main(folder: Path, urls: list[str]) -> None:
    manager = EngineManager(folder / "engine", replace(QUICK, slots=8))
    answers = manager.add_many(
        [NewJob(url, (NewFile(url, str(folder / "downloads" / f"{at}.bin")),)) for at, url in enumerate(urls)]
    )
    assert not any(isinstance(answer, Exception) for answer in answers), answers
    changed = threading.Event()
    manager.add_reader(changed.set)
    while manager.enum_jobs():
        changed.wait()
        changed.clear()
    manager.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
