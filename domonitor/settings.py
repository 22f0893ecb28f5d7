"""What the user has chosen, and where things lie."""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from pathlib import Path

import platformdirs

_log = logging.getLogger(__name__)

_DIRS = platformdirs.PlatformDirs("domonitor", appauthor=False)


def data_folder() -> Path:
    """Where the engine keeps its store. Not created here."""
    return Path(_DIRS.user_data_dir)


def settings_file() -> Path:
    """Where the settings lie. Not created here."""
    return Path(_DIRS.user_config_dir) / "settings.json"


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
    """

    download_folder: str = ""
    auto_complete: bool = True
    theme: str = Theme.SYSTEM.value
    window: str = ""

    def folder(self) -> Path:
        """The download folder as a path."""
        return Path(self.download_folder or platformdirs.user_downloads_dir())


def load(path: Path) -> Settings:
    """The settings in the file; defaults where it is missing, and for each value that can't be used."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(saved, dict):
            raise ValueError("not an object")  # noqa: TRY004  # handled below like any other damage
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError) as error:
        _log.warning("settings at %s can't be read and are left alone: %s", path, error)
        return Settings()
    settings = Settings()
    for field in fields(Settings):
        value = saved.get(field.name, getattr(settings, field.name))
        if type(value) is type(getattr(settings, field.name)) and _is_valid(field.name, value):
            settings = replace(settings, **{field.name: value})
    return settings


def save(settings: Settings, path: Path) -> None:
    """Writes the settings whole or not at all. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f"{path.name}.{os.getpid()}.new")
    written.write_text(json.dumps(asdict(settings), indent=2) + "\n", encoding="utf-8")
    written.replace(path)


def _is_valid(name: str, value: object) -> bool:
    return name != "theme" or value in set(Theme)
