"""What an administrator has laid down, in the commands."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from tests.commands.played import Say, Service, answers, say
from tests.conftest import LayDown

__all__ = ["say"]

URL = "https://a.de/1.bin"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that is laid down. The commands run in another one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / "laid down"


def targets(service: Service) -> list[str]:
    return [file.local_name for job in service.added for file in job.files]


@pytest.mark.parametrize("command", [("add",), ("get", "--detach")])
def test_downloads_go_to_the_folder_that_is_laid_down(
    say: Say, lay_down: LayDown, folder: Path, command: tuple[str, ...]
) -> None:
    engine = Service(name="engine")
    assert say([engine], *command, URL)[0] == 0
    lay_down(f"download_folder = {json.dumps(str(folder))}")
    assert say([engine], *command, URL)[0] == 0
    assert say([engine], *command, URL, "-d", str(folder / "deeper"))[0] == 0
    expected = [folder.parent / "1.bin", folder / "1.bin", folder / "deeper" / "1.bin"]
    assert targets(engine) == list(map(str, expected))


@pytest.mark.parametrize("command", [("add",), ("get",), ("add", "--dry-run")])
def test_another_folder_is_refused_with_the_reason(
    say: Say, lay_down: LayDown, folder: Path, command: tuple[str, ...]
) -> None:
    lay_down(f"download_folder = {json.dumps(str(folder))}")
    engine = Service(name="engine")
    code, written, said = say([engine], *command, URL, "-d", str(folder.parent))
    assert (code, written) == (2, "")
    assert said == f"Your administrator has laid down that downloads go to {folder}, and nowhere else.\n"
    assert engine.added == []


def test_an_imported_list_goes_there_too(say: Say, lay_down: LayDown, folder: Path, tmp_path: Path) -> None:
    listed = {"address": URL, "path": str(tmp_path / "elsewhere" / "kept.bin")}
    file = tmp_path / "list.json"
    whole = {"kind": "job list", "schema": 1, "jobs": [{"name": "a", "files": [listed], "auto_complete": True}]}
    file.write_text(json.dumps(whole), encoding="utf-8")
    lay_down(f"download_folder = {json.dumps(str(folder))}\nauto_complete = false")
    engine = Service(name="engine")
    assert say([engine], "import", str(file))[0] == 0
    assert targets(engine) == [str(folder / "kept.bin")]
    assert [job.auto_complete for job in engine.added] == [False]


@pytest.mark.parametrize(("line", "expected"), [("", True), ("true", True), ("false", False)])
def test_whether_files_get_their_names_by_themselves(say: Say, lay_down: LayDown, line: str, expected: bool) -> None:
    if line:
        lay_down(f"auto_complete = {line}")
    engine = Service(name="engine")
    assert say([engine], "add", URL)[0] == 0
    assert [job.auto_complete for job in engine.added] == [expected]
    assert say([engine], "add", URL, "--keep-open")[0] == (2 if line == "true" else 0)


def test_the_doctor_tells_of_them(say: Say, lay_down: LayDown) -> None:
    lay_down("tray = true\nautostart = 7")
    try:
        written = say([], "doctor", "--json")[1]
    finally:
        logging.disable(logging.NOTSET)  # the command ends its process with nothing logged
    (check,) = [each for each in answers(written)[0]["checks"] if each["name"] == "policies"]
    assert check["level"] == "warning"
    assert check["found"].endswith("laid-down.toml: Tray. Autostart can't be 7. It is ignored.")
    assert check["remedy"].startswith("For an administrator: Autostart has to be true or false")
