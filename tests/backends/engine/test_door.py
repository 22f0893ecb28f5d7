"""Nothing in the engine but disk.py and part_file.py touches the file system."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path, PurePath

import pytest

from domonitor.backends.engine import disk

ENGINE = Path(disk.__file__).parent

DOORS = ("disk.py", "part_file.py")

ALLOWED = {
    # Its own file, held as long as the engine runs.
    "lock.py": {"fcntl", "open", "lseek", "read", "write", "ftruncate", "close"},
    "checks.py": {"isfile"},  # whether there is a client's certificate
    "trust.py": {"is_file", "is_dir"},  # where the system keeps its certificates
    "connection.py": {"dup"},  # of a connection
    "entrance.py": {"lstat", "unlink"},  # the socket at which clients are let in
    "host.py": {"write_text"},  # why it could not start
    "meeting.py": {  # the folder, address and key at which host and clients meet
        *(
            "close",
            "exists",
            "geteuid",
            "lstat",
            "mkdir",
            "open",
            "read_bytes",
            "replace",
            "resolve",
            "unlink",
            "urandom",
            "write",
        ),
    },
    "remote.py": {"open"},  # a connection
    "starting.py": {"read_text", "unlink"},  # why the host could not start
    "manager.py": {"mkdir"},  # the engine's own folder, before there is anything in it
    "recovery.py": {"read_text"},  # what the system calls this start of the computer
    "opening.py": {"exists", "rename", "stat"},  # the engine's own database, where that is damaged, or only read
    "stored.py": {"exists"},  # whether there is one
    "looking.py": {"open"},  # a service, not a file
    "store_look.py": {"exists", "stat"},  # the database
    "volumes.py": {"resolve", "read_text", "shutil", "disk_usage", "stat"},  # what a folder lies on, and what is free
}
"""What other files may call, as it concerns none of the users' files."""

WITHOUT_THE_DISK = {
    "os": {"environ", "fsdecode", "fsencode", "fspath", "getpid", "name", "path", "sep"},
    "os.path": {"basename", "commonpath", "dirname", "isabs", "join", "normcase", "normpath", "split", "splitext"},
}
"""What these modules have that touches no disk, beside their constants."""

METHODS = {name for name in dir(Path) if name not in dir(PurePath)} - {"absolute", "cwd", "expanduser", "home"}
"""Of a Path, those that touch the disk."""

LIBRARIES = {"fcntl", "glob", "io", "mmap", "shutil", "tempfile"}


def touches(tree: ast.AST) -> Iterator[str]:
    """The name of everything that touches the file system."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in LIBRARIES)
        elif isinstance(node, ast.ImportFrom) and node.module in LIBRARIES | {"os", "os.path"}:
            yield node.module or ""
        elif isinstance(node, ast.Attribute):
            of = ast.unparse(node.value)
            if node.attr not in WITHOUT_THE_DISK.get(of, {node.attr}) and not node.attr.startswith(("O_", "SEEK_")):
                yield node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "open":
            yield "open"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _touches(node.func.attr, node):
            yield node.func.attr


def _touches(method: str, call: ast.Call) -> bool:
    """Text, times and records have a replace too, but not with one nameless argument."""
    return method in METHODS and (method != "replace" or (len(call.args) == 1 and not call.keywords))


@pytest.mark.parametrize(
    "path", [path for path in sorted(ENGINE.glob("*.py")) if path.name not in DOORS], ids=lambda path: path.name
)
def test_no_other_file_of_the_engine_touches_the_file_system(path: Path) -> None:
    found = set(touches(ast.parse(path.read_text(encoding="utf-8"))))
    assert found - ALLOWED.get(path.name, set()) == set()


def test_what_touches_the_file_system_is_recognised() -> None:
    source = """
import shutil
from os.path import exists
def everything(path, folder):
    with open(path), path.open(): folder.mkdir()
    os.remove(path), os.path.getsize(path), Path(path).replace(folder), path.with_name("a").stat()
    os.path.dirname(path), text.replace("a", "b"), when.replace(tzinfo=None), os.getpid(), path.name, path.parent
"""
    wanted = {"shutil", "os.path", "open", "mkdir", "remove", "getsize", "replace", "stat"}
    assert set(touches(ast.parse(source))) == wanted
