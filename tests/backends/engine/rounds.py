"""Runs of the state machine, each told by its seed."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis
from hypothesis.stateful import run_state_machine_as_test

from tests.backends.engine.machine import EngineMachine

EXAMPLES_A_ROUND = 10
"""From the eleventh example on hypothesis mostly varies what it has had: then it is better to begin anew."""


def run_round(machine: Callable[[], EngineMachine], steps: int, seed: int, *, shrinks: bool) -> None:
    """A few examples, told by the seed alone. shrinks: looks for the smallest one that fails, which takes minutes."""
    phases = [hypothesis.Phase.generate]
    settings = hypothesis.settings(
        max_examples=EXAMPLES_A_ROUND,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=[*phases, hypothesis.Phase.shrink] if shrinks else phases,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    run_state_machine_as_test(hypothesis.seed(seed)(machine), settings=settings)
