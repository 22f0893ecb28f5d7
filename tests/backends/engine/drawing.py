"""What the state machine draws its commands from."""

from __future__ import annotations

from hypothesis import strategies as st

from domonitor.jobs.job import Priority
from domonitor.jobs.limit import JobLimits, Limits, Rule, Schedule
from tests.backends.engine.model import KINDS, LONG_DELAY_S

MOST_JOBS = 6
MOST_FILES = 5

kinds = st.sampled_from(KINDS)
jobs = st.integers(0, MOST_JOBS - 1)
places = st.integers(0, MOST_FILES - 1)

SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "priority": st.sampled_from(Priority),
        "display_name": st.sampled_from(["a name", "ü" * 256]),
        "description": st.sampled_from(["", "what it is", "d" * 1_024]),
        "minimum_retry_delay": st.sampled_from([0.0, 0.03, LONG_DELAY_S]),
        "no_progress_timeout": st.sampled_from([0.0, 5_000.0]),
        "auto_complete": st.booleans(),
    },
)

PAUSED = Schedule((Rule(frozenset(range(7)), 0, 24 * 60, 0),))

SPEEDS = st.sampled_from([None, 3_000_000, 20_000_000])
LIMITS = st.builds(Limits, SPEEDS, st.sampled_from([Schedule(), PAUSED]), st.sampled_from([None, 1, 3]))
JOB_LIMITS = st.builds(JobLimits, SPEEDS, st.sampled_from([1, 3]))
