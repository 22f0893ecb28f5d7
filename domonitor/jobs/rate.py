"""Speed and remaining time from samples of a byte count."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

WINDOW_S = 5.0


class RateMeter:
    """Watches one byte count. Times are seconds of any monotonic clock."""

    __slots__ = ("_samples",)

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, now_s: float, done_bytes: int) -> None:
        """Takes a sample. A count that went back (the file started again) starts the measurement again."""
        samples = self._samples
        if samples and done_bytes < samples[-1][1]:
            samples.clear()
        samples.append((now_s, done_bytes))
        # The sample before the window stays: it says what the count was when the window began.
        while len(samples) > 2 and samples[1][0] <= now_s - WINDOW_S:
            samples.popleft()

    def clear(self) -> None:
        """Forgets all samples: the job no longer transfers."""
        self._samples.clear()

    def bytes_per_s(self, now_s: float) -> float | None:
        """Bytes per second over the last 5 s; None before two samples."""
        samples = self._samples
        if len(samples) < 2:
            return None
        window_start_s = now_s - WINDOW_S
        if samples[-1][0] <= window_start_s:
            return 0.0
        earlier, later = next(pair for pair in pairwise(samples) if pair[1][0] > window_start_s)
        first_s, first_bytes = float(earlier[0]), float(earlier[1])
        if first_s < window_start_s:
            # The window begins between two samples; what came there is taken as spread evenly.
            first_bytes += (later[1] - first_bytes) * (window_start_s - first_s) / (later[0] - first_s)
            first_s = window_start_s
        elapsed_s = now_s - first_s
        if elapsed_s <= 0:
            return None
        return (samples[-1][1] - first_bytes) / elapsed_s


def remaining_s(bytes_left: int | None, bytes_per_s: float | None) -> float | None:
    """Seconds until the rest has arrived at this speed; None where that can't be said."""
    if bytes_left is None or not bytes_per_s or bytes_per_s < 1:
        return None
    return bytes_left / bytes_per_s
