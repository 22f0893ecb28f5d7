"""Folders and files: where downloads go, the list of them, the engine's, settings, policies and logs."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from domonitor import logs as log_files
from domonitor import policies, settings
from domonitor.doctor.finding import IMPORTING, Finding, ok, problem, warning
from domonitor.jobs import size
from domonitor.settings import NoProfile, Settings

LITTLE_BYTES = 1 << 30

_TELL = "Your administrator has laid down this folder: ask for it, and for the right to write there."
_CHOOSE = "Choose another download folder in the window, or make this one and see to it that you may write there."


def downloads(_: Path | None) -> Finding:
    """Whether downloads can be saved."""
    with IMPORTING:
        from domonitor.backends.engine import volumes

    stored = Settings() if (path := place(settings.settings_file)) is None else settings.load(path)
    chosen, locked = policies.applied(stored)
    folder = place(chosen.folder)
    if folder is None:
        return warning("There is no user profile, and so no download folder.", "Name a folder with -d.")
    remedy = _TELL if "download_folder" in locked else _CHOOSE
    if not folder.is_dir():
        if chosen.download_folder:
            return problem(f"{folder} is not there.", remedy)
        return warning(f"{folder} is not there.", f"{_CHOOSE} Commands take a folder with -d.")
    trial = folder / f".domonitor-doctor-{secrets.token_hex(6)}"
    try:
        os.close(os.open(trial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        trial.unlink()
    except OSError as error:
        return problem(f"{folder} can't be written: {error.strerror}.", remedy)
    free_bytes = shutil.disk_usage(folder).free
    said = f"{folder}, {size.in_words(free_bytes)} free"
    if kind := volumes.network_file_system(folder):
        said += f", on another computer: {kind}"
    if free_bytes < LITTLE_BYTES:
        return warning(f"{said}.", "Make room on this disk, or choose another download folder.")
    return ok(f"{said}.")


def store(engine_folder: Path | None) -> Finding:
    """Whether the list of downloads is sound. It is read, and nothing more."""
    with IMPORTING:
        from domonitor.backends.engine import lock, store_look, volumes

    if engine_folder is None:
        return warning("There is no user profile, and so no place for the list.", "Set HOME to a folder.")
    if kind := volumes.network_file_system(engine_folder):
        return problem(
            f"{engine_folder} lies on another computer: {kind}. The list can't be kept there.",
            "Keep it on a disk of this computer: set XDG_DATA_HOME to a folder there.",
        )
    if obstacle := _unwritable(engine_folder):
        return obstacle
    try:
        seen = store_look.look(engine_folder)
    except OSError as error:
        return problem(f"{engine_folder} can't be read: {error.strerror}.", "See to it that you may read and write it.")
    if seen is None:
        return ok(f"There is none yet in {engine_folder}.")
    is_held, process_id = lock.holder(engine_folder)
    if seen.is_newer:
        return problem(
            f"The list in {engine_folder} was written by a newer domonitor.",
            "Install that version or a later one again.",
        )
    if seen.problem:
        return problem(
            f"The list in {engine_folder} is damaged: {seen.problem}.",
            "Check the disk. The next start keeps it aside and begins a new list; what has arrived stays where it is.",
        )
    said = f"{seen.jobs} downloads, {size.in_words(seen.size_bytes)}, version {seen.version}, in {engine_folder}"
    owner = "another program" if process_id is None else f"process {process_id}"
    return ok(f"{said}; in use by {owner}." if is_held else f"{said}.")


def engine(engine_folder: Path | None) -> Finding:
    """Whether window and commands can meet the engine, and nobody else can."""
    with IMPORTING:
        from domonitor.backends.engine import lock

    if engine_folder is not None and (obstacle := _open_to_others(engine_folder)):
        return obstacle
    is_held, process_id = (False, None) if engine_folder is None else lock.holder(engine_folder)
    said = "It is not running"
    if is_held:
        said = f"It runs in {'another program' if process_id is None else f'process {process_id}'}"
    if sys.platform == "win32":
        return ok(f"{said}. It is met at a named pipe.")
    with IMPORTING:
        from domonitor.backends.engine.meeting import private_folders
    tried = list(private_folders())
    met = next(filter(_is_or_can_be_ours_alone, tried), None)
    if met is None:
        return problem(
            f"{said}. Window and commands can't meet it: neither {' nor '.join(map(str, tried))} is this user's alone.",
            "Delete these folders, or take others' rights away: chmod 700",
        )
    return ok(f"{said}. It is met in {met}.")


def _open_to_others(engine_folder: Path) -> Finding | None:
    """Why the engine's folder is not this user's alone to write to."""
    if sys.platform == "win32" or not engine_folder.exists():
        return None
    found = engine_folder.stat()
    if found.st_uid != os.geteuid() and os.geteuid() != 0:
        return problem(
            f"{engine_folder} belongs to another user.", f"Run as that user, or: chown -R $USER {engine_folder}"
        )
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return problem(
            f"Other users may write to {engine_folder}: they could change the list of downloads.",
            f"Take that right away: chmod go-w {engine_folder}",
        )
    return None


def _is_or_can_be_ours_alone(folder: Path) -> bool:
    """Whether nobody else can enter the folder, or it can be made like that. Nothing is made."""
    if sys.platform == "win32":
        return True
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return os.access(folder.parent, os.W_OK | os.X_OK)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


def settings_file(_: Path | None) -> Finding:
    """Whether the settings can be read, all of them."""
    path = place(settings.settings_file)
    if path is None:
        return ok("The defaults, as there is no user profile.")
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ok(f"The defaults; {path} is not there.")
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else "it holds no JSON"
        return problem(
            f"{path} can't be read ({said}), so the defaults are used.",
            "Choose your settings again in the window; the old file is kept as *.damaged.",
        )
    used = asdict(settings.load(path))
    known = {name: value for name, value in saved.items() if name in used} if isinstance(saved, dict) else {}
    if refused := [name for name, value in known.items() if value != used[name]]:
        return warning(
            f"{path}: what stands there for {', '.join(refused)} can't be used, the default is.", "Choose it again."
        )
    changed = sum(value != default for value, default in zip(used.values(), asdict(Settings()).values(), strict=True))
    return ok(f"{path}, {changed} of {len(used)} other than the defaults.")


def laid_down(_: Path | None) -> Finding:
    """Which of an administrator's policies hold, and which can't be used."""
    found = policies.look()
    said = f"In force, from {found.where}: {', '.join(found.names)}." if found.names else "None is in force."
    if found.problems:
        return warning(" ".join([said, *found.problems]), f"For an administrator: {' '.join(found.remedies)}")
    return ok(said if found.names else f"None; they would be in {found.where}.")


def logs(_: Path | None) -> Finding:
    """Whether logs can be written, and how much they hold."""
    folder = place(settings.log_folder)
    if folder is None:
        return warning("There is no user profile, so nothing is logged.", "Set HOME to a folder to have logs.")
    if obstacle := _unwritable(folder):
        return warning(f"Nothing is logged. {obstacle.found}", obstacle.remedy)
    total_bytes = sum(path.stat().st_size for kind in log_files.Kind for path in log_files.files(kind))
    return ok(f"{folder}, {size.in_words(total_bytes)}, level {log_files.chosen_level()}.")


def place(where: Callable[[], Path]) -> Path | None:
    """Where something of this user's lies, None for a user without a profile."""
    try:
        path = where()
    except NoProfile:
        return None
    return path if path.is_absolute() else None


def _unwritable(folder: Path) -> Finding | None:
    """Why the folder can't be written, or can't be made. Nothing is written."""
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        return problem(f"{there} is in the way of {folder}: it is no folder.", "Rename or delete that file.")
    # Also for root: on a disk that is mounted read-only the system says no.
    if not os.access(there, os.W_OK | os.X_OK):
        return problem(f"{there} can't be written.", f"See to it that you may write there: {there}")
    return None
