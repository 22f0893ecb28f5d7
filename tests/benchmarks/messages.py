"""Random messages for a host, most of them nonsense: whether its memory stays flat and others wait for nothing.

    python -m tests.benchmarks.messages [--messages 1000000] [--parts 10] [--seed N]

Meanwhile a well-behaved client makes a job, looks at it and ends it, four times a second. After each part all jobs are
ended and forgotten; then it prints the memory that is the host's alone, its threads and open files, how many messages
were answered and how many connections the host has ended for nonsense, and how long that client waited for its
answers. Ends with the host's log where it has met a bug. Linux only.
"""

from __future__ import annotations

import argparse
import secrets
import statistics
import tempfile
import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Client, Connection
from pathlib import Path

from domonitor.backends.engine import EngineSettings, RemoteManager
from domonitor.backends.engine.connection import prove
from domonitor.backends.engine.greeting import introduce
from domonitor.backends.engine.meeting import meeting_of
from tests.backends.engine.hosting import HostProcess, host_on
from tests.backends.engine.nonsense import Talker
from tests.benchmarks.host import memory_of

PAUSE_S = 0.25


def acquaintance(host: HostProcess) -> Connection:
    """A connection of one who knows the key and was let in."""
    meeting = meeting_of(host.folder)
    connection = Client(meeting.address)
    prove(connection, meeting.read_key(), is_host=False)
    introduce(connection)
    return connection


class Neighbour:
    """The well-behaved client. waited_s: for each answer."""

    def __init__(self, manager: RemoteManager) -> None:
        self._manager = manager
        self._is_over = threading.Event()
        self.waited_s: list[float] = []
        self._thread = threading.Thread(target=self._live)
        self._thread.start()

    def close(self) -> None:
        self._is_over.set()
        self._thread.join()

    def _live(self) -> None:
        while not self._is_over.wait(PAUSE_S):
            began_s = time.perf_counter()
            job = self._manager.create_job("a neighbour's")
            self._note(began_s)
            began_s = time.perf_counter()
            job.get_state()
            self._note(began_s)
            job.cancel()

    def _note(self, began_s: float) -> None:
        self.waited_s.append(time.perf_counter() - began_s)


def tidy(manager: RemoteManager) -> int:
    """Ends and forgets all jobs; how many there were."""
    jobs = manager.enum_jobs()
    for job in jobs:
        job.cancel()
    manager.service.prune(datetime.now(UTC) + timedelta(days=1))
    return len(jobs)


def counted(process_id: int, what: str) -> int:
    return len(list(Path(f"/proc/{process_id}/{what}").iterdir()))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--messages", type=int, default=1_000_000)
    arguments.add_argument("--parts", type=int, default=10)
    arguments.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    chosen = arguments.parse_args()
    print(f"seed {chosen.seed}")
    with tempfile.TemporaryDirectory() as folder, host_on(Path(folder), EngineSettings()) as host:
        with closing(host.connect()) as manager, closing(Neighbour(manager)) as neighbour:
            talker = Talker(lambda: acquaintance(host), chosen.seed)
            for part in range(chosen.parts):
                talker.say(chosen.messages // chosen.parts)
                jobs = tidy(manager)
                waited, neighbour.waited_s = sorted(neighbour.waited_s), []
                print(
                    f"{(part + 1) * (chosen.messages // chosen.parts):,} messages: "
                    f"{memory_of(host.process.pid).own / 1e6:.1f} MB, {counted(host.process.pid, 'task')} threads, "
                    f"{counted(host.process.pid, 'fd')} open files; {talker.answers:,} answers, {talker.ends:,} ends, "
                    f"{jobs:,} jobs; the neighbour waited {statistics.median(waited) * 1e3:.1f} ms in the middle, "
                    f"{waited[-1] * 1e3:.0f} ms at most",
                    flush=True,
                )
        assert host.end() == 0, host.errors
        assert " ERROR " not in host.log(), f"the host met a bug:\n{host.log()[:10_000]}"


if __name__ == "__main__":
    main()
