"""What a program may choose about the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Protocol, runtime_checkable

from domonitor import __version__
from domonitor.backends.engine.proxies import Proxy


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """One set of choices; every field has a good default. Times in seconds.

    slots: how many background jobs transfer at once, where the limits say nothing; foreground jobs take none.
    slice_s: so long a background job transfers before it makes room for one of equal priority that waits.
    files_at_once: how many files of one job are under way at once.
    connections, connections_per_host: how many files are under way at once in all, and from one host.
    retry_delay_s: the first pause after a failure that may pass; it doubles up to retry_delay_max_s.
    no_progress_foreground_s, no_progress_background_s: without a byte for so long, a job that retries gives up.
    connect_timeout_s, stall_timeout_s: how long a connection may take, and how long it may stay silent.
    modification_interval_s: at most one modification callback a job in that time.
    job_age_s: a job that nothing has happened to for so long is removed. history_age_s: what is known of an ended job
    is forgotten after that.
    holds_off_sleep: whether the computer is kept from sleeping while files of foreground jobs are being fetched.
    time_zone: that of the weekly schedule, None for the computer's own.
    bytes_per_second: all downloads together are never faster, whatever the limits say; None for no such bound.
    proxy: what the transfers go through until set_proxy says something else. watches_network: whether the engine
    notices by itself that the network has changed, where the system tells it; otherwise network_changed has to.
    """

    slots: int = 8
    slice_s: float = 300.0
    files_at_once: int = 16
    connections: int = 256
    connections_per_host: int = 16
    retry_delay_s: float = 5.0
    retry_delay_max_s: float = 600.0
    no_progress_foreground_s: float = 3_600.0
    no_progress_background_s: float = 86_400.0
    connect_timeout_s: float = 30.0
    stall_timeout_s: float = 60.0
    modification_interval_s: float = 0.5
    job_age_s: float = 30 * 86_400.0
    history_age_s: float = 90 * 86_400.0
    holds_off_sleep: bool = True
    bytes_per_second: int | None = None
    time_zone: tzinfo | None = None
    proxy: Proxy = field(default_factory=Proxy)
    watches_network: bool = True
    user_agent: str = f"domonitor/{__version__}"


@runtime_checkable
class TakesSettings(Protocol):
    """An engine's service that can be told of other settings while it is open; it is called on its own thread."""

    def choose(self, settings: EngineSettings) -> None:
        """What can be changed while the engine runs holds from now on; see EngineManager.set_settings."""
