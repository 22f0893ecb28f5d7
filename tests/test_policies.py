"""What an administrator has laid down: read with care, put in force, and gone without a trace when he takes it back."""

from __future__ import annotations

import logging
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from domonitor import policies, services
from domonitor.backends.engine import ProxyKind
from domonitor.backends.guarded import GuardedBackend
from domonitor.backends.interface import Backend
from domonitor.backends.scripted import ScriptedBackend
from domonitor.doctor import folders
from domonitor.doctor.finding import Level
from domonitor.policies import POLICIES, applied, in_force, look, to_be_stored
from domonitor.settings import Settings, load, save
from tests.conftest import LayDown

FOLDER = str(Path("/srv/laid down").absolute())
IN_FILE = FOLDER.replace("\\", "/")

LAID_DOWN: dict[str, tuple[str, Any]] = {
    "download_folder": (f'"{IN_FILE}"', IN_FILE),
    "autostart": ("true", True),
    "tray": ("true", True),
    "proxy": ('"http://proxy.example:3128"', "http://proxy.example:3128"),
    "holds_off_sleep": ("false", False),
    "auto_complete": ("false", False),
    "speed_limit": ("500000", 500_000),
}


def test_where_nothing_is_laid_down_nothing_is_locked_or_said(lay_down: LayDown) -> None:
    assert look().names == look().problems == ()
    assert applied(Settings()) == (Settings(), frozenset())
    assert folders.laid_down(None).level is Level.OK
    lay_down("")
    assert applied(Settings()) == (Settings(), frozenset())


def test_there_is_a_policy_for_each_of_these_settings_and_no_other() -> None:
    assert {policy.setting for policy in POLICIES} - {""} == LAID_DOWN.keys()
    assert [policy.key for policy in POLICIES if not policy.setting] == ["services", "commands_on_other_programs_jobs"]


@pytest.mark.parametrize("name", LAID_DOWN)
def test_each_policy_sets_its_setting_and_locks_it_and_no_other(lay_down: LayDown, name: str) -> None:
    written, value = LAID_DOWN[name]
    lay_down(f"{name} = {written}")
    settings, locked = applied(Settings())
    assert locked == {name}
    assert asdict(settings) == asdict(Settings()) | {name: value}
    assert in_force().names == (policies.BY_SETTING[name],)


def test_what_the_user_had_chosen_is_back_when_the_policy_is_gone(lay_down: LayDown, tmp_path: Path) -> None:
    own, file = Settings(str(tmp_path), theme="dark", speed_limit=9_000), tmp_path / "settings.json"
    save(own, file)
    laid_down = lay_down("\n".join(f"{name} = {written}" for name, (written, _) in LAID_DOWN.items()))
    stored = load(file)
    settings, locked = applied(stored)
    assert locked == LAID_DOWN.keys()
    assert (settings.download_folder, settings.speed_limit, settings.theme) == (IN_FILE, 500_000, "dark")
    save(to_be_stored(Settings(**(asdict(settings) | {"theme": "light"})), stored), file)
    laid_down.unlink()
    in_force.cache_clear()
    assert applied(load(file)) == (Settings(**(asdict(own) | {"theme": "light"})), frozenset())


def test_a_folder_may_begin_with_the_user_s_home(lay_down: LayDown) -> None:
    lay_down('download_folder = "~/Work"')
    assert Path(applied(Settings())[0].download_folder) == Path.home() / "Work"


def test_the_proxy_may_be_left_to_the_environment(lay_down: LayDown) -> None:
    lay_down('proxy = "environment"')
    assert applied(Settings(proxy="none")) == (Settings(proxy=""), {"proxy"})


@pytest.mark.expected_log("is ignored")
@pytest.mark.parametrize(
    "line",
    [
        'download_folder = "some/where"',
        'download_folder = ""',
        "download_folder = 5",
        'autostart = "true"',
        "autostart = 1",
        "tray = 0.0",
        'proxy = "ftp://a:1"',
        'proxy = "http://a:99999"',
        "proxy = false",
        "speed_limit = 1023",
        "speed_limit = -1",
        "speed_limit = true",
        'speed_limit = "1000000"',
        'services = "bits"',
        "services = []",
        'services = ["bits", "torrents"]',
        "services = [1]",
        'commands_on_other_programs_jobs = "no"',
    ],
)
def test_a_value_that_can_not_be_used_is_ignored_and_told_and_the_others_hold(lay_down: LayDown, line: str) -> None:
    lay_down(f"{line}\nholds_off_sleep = false")
    settings, locked = applied(Settings())
    assert (settings, locked) == (Settings(holds_off_sleep=False), {"holds_off_sleep"})
    assert in_force().services is None
    assert in_force().may_command_others
    finding = folders.laid_down(None)
    name = next(policy.name for policy in POLICIES if policy.key == line.split(" ")[0])
    assert finding.level is Level.WARNING
    assert "In force" in finding.found
    assert "HoldsOffSleep" in finding.found
    assert f"{name} can't be" in finding.found
    assert f"{name} has to be" in finding.remedy


