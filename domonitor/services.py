"""The download services of this computer, as window and commands reach them: the one place that chooses."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from domonitor import settings as settings_store
from domonitor.backends.interface import Backend
from domonitor.settings import Settings

if TYPE_CHECKING:
    from domonitor.backends.engine import EngineSettings

_log = logging.getLogger(__name__)


def open_backends(*, in_process: bool = False, folder: Path | None = None, start_host: bool = True) -> list[Backend]:
    """The services, each still to be opened.

    in_process: the engine runs in this process. folder: the engine's, None for the user's own. start_host: whether an
    engine's host may be started.
    """
    chosen = engine_settings()
    if in_process:
        from domonitor.backends.engine import EngineBackend

        return [EngineBackend(engine_folder(folder), chosen)]
    from domonitor.backends.engine import HostBackend

    return [HostBackend(engine_folder(folder), start=start_host, settings=chosen)]


def engine_folder(folder: Path | None = None) -> Path:
    """The folder, or where None the one of the user's own engine."""
    return settings_store.data_folder() / "engine" if folder is None else folder.absolute()


def engine_settings(chosen: Settings | None = None) -> EngineSettings:
    """What the user has chosen of the engine, None for what is stored of it."""
    from domonitor.backends.engine import EngineSettings, Proxy, ProxyKind

    chosen = chosen or settings_store.load(settings_store.settings_file())
    proxy = Proxy(ProxyKind.NONE if chosen.proxy == "none" else ProxyKind.ENVIRONMENT)
    if chosen.proxy not in ("", "none"):
        try:
            proxy = Proxy(ProxyKind.FIXED, chosen.proxy)
        except ValueError as error:
            _log.warning("the proxy of the settings is not used: %s", error)
    return EngineSettings(holds_off_sleep=chosen.holds_off_sleep, proxy=proxy)
