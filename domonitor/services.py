"""The download services of this computer, as window and commands reach them: the one place that chooses."""

from __future__ import annotations

import logging
import os
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from domonitor import policies
from domonitor import settings as settings_store
from domonitor.backends.interface import Backend
from domonitor.jobs.error import CallFailed
from domonitor.settings import NoProfile, Settings

if TYPE_CHECKING:
    from domonitor.backends.engine import EngineSettings, RemoteManager

_log = logging.getLogger(__name__)

ENDS_WITHIN_S = 10.0
LOOK_S = 0.02


def open_backends(
    *,
    in_process: bool = False,
    folder: Path | None = None,
    start_host: bool = True,
    chosen: Settings | None = None,
    stays: bool = True,
) -> list[Backend]:
    """The services, each still to be opened: the engine first, then those of the system that the policies show.

    in_process: the engine runs in this process. folder: the engine's, None for the user's own; with another one it is
    alone. start_host: whether an engine may be started; without that what no engine tells is read from its list.
    chosen: the user's settings, None for what is stored of them. The policies hold in either case.
    stays: whether callbacks are wanted: BITS calls one program back for each job, which should be one that stays.
    """
    systems_own = _of_the_system(stays=stays) if folder is None else []
    engine = _engine(folder, chosen, in_process=in_process, start_host=start_host)
    laid_down = policies.in_force()
    shown = [engine, *(service for service in systems_own if laid_down.shows(service.name))]
    where = Path(laid_down.settings["download_folder"]) if "download_folder" in laid_down.locked else None
    if where is None and laid_down.may_command_others:
        return shown
    from domonitor.backends.guarded import GuardedBackend

    may_command_others = laid_down.may_command_others
    guarded = [GuardedBackend(each, may_command_others=may_command_others, folder=where) for each in shown[1:]]
    return [GuardedBackend(engine, folder=where), *guarded]  # the engine has no jobs of others


def _engine(folder: Path | None, chosen: Settings | None, *, in_process: bool, start_host: bool) -> Backend:
    """See open_backends."""
    folder = engine_folder(folder)
    if in_process:
        from domonitor.backends.engine import EngineBackend

        return EngineBackend(folder, engine_settings(chosen))
    if start_host:
        from domonitor.backends.engine import HostBackend

        return HostBackend(folder, settings=engine_settings(chosen))
    from domonitor.backends.engine.looking import LookingBackend

    return LookingBackend(folder)


def put_in_force(backend: Backend, chosen: Settings) -> None:
    """Tells an open engine what of the settings is different now; other services take none. On the backend's thread.

    Raises CallFailed.
    """
    from domonitor.backends.engine.settings import TakesSettings
    from domonitor.backends.guarded import GuardedBackend

    service = backend.service if isinstance(backend, GuardedBackend) else backend
    if isinstance(service, TakesSettings):
        service.choose(engine_settings(chosen))


def to_watch() -> list[Backend]:
    """The services of the system alone, for who only watches them: each refuses whatever would change something."""
    return [service for service in _of_the_system(watches_only=True) if policies.in_force().shows(service.name)]


def _of_the_system(*, watches_only: bool = False, stays: bool = True) -> list[Backend]:
    """The services that this system brings along."""
    if os.name != "nt":
        return []
    from domonitor.backends.bits.backend import BitsBackend

    own_jobs = settings_store.data_folder() / "bits"
    return [BitsBackend(own_jobs, watches_only=watches_only, is_called_back=stays)]


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """Whether an engine works in the folder, in whose process (None where that can't be told), and that in words.

    is_shared: it is the one that windows and commands share, not one inside another program.
    """

    is_running: bool
    is_shared: bool
    process_id: int | None
    folder: Path
    message: str


def engine_status(folder: Path | None = None) -> EngineStatus:
    """Looks whether an engine works in the folder, None for the user's own. Starts nothing."""
    folder = engine_folder(folder)
    try:
        with closing(_host(folder)) as host:
            said = f"The download engine runs in process {host.client.process_id}, on {folder}."
            return EngineStatus(True, True, host.client.process_id, folder, said)
    except CallFailed:
        from domonitor.backends.engine.lock import holder

        is_held, process_id = holder(folder)
    if not is_held:
        return EngineStatus(False, False, None, folder, "The download engine is not running.")
    owner = "another program" if process_id is None else f"process {process_id}"
    said = f"The download engine runs inside {owner}, on {folder}, and is not shared."
    return EngineStatus(True, False, process_id, folder, said)


def stop_engine(folder: Path | None = None) -> EngineStatus:
    """Ends the shared engine and waits until it has let go of the folder. Its downloads go on when it next starts.

    Raises CallFailed where there is none.
    """
    folder = engine_folder(folder)
    with closing(_host(folder)) as host:
        process_id = host.client.process_id
        with suppress(CallFailed):  # it may end before it answers
            host.service.stop()
    from domonitor.backends.engine.lock import holder

    deadline_s = time.monotonic() + ENDS_WITHIN_S
    while holder(folder) == (True, process_id) and time.monotonic() < deadline_s:
        time.sleep(LOOK_S)
    return engine_status(folder)


def _host(folder: Path) -> RemoteManager:
    """The engine's host that runs. Raises CallFailed where none does."""
    from domonitor.backends.engine import RemoteManager

    return RemoteManager(folder, start=False)


def engine_folder(folder: Path | None = None) -> Path:
    """The folder, or where None the one of the user's own engine."""
    return settings_store.data_folder() / "engine" if folder is None else folder.absolute()


def _stored() -> Settings:
    """The user's settings; defaults for one who has no profile to keep any in."""
    try:
        return settings_store.load(settings_store.settings_file())
    except NoProfile:
        return Settings()


def engine_settings(chosen: Settings | None = None) -> EngineSettings:
    """What the user has chosen of the engine, None for what is stored of it. Where a policy holds, that counts."""
    from domonitor.backends.engine import EngineSettings, Proxy, ProxyKind

    chosen, _ = policies.applied(chosen or _stored())
    proxy = Proxy(ProxyKind.NONE if chosen.proxy == "none" else ProxyKind.ENVIRONMENT)
    if chosen.proxy not in ("", "none"):
        try:
            proxy = Proxy(ProxyKind.FIXED, chosen.proxy)
        except ValueError as error:
            _log.warning("the proxy of the settings is not used: %s", error)
    speed = chosen.speed_limit or None
    return EngineSettings(holds_off_sleep=chosen.holds_off_sleep, bytes_per_second=speed, proxy=proxy)
