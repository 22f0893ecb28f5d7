from __future__ import annotations

import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domonitor.jobs.request import Existing
from domonitor.settings import (
    PORTABLE,
    Settings,
    Theme,
    data_folder,
    history_file,
    load,
    log_folder,
    save,
    settings_file,
)

CHOSEN = Settings(str(Path("/srv/downloads").absolute()), auto_complete=False, theme="dark", window="QUJD")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "settings.json"


def written(file: Path, text: str) -> Path:
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")
    return file


def test_without_a_file_there_are_the_defaults_and_no_complaint(file: Path) -> None:
    assert load(file) == Settings()
    assert not file.parent.exists()


def test_what_was_saved_is_loaded(file: Path) -> None:
    save(CHOSEN, file)
    assert load(file) == CHOSEN
    save(Settings(), file)
    assert load(file) == Settings()
    assert [path.name for path in file.parent.iterdir()] == ["settings.json"]


@given(
    st.builds(
        Settings,
        download_folder=st.sampled_from(["", CHOSEN.download_folder]),
        auto_complete=st.booleans(),
        theme=st.sampled_from([theme.value for theme in Theme]),
        window=st.text(),
        existing=st.sampled_from([each.name.lower() for each in Existing]),
        holds_off_sleep=st.booleans(),
        proxy=st.sampled_from(["", "none", "http://proxy.example:3128", "socks5h://[::1]:1080"]),
        autostart=st.booleans(),
        tray=st.booleans(),
        speed_limit=st.sampled_from([0, 1_024, 2_000_000, 1 << 40]),
    )
)
def test_any_choice_survives(settings: Settings) -> None:
    file = settings_file()
    save(settings, file)
    assert load(file) == settings
    file.unlink()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("download_folder", 5),
        ("existing", "overwrite"),
        ("existing", "RENAME"),
        ("download_folder", None),
        ("download_folder", "somewhere/relative"),
        ("auto_complete", "yes"),
        ("auto_complete", 1),
        ("theme", "pink"),
        ("theme", ["dark"]),
        ("autostart", 1),
        ("tray", "yes"),
        ("speed_limit", 1_023),
        ("speed_limit", -1),
        ("speed_limit", True),
        ("speed_limit", "1000000"),
        ("proxy", "http://otto:secret@proxy:1"),
        ("proxy", "http://proxy:99999"),
        ("proxy", "http://:3128"),
        ("proxy", "http://[::1"),
        ("window", {"width": 800}),
    ],
)
def test_a_value_that_can_not_be_used_gives_way_to_its_default_and_the_others_stay(
    file: Path, name: str, value: Any
) -> None:
    chosen = {field.name: getattr(CHOSEN, field.name) for field in fields(Settings)}
    settings = load(written(file, json.dumps(chosen | {name: value})))
    for field in fields(Settings):
        expected = field.default if field.name == name else chosen[field.name]
        assert getattr(settings, field.name) == expected


def test_values_of_a_newer_version_are_passed_over(file: Path) -> None:
    assert load(written(file, '{"theme": "light", "of_tomorrow": 1}')) == Settings(theme="light")


@pytest.mark.expected_log(r"the settings in .*settings\.json can't be read, the defaults are used")
@pytest.mark.parametrize("text", ["", "{", "[1, 2]", "null", '"dark"', "{'theme': 'dark'}"])
def test_a_damaged_file_gives_the_defaults_and_is_kept_aside_by_the_next_save(file: Path, text: str) -> None:
    assert load(written(file, text)) == Settings()
    assert file.read_text(encoding="utf-8") == text
    save(CHOSEN, file)
    assert load(file) == CHOSEN
    damaged = file.with_name("settings.json.damaged")
    assert damaged.read_text(encoding="utf-8") == text
    save(Settings(), file)
    assert damaged.read_text(encoding="utf-8") == text


@pytest.mark.expected_log("can't be read, the defaults are used")
def test_a_file_of_foreign_bytes_is_damaged_too(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"\xff\xfe\x00{")
    assert load(file) == Settings()
    save(CHOSEN, file)
    assert file.with_name("settings.json.damaged").read_bytes() == b"\xff\xfe\x00{"


@pytest.mark.expected_log("can't be read, the defaults are used")
def test_a_folder_in_the_file_s_place_is_kept_aside(file: Path) -> None:
    file.mkdir(parents=True)
    assert load(file) == Settings()
    save(CHOSEN, file)
    assert load(file) == CHOSEN
    assert file.with_name("settings.json.damaged").is_dir()


def test_a_save_that_fails_says_so_and_leaves_the_old_settings(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(CHOSEN, file)

    def full(self: Path, *args: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        save(Settings(), file)
    assert load(file) == CHOSEN
    assert [path.name for path in file.parent.iterdir()] == ["settings.json"]


def test_the_download_folder_is_the_chosen_one_or_the_system_s() -> None:
    assert CHOSEN.folder() == Path(CHOSEN.download_folder)
    assert Settings().folder().is_absolute()


def test_tests_never_touch_the_real_profile(tmp_path_factory: pytest.TempPathFactory) -> None:
    for folder in (data_folder(), history_file(), settings_file(), Settings().folder(), Path.home()):
        assert "domonitor-tests-" in str(folder)


@pytest.mark.parametrize("marked", [True, False])
def test_a_portable_copy_of_the_program_keeps_all_but_the_downloads_beside_itself(
    marked: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = (data_folder(), settings_file(), log_folder())
    monkeypatch.setattr(sys, "executable", str(tmp_path / "domonitor-gui.exe"))
    if marked:
        (tmp_path / PORTABLE).touch()
    assert (data_folder(), settings_file(), log_folder()) == elsewhere  # a Python that lies there is no such copy
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    data = tmp_path / "data"
    beside = (data, data / "settings.json", data)
    assert (data_folder(), settings_file(), log_folder()) == (beside if marked else elsewhere)
    assert tmp_path not in Settings().folder().parents
