"""What holds for every command alike."""

from __future__ import annotations

import pytest
import typer.main

from domonitor import cli
from domonitor.commands.ending import Exit

COMMANDS = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
ANSWERING = {**COMMANDS, **COMMANDS["engine"].commands}
CHANGING = {"add", "get", "import", "export", "stop", *("resume", "suspend", "complete", "cancel")}
CHANGING |= {"priority", "limit", "set-address"}
READING = {"list", "show", "watch", "wait", "error", "timeline", "explain", "services", "status", "log", "doctor"}


def options(name: str) -> set[str]:
    return {option for parameter in ANSWERING[name].params for option in parameter.opts}


def test_every_command_is_of_one_kind() -> None:
    assert CHANGING | READING | {"demo", "engine"} == set(ANSWERING)
    assert not CHANGING & READING


@pytest.mark.parametrize("name", sorted(CHANGING | READING))
def test_every_command_answers_in_json_and_what_changes_something_can_be_tried(name: str) -> None:
    assert "--json" in options(name)
    assert ("--dry-run" in options(name)) == (name in CHANGING)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_of_which_the_list_shows_a_whole_sentence(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([name, "--help"]) == Exit.DONE
    assert "Usage: domonitor" in capsys.readouterr().out
    assert cli.main(["--help"]) == Exit.DONE
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith(f"  {name} "))
    assert line.endswith(".")
    assert not line.endswith("...")


def test_the_exit_codes_are_those_that_are_promised(capsys: pytest.CaptureFixture[str]) -> None:
    assert [int(code) for code in Exit] == [0, 1, 2, 3, 4, 130]
    cli.main(["--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert all(f"{int(code)} " in said.partition("Exit codes:")[2] for code in Exit)