@pytest.mark.expected_log('There is no policy "download_foldr"')
def test_a_name_that_is_none_is_told_with_those_that_there_are(lay_down: LayDown) -> None:
    lay_down('download_foldr = "/srv"\ntray = true')
    assert applied(Settings())[1] == {"tray"}
    assert "download_folder, autostart" in folders.laid_down(None).remedy


def test_a_login_is_in_no_log_and_no_finding(lay_down: LayDown, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL):  # else it would be unexpected
        lay_down('proxy = "http://otto:secr@et@proxy.example:3128"')
    problem = " ".join(look().problems)
    assert "@proxy.example" in problem
    assert "otto" not in problem
    assert "secr" not in problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[policies", "can't be understood"),
        ("policies = 5", "something else than policies"),
        ("tray = true", "something else than policies"),
        ("[policies]\ntray = true\n[others]\nx = 1", "something else than policies"),
    ],
)
def test_a_file_of_another_form_is_told(lay_down: LayDown, text: str, said: str) -> None:
    lay_down("").write_text(text, encoding="utf-8")
    found = look()
    assert said in " ".join(found.problems)
    assert found.names == (("Tray",) if text.startswith("[policies]") else ())


def test_foreign_bytes_are_told(lay_down: LayDown) -> None:
    lay_down("").write_bytes(b"\xff\xfe\x00[")
    assert "can't be understood" in look().problems[0]


POSIX = pytest.mark.skipif(sys.platform == "win32", reason="the rights of files are POSIX's")


@POSIX
@pytest.mark.parametrize("rights", [0o664, 0o646, 0o666])
def test_a_file_that_others_could_have_written_holds_nothing(lay_down: LayDown, rights: int) -> None:
    lay_down("tray = true").chmod(rights)
    assert look().names == ()
    assert "somebody who is no administrator" in look().problems[0]
    assert "chown root" in look().remedies[0]


@POSIX
def test_another_user_s_file_holds_nothing(lay_down: LayDown, monkeypatch: pytest.MonkeyPatch) -> None:
    file = lay_down("tray = true")
    monkeypatch.setattr(policies, "ADMINISTRATOR", file.stat().st_uid + 1)
    assert look().names == ()
    assert "somebody who is no administrator" in look().problems[0]


@POSIX
@pytest.mark.parametrize("kind", ["folder", "pipe", "link to nothing"])
def test_what_is_no_file_holds_nothing_and_holds_nobody_up(lay_down: LayDown, kind: str) -> None:
    file = lay_down("")
    file.unlink()
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("nowhere")
    assert look().names == ()
    assert bool(look().problems) is (kind != "link to nothing")


def test_it_is_root_who_counts() -> None:
    assert policies.ADMINISTRATOR == 0


# In force.


class _System(ScriptedBackend):
    pass


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> None:
    def systems_own(*, stays: bool) -> list[Backend]:
        return [_System((), name) for name in ("bits", "do", "do-agent")]

    monkeypatch.setattr(services, "_of_the_system", systems_own)


@pytest.mark.usefixtures("system")
@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("", ["engine", "bits", "do", "do-agent"]),
        ('services = ["engine"]', ["engine"]),
        ('services = ["BITS ", "agent"]', ["engine", "bits", "do-agent"]),
        ('services = ["do"]', ["engine", "do"]),
    ],
)
def test_only_the_services_of_the_policy_are_shown_and_the_engine_always(
    lay_down: LayDown, line: str, shown: list[str]
) -> None:
    lay_down(line)
    assert [backend.name for backend in services.open_backends(start_host=False)] == shown


@pytest.mark.usefixtures("system")
def test_who_is_free_has_nothing_between_him_and_the_services(lay_down: LayDown) -> None:
    lay_down("tray = true\ncommands_on_other_programs_jobs = true")
    assert not any(isinstance(each, GuardedBackend) for each in services.open_backends())


@pytest.mark.usefixtures("system")
def test_every_service_is_guarded_where_commands_or_folders_are_forbidden(lay_down: LayDown) -> None:
    lay_down("commands_on_other_programs_jobs = false")
    assert all(isinstance(each, GuardedBackend) for each in services.open_backends())
    lay_down(f'download_folder = "{IN_FILE}"')
    assert all(isinstance(each, GuardedBackend) for each in services.open_backends(in_process=True))


def test_the_engine_is_told_what_is_laid_down_whatever_the_user_has_chosen(lay_down: LayDown) -> None:
    lay_down('proxy = "none"\nspeed_limit = 4096\nholds_off_sleep = false')
    told = services.engine_settings(Settings(proxy="http://own.example:1", speed_limit=9_999_999))
    assert (told.proxy.kind, told.bytes_per_second, told.holds_off_sleep) == (ProxyKind.NONE, 4_096, False)


def test_no_limit_can_be_laid_down_too(lay_down: LayDown) -> None:
    assert services.engine_settings(Settings(speed_limit=5_000)).bytes_per_second == 5_000
    lay_down("speed_limit = 0")
    assert services.engine_settings(Settings(speed_limit=5_000)).bytes_per_second is None
