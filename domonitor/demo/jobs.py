"""The jobs of the demonstration: every state worth seeing, within fifteen seconds."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from domonitor.backends.engine import EngineSettings
from domonitor.demo.origin import Offer
from domonitor.jobs.job import Priority
from domonitor.jobs.request import NewFile, NewJob
from domonitor.jobs.state import Command

MB = 1_000_000

SETTINGS = EngineSettings(slots=1, retry_delay_s=8.0, retry_delay_max_s=30.0)

CHOSEN = "Holiday pictures"
"""The job whose error panel is shown."""

OFFERS = {
    "/forecast.json": Offer(300_000),
    "/letters.zip": Offer(18 * MB),
    "/installer.iso": Offer(640 * MB, bytes_per_s=8 * MB),
    "/lecture.mp4": Offer(90 * MB, bytes_per_s=9 * MB),
    "/picture-1.jpg": Offer(4 * MB, bytes_per_s=4 * MB),
    "/picture-2.jpg": Offer(6 * MB, bytes_per_s=4 * MB),
    "/picture-3.jpg": Offer(5 * MB, bytes_per_s=4 * MB),
    "/picture-4.jpg": Offer(3 * MB, bytes_per_s=4 * MB),
    "/picture-5.jpg": Offer(status=404, delay_s=4.0),
    "/handbook.pdf": Offer(status=403),
    "/busy.bin": Offer(status=503, retry_after_s=90),
    "/mirror.bin": Offer(50 * MB, delay_s=40.0),
    "/club.zip": Offer(200 * MB, bytes_per_s=20 * MB),
    "/podcast.mp3": Offer(42 * MB, bytes_per_s=4 * MB, cut_at=17 * MB),
    "/radio.ogg": Offer(300 * MB, bytes_per_s=600_000, has_length=False),
    "/newsletter.pdf": Offer(30 * MB, bytes_per_s=1 * MB),
    "/europe.map": Offer(48 * MB, bytes_per_s=24 * MB),
}


@dataclass(frozen=True, slots=True)
class Scene:
    """A command that the demonstration gives by itself, so many seconds after its start."""

    after_s: float
    command: Command
    display_name: str


SCENES = (Scene(6.0, Command.SUSPEND, "Video lecture"), Scene(8.0, Command.CANCEL, "Newsletter"))


def new_jobs(base_url: str, folder: Path) -> Sequence[NewJob]:
    """About a dozen jobs of the origin at base_url, and of two servers that are not there.

    The mirror holds the one slot of background jobs, so the photos wait for their turn.
    """

    def job(name: str, *urls: str, priority: Priority = Priority.FOREGROUND, auto_complete: bool = True) -> NewJob:
        files = tuple(
            NewFile(url if "://" in url else base_url + url, str(folder / url.rpartition("/")[2])) for url in urls
        )
        return NewJob(name, files, priority, auto_complete)

    return (
        job("Weather forecast", "/forecast.json"),
        job("Newsletter", "/newsletter.pdf"),
        job("Letters, to be looked at first", "/letters.zip", auto_complete=False),
        job("System installer", "/installer.iso"),
        job("Video lecture", "/lecture.mp4"),
        job(CHOSEN, *(f"/picture-{number}.jpg" for number in range(1, 6))),
        job("Employee handbook", "/handbook.pdf"),
        job("Firmware from an old address", "http://firmware.example.invalid/router.bin"),
        job("Backup of the office", f"http://127.0.0.1:{_closed_port()}/backup.tar"),
        job("Sound library", "/busy.bin"),
        job("Mirror far away", "/mirror.bin", priority=Priority.NORMAL),
        job("Photos of the club", "/club.zip", priority=Priority.LOW),
        job("Podcast, episode 12", "/podcast.mp3"),
        job("Radio recording", "/radio.ogg"),
        job("Map of Europe", "/europe.map"),
    )


def _closed_port() -> int:
    """A port of this computer at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
