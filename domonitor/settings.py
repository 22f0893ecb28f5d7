"""What the user has chosen, and where things lie."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from domonitor.jobs.error import DomonitorError, InvalidInput
from domonitor.jobs.limit import check_speed
from domonitor.jobs.request import Existing

_log = logging.getLogger(__name__)

_PROXY = r"(https?|socks5h?)://([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?/?"
"""No login: a secret has no place in a file of settings."""

LOG_LEVELS = ("debug", "info", "warning", "error")
"""From everything to failures alone."""

PORTABLE = "portable.txt"
"""A file of that name beside the Windows program keeps what it writes beside it too, in the folder "data"."""

_DIRS = platformdirs.PlatformDirs("domonitor", appauthor=False)


class NoProfile(DomonitorError, RuntimeError):
    """This user has no folder of his own, as some that services run under."""

    def __init__(self) -> None:
        super().__init__("This user has no home folder. Set HOME to one, or name the engine's with --engine-folder.")


def _of_user(kind: str) -> Path:
    """One of the user's folders, by platformdirs' name. Raises NoProfile."""
    if kind != "user_downloads_dir" and (portable := _portable_folder()) is not None:
        return portable
    try:
        return Path(getattr(_DIRS, kind))
    except RuntimeError:
        raise NoProfile from None


def _portable_folder() -> Path | None:
    """Where a portable copy of the program keeps everything, None for one that is installed."""
    program = Path(sys.executable).parent
    if getattr(sys, "frozen", False) and (program / PORTABLE).is_file():
        return program / "data"
    return None


def data_folder() -> Path:
    """Where the engine keeps its store. Not created here. Raises NoProfile, as the others do."""
    return _of_user("user_data_dir")


def history_file() -> Path:
    """Where the history lies. Not created here."""
    return data_folder() / "history.sqlite"


def settings_file() -> Path:
    """Where the settings lie. Not created here."""
    return _of_user("user_config_dir") / "settings.json"


def log_folder() -> Path:
    """Where the logs lie. Not created here."""
    return _of_user("user_log_dir")


class Theme(StrEnum):
    """How the window looks."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class Settings:
    """One set of choices; every field has a good default.

    download_folder: where added downloads go, "" for the system's download folder.
    auto_complete: whether added downloads get their final names by themselves.
    theme: one of Theme. window: size and layout of the main window as Qt wrote them, in base64.
    columns: those of the list, and what it is sorted by, "" for the first ones. folded: the list's folded groups.
    existing: what is done where there is a file of an added download's name: one of Existing, in small letters.
    holds_off_sleep: whether the computer is kept from sleeping while files of foreground jobs are being fetched.
    proxy: "" as the environment says, "none", or an address such as http://proxy.example:3128, without a login.
    log_level: what is worth a line in the logs: one of LOG_LEVELS.
    tray: whether an icon stands in the notification area, where a closed window goes. autostart: whether the program
    starts by itself when the user logs in.
    speed_limit: bytes a second of all downloads together, 0 for no limit.
    """

    download_folder: str = ""
    auto_complete: bool = True
    theme: str = Theme.SYSTEM.value
    window: str = ""
    columns: str = ""
    folded: str = ""
    existing: str = "rename"
    holds_off_sleep: bool = True
    proxy: str = ""
    log_level: str = "info"
    tray: bool = False
    autostart: bool = False
    speed_limit: int = 0

    def folder(self) -> Path:
        """The download folder as a path. Raises NoProfile."""
        return Path(self.download_folder) if self.download_folder else _of_user("user_downloads_dir")

    def if_existing(self) -> Existing:
        """What is done where there is a file of an added download's name."""
        return Existing[self.existing.upper()]


def load(path: Path) -> Settings:
    """The settings in the file; defaults where it is missing, and for each value that can't be used."""
    try:
        saved = _read(path)
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        _log.warning("the settings in %s can't be read, the defaults are used: %s", path, error)
        return Settings()
    usable: dict[str, Any] = {}
    for field in fields(Settings):
        value = saved.get(field.name)
        if type(value) is type(field.default) and is_valid(field.name, value):
            usable[field.name] = value
    return Settings(**usable)


def save(settings: Settings, path: Path) -> None:
    """Writes the settings whole or not at all; a file that can't be read is kept as *.damaged. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        written.write_text(json.dumps(asdict(settings), indent=2) + "\n", encoding="utf-8")
        _keep_damaged(path)
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any]:
    """What the file holds. Raises OSError, or ValueError where it holds no settings."""
    saved = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(saved, dict):
        return saved
    raise ValueError("it does not hold a JSON object")


def _keep_damaged(path: Path) -> None:
    try:
        _read(path)
    except FileNotFoundError:
        pass
    except (OSError, ValueError):
        path.replace(path.with_name(f"{path.name}.damaged"))


def is_valid(name: str, value: Any) -> bool:
    """Whether a value of the right type can be that setting."""
    match name:
        case "theme":
            return value in set(Theme)
        case "existing":
            return value in {each.name.lower() for each in Existing}
        case "proxy":
            return value in ("", "none") or _is_proxy(value)
        case "log_level":
            return value in LOG_LEVELS
        case "download_folder":
            return value == "" or Path(value).is_absolute()
        case "speed_limit":
            return value == 0 or _is_speed(value)
        case _:
            return True


def _is_speed(bytes_per_second: int) -> bool:
    try:
        check_speed(bytes_per_second)
    except InvalidInput:
        return False
    return True


def _is_proxy(address: str) -> bool:
    try:
        return re.fullmatch(_PROXY, address) is not None and urlsplit(address).port != 0
    except ValueError:  # no port, or no address of a host
        return False
