"""The walls between the rooms that import-linter can't see: who speaks to which library, and how long a file may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "domonitor"
FILES = {str(path.relative_to(PACKAGE).as_posix()): path for path in sorted(PACKAGE.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8"), name) for name, path in FILES.items()}

MOST_LINES = 400

ONLY_IN = {
    "PySide6": ("ui/", "app.py"),
    "shiboken6": ("ui/", "app.py"),
    "qasync": ("app.py",),
    "pycurl": ("backends/engine/http.py", "backends/engine/libcurl.py"),
    "sqlite3": (
        *("backends/engine/store.py", "backends/engine/opening.py", "backends/engine/store_look.py"),
        *("history.py", "backends/do_agent.py"),
    ),
    "comtypes": ("backends/com/",),
    "typer": ("cli.py", "commands/"),
    "rich": ("commands/", "demo/"),
    "importlib.resources": ("assets.py",),
    "domonitor.app": ("__main__.py", "cli.py", "demo/"),
}
"""Which files may import a library, wherever in the file it stands: a name, or a folder with all in it."""

HEAVY = frozenset({"PySide6", "qasync", "pycurl", "typer", "rich", "asyncio", "sqlite3"})


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_spoken_to_in_its_own_room_only(library: str) -> None:
    speakers = {
        name for name, tree in TREES.items() for module in imports(tree) if f"{module}.".startswith(f"{library}.")
    }
    assert {name for name in speakers if not name.startswith(ONLY_IN[library])} == set()


def test_every_import_of_ours_is_absolute() -> None:
    relative = {name for name, tree in TREES.items() for node in ast.walk(tree) if getattr(node, "level", 0)}
    assert relative == set()


def test_nothing_in_the_window_runs_an_event_loop_of_its_own() -> None:
    """exec() of a dialog or menu inside a coroutine: "Cannot enter into task", and the other task never runs again."""
    forbidden = {"exec", "exec_", "processEvents", "getText", "getItem", "getInt", "getDouble", "getOpenFileName"}
    forbidden |= {"getOpenFileNames", "getSaveFileName", "getExistingDirectory", "getColor", "getFont"}
    calls = {
        f"{name}:{node.lineno} {node.func.attr}"
        for name, tree in TREES.items()
        if name.startswith("ui/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in forbidden
    }
    assert calls == set()


def test_no_file_is_too_long_to_be_read_at_once() -> None:
    lengths = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in FILES.items()}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_room_is_a_heap() -> None:
    heaps = {"utils", "util", "misc", "helpers", "common"}
    assert {name for name in FILES if heaps & {*Path(name).parent.parts, Path(name).stem}} == set()


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("domonitor.jobs.codes", HEAVY),
        ("domonitor.backends.scripted", HEAVY),
        ("domonitor.settings", HEAVY),
        ("domonitor.policies", HEAVY),
        ("domonitor.logs", HEAVY),
        ("domonitor.doctor", HEAVY),
        ("domonitor.monitor", HEAVY - {"asyncio"}),
        ("domonitor.history", HEAVY - {"sqlite3"}),
        ("domonitor.recorder", HEAVY - {"asyncio", "sqlite3"}),
        ("domonitor.backends.engine", {"PySide6", "qasync", "typer", "rich", "asyncio"}),
        ("domonitor.__main__", HEAVY),
        ("domonitor.words.text", HEAVY),
        ("domonitor.services", HEAVY),
        ("domonitor.cli", (HEAVY - {"typer"}) | {"domonitor.app", "domonitor.backends.engine"}),
        ("domonitor.app", {"typer", "rich", "click"}),
    ],
)
def test_a_module_brings_nothing_heavy_along(module: str, absent: frozenset[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert absent & set(done.stdout.split()) == set()
