"""The machine of tests.backends.engine.machine at length, with an engine in a process that is killed now and then.

    python -m tests.benchmarks.machine [--examples 2000] [--steps 50] [--seed N]

A restart is a process that ends well, a crash is kill -9, also while a call is under way. Prints what it did; ends
with the smallest example that it found where something disagrees.
"""

from __future__ import annotations

import argparse
import secrets
import time

from hypothesis import strategies as st
from hypothesis.stateful import rule

from domonitor.jobs.state import JobState
from tests.backends.engine.agreement import Counts
from tests.backends.engine.drawing import jobs, kinds
from tests.backends.engine.in_a_process import EngineInAProcess
from tests.backends.engine.machine import EngineMachine
from tests.backends.engine.rounds import run_round


class KilledMachine(EngineMachine):
    """The machine whose engine can be killed. A job whose command nobody answered may be as it was before, or after."""

    engine: EngineInAProcess

    @rule(
        which=jobs,
        command=st.sampled_from(["", "resume", "suspend", "cancel", "complete"]),
        after_s=st.sampled_from([0.0, 0.0003, 0.001, 0.003, 0.01, 0.03]),
    )
    def crash(self, which: int, command: str, after_s: float) -> None:
        """With a call under way, whose answer nobody hears any more, or without one."""
        if command:
            job = self._job(which)
            self._time_passes()
            before = job.possible
            self.engine.begin(job.handle, command)
            called = {"resume": job.resumed, "suspend": job.suspended, "cancel": job.cancelled}
            called.get(command, job.completed)()
            if command == "complete" and job.is_obstructed and JobState.TRANSFERRED in before:
                job.possible |= {JobState.ERROR}
            job.possible |= before
        self._crash(after_s)

    @rule(which=jobs, kind=kinds, after_s=st.sampled_from([0.0, 0.0, 0.001, 0.01]))
    def crash_behind_an_answer(self, which: int, kind: str, after_s: float) -> None:
        """What was answered must have survived."""
        job = self._job(which)
        self._add_file(job, kind)
        self._resume(job)
        self._crash(after_s)

    def _crash(self, after_s: float) -> None:
        time.sleep(after_s)
        self.engine.kill()
        self.counts.crashes += 1
        self._start_anew()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--examples", type=int, default=2_000)
    arguments.add_argument("--steps", type=int, default=50)
    arguments.add_argument("--seed", type=int, default=secrets.randbelow(1 << 32))
    chosen = arguments.parse_args()
    counts = Counts()
    started_s = time.monotonic()
    seed = chosen.seed
    try:
        while counts.examples < chosen.examples:
            run_round(lambda: KilledMachine(EngineInAProcess, counts), chosen.steps, seed, shrinks=True)
            seed += 1
    finally:
        # A round that failed can be repeated by the seed that it reached, with --examples 1.
        print(f"seed {chosen.seed}, reached {seed}: {counts}, {time.monotonic() - started_s:.0f} s")


if __name__ == "__main__":
    main()
