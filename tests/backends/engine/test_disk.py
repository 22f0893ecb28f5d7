"""What goes through the engine's door to the file system: names, patience with Windows, many files at once, mounts."""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from domonitor.backends.engine import disk, volumes

posix = pytest.mark.skipif(sys.platform == "win32", reason="links of POSIX")


# ---------------------------------------------------------------- names at the end


def no_such_way(*arguments: object, **named: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


@pytest.fixture(params=["one step", "two steps", "a look, then a rename"])
def part(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A whole temporary file of 5 bytes, on file systems that know ever fewer ways to give it a name."""
    if request.param != "one step":
        monkeypatch.setattr(disk, "rename_exclusively", no_such_way)
    if request.param == "a look, then a rename":
        monkeypatch.setattr(disk, "_link_and_unlink", no_such_way)
    part = Path(disk.part_name(str(tmp_path / "target")))
    disk.create_part(str(part))
    part.write_bytes(b"whole")
    return part


def finish(part: Path, *, replace: bool = False, is_repeated: bool = False) -> None:
    disk.finish(str(part), str(part.with_name("target")), 5, replace=replace, is_repeated=is_repeated)


def test_a_file_gets_its_name_and_a_repetition_does_no_harm(part: Path, tmp_path: Path) -> None:
    for is_repeated in (False, True):
        finish(part, is_repeated=is_repeated)
        assert [path.name for path in tmp_path.iterdir()] == ["target"]
        assert (tmp_path / "target").read_bytes() == b"whole"


def test_an_old_file_of_the_same_size_is_not_taken_for_the_one_whose_temporary_file_is_gone(
    part: Path, tmp_path: Path
) -> None:
    (tmp_path / "target").write_bytes(b"other")
    part.unlink()
    with pytest.raises(disk.PartLost):
        finish(part)
    assert (tmp_path / "target").read_bytes() == b"other"


INTRUDERS: dict[str, Callable[[Path], object]] = {
    "a file": lambda path: path.write_bytes(b"mine!"),
    "an empty file": lambda path: path.write_bytes(b""),
    "a folder": lambda path: path.mkdir(),
    "a link": lambda path: path.symlink_to("elsewhere"),
    "a dangling link": lambda path: path.symlink_to("nothing"),
    "a second name": lambda path: path.hardlink_to(path.with_name("elsewhere")),
    "a pipe": lambda path: os.mkfifo(path),
}


@posix
@pytest.mark.parametrize("intruder", INTRUDERS)
def test_what_has_the_name_by_then_is_never_overwritten(part: Path, tmp_path: Path, intruder: str) -> None:
    target, elsewhere = tmp_path / "target", tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine!")
    INTRUDERS[intruder](target)
    before = target.lstat()
    with pytest.raises(FileExistsError):
        finish(part)
    assert os.path.samestat(target.lstat(), before)
    assert elsewhere.read_bytes() == b"mine!"
    assert part.read_bytes() == b"whole"
    target.rmdir() if target.is_dir() else target.unlink()
    finish(part)
    assert target.read_bytes() == b"whole"


@posix
def test_replacing_replaces_a_link_and_not_what_it_points_to(part: Path, tmp_path: Path) -> None:
    target, elsewhere = tmp_path / "target", tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine!")
    target.symlink_to(elsewhere)
    finish(part, replace=True)
    assert not target.is_symlink()
    assert target.read_bytes() == b"whole"
    assert elsewhere.read_bytes() == b"mine!"


@posix
@pytest.mark.parametrize("replace", [False, True])
def test_a_link_in_the_temporary_files_place_gets_no_name(part: Path, tmp_path: Path, replace: bool) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine!")
    part.unlink()
    part.symlink_to(elsewhere)
    with pytest.raises(disk.PartLost):
        finish(part, replace=replace)
    with pytest.raises(OSError, match="symbolic links"):
        disk.sync(str(part))
    with pytest.raises(OSError, match="symbolic links"):
        disk.open_part(str(part), 0)
    assert elsewhere.read_bytes() == b"mine!"


@posix
@pytest.mark.parametrize("call", ["rename_exclusively", "link", "unlink", "rename"])
def test_a_crash_at_the_end_leaves_nothing_in_the_way(
    part: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def crash(*arguments: object, **named: object) -> None:
        raise KeyboardInterrupt

    module = disk if call == "rename_exclusively" else os
    with monkeypatch.context() as patch:
        patch.setattr(module, call, crash)
        try:
            finish(part)
        except KeyboardInterrupt:
            assert part.exists()
    finish(part, is_repeated=True)
    assert [path.name for path in tmp_path.iterdir()] == ["target"]
    assert (tmp_path / "target").read_bytes() == b"whole"


@posix
def test_a_folder_that_is_a_link_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "folder").symlink_to("real")
    target = str(tmp_path / "folder" / "target")
    disk.check_target(target, replace=False)
    part = disk.part_name(target)
    disk.create_part(part)
    disk.sync(part)
    disk.finish(part, target, 0, replace=False)
    assert (tmp_path / "real" / "target").exists()


@posix
@pytest.mark.parametrize("there", ["a link", "a dangling link"])
def test_a_target_that_is_a_link_is_refused_at_once(tmp_path: Path, there: str) -> None:
    (tmp_path / "elsewhere").touch()
    INTRUDERS[there](tmp_path / "target")
    with pytest.raises(FileExistsError):
        disk.check_target(str(tmp_path / "target"), replace=False)
    disk.check_target(str(tmp_path / "target"), replace=True)


# ---------------------------------------------------------------- patience


class HeldFile:
    """Fails as Windows does, so many times; the clock goes on by what is slept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, times: int, winerror: int | None = 32) -> None:
        self.calls = 0
        self.now_s = 100.0
        self._times = times
        self._winerror = winerror
        monkeypatch.setattr(disk, "time", SimpleNamespace(monotonic=lambda: self.now_s, sleep=self._sleep))
        self._unlink = os.unlink
        monkeypatch.setattr(os, "unlink", self)

    def __call__(self, path: Path) -> None:
        self.calls += 1
        if self.calls > self._times:
            self._unlink(path)
            return
        error = PermissionError(errno.EACCES, "another program holds the file")
        if self._winerror is not None:
            error.winerror = self._winerror  # type: ignore[attr-defined]
        raise error

    def _sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.mark.parametrize("winerror", [5, 32])
def test_a_file_that_another_program_holds_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, winerror: int
) -> None:
    (tmp_path / "a").touch()
    held = HeldFile(monkeypatch, times=20, winerror=winerror)
    disk.delete(str(tmp_path / "a"))
    assert held.calls == 21
    assert not (tmp_path / "a").exists()


def test_but_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").touch()
    held = HeldFile(monkeypatch, times=1_000_000)
    with pytest.raises(PermissionError):
        disk.delete(str(tmp_path / "a"))
    assert held.now_s - 100.0 == pytest.approx(disk.SHARING_PATIENCE_S, abs=0.2)


@pytest.mark.parametrize("winerror", [None, 19])
def test_what_will_not_pass_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, winerror: int | None
) -> None:
    held = HeldFile(monkeypatch, times=1, winerror=winerror)
    with pytest.raises(PermissionError):
        disk.delete(str(tmp_path / "a"))
    assert held.calls == 1


# ---------------------------------------------------------------- many at once


def test_many_files_are_synced_at_once_and_each_answers_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [str(tmp_path / f"{at}") for at in range(40)]
    for at, part in enumerate(parts):
        if at % 10:
            disk.create_part(part)
    threads: set[str] = set()
    together = threading.Barrier(disk.SYNC_THREADS)
    sync = disk.sync

    def seen(part: str, descriptor: int | None) -> None:
        if threading.current_thread().name not in threads:
            threads.add(threading.current_thread().name)
            together.wait(10)
        sync(part)

    monkeypatch.setattr(disk, "sync", seen)
    results = disk.sync_all([(part, None) for part in parts])
    assert [at for at, result in enumerate(results) if isinstance(result, FileNotFoundError)] == [0, 10, 20, 30]
    assert sum(result is None for result in results) == 36
    assert len(threads) == disk.SYNC_THREADS


def test_one_file_and_none_need_no_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "threading", None)
    disk.create_part(str(tmp_path / "a"))
    assert disk.sync_all([]) == []
    assert disk.sync_all([(str(tmp_path / "a"), None)]) == [None]


@posix
def test_an_open_file_is_synced_and_closed_and_a_deleted_one_is_not_called_durable(part: Path) -> None:
    for is_deleted in (False, True):
        descriptor = disk.open_part(str(part), 5)
        assert descriptor is not None
        if is_deleted:
            part.unlink()
        (error,) = disk.sync_all([(str(part), descriptor)])
        assert isinstance(error, FileNotFoundError) if is_deleted else error is None
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


def test_a_file_that_nobody_came_to_sync_is_not_called_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(part: str, descriptor: int | None) -> None:
        raise KeyError(part)

    monkeypatch.setattr(disk, "sync", broken)
    with pytest.raises(KeyError):
        disk.sync_all([(str(tmp_path / "a"), None)])


# ---------------------------------------------------------------- disks of other computers

MOUNTS = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
23 22 0:21 / /proc rw,nosuid - proc proc rw
30 22 0:40 / /home/me/share rw,relatime shared:9 - nfs4 server:/export rw,vers=4.2
31 30 254:16 / /home/me/share/disk rw - xfs /dev/sdb1 rw
32 22 0:41 / /media/Two\040words\134\011x rw - cifs //server/share rw
33 22 0:42 / /home/me/cloud rw master:3 propagate_from:2 - fuse.sshfs me@server: rw
34 22 0:43 / /over rw - ext4 /dev/sdc1 rw
35 34 0:44 / /over rw - nfs server:/over rw
36 22 0:45 / /odd rw - somethingnew none rw
a line that is none
37 22 0:46 /
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/home/me", ""),
        ("/home/me/share", "NFS"),
        ("/home/me/share/deep/er", "NFS"),
        ("/home/me/sharesnot", ""),
        ("/home/me/share/disk/a", ""),
        ("/media/Two words\\\tx/a", "a Windows share (SMB)"),
        ("/home/me/cloud", "SSHFS"),
        ("/over/a", "NFS"),
        ("/odd", ""),
    ],
)
@posix
def test_the_kind_of_a_network_file_system_is_told(folder: str, kind: str) -> None:
    assert volumes.network_kind(MOUNTS, Path(folder)) == kind


def test_a_system_without_mounts_to_read_has_none() -> None:
    assert volumes.network_kind("", Path("/")) == ""


def test_a_folder_of_this_computer_is_none_of_the_network(tmp_path: Path) -> None:
    assert volumes.network_file_system(tmp_path) == ""
    assert volumes.network_file_system(tmp_path / "not yet there") == ""


@pytest.mark.parametrize(
    ("folder", "is_remote"),
    [
        (r"\\server\share\folder", True),
        (r"\\?\UNC\server\share\folder", True),
        (r"\\.\C:\folder", False),
        (r"\\?\C:\folder", False),
        (r"C:\folder", False),
        (r"Z:\folder", True),
    ],
)
def test_windows_tells_a_share_from_a_disk(monkeypatch: pytest.MonkeyPatch, folder: str, is_remote: bool) -> None:
    monkeypatch.setattr(volumes, "_drive_type", {"C:\\": 3, "Z:\\": 4}.__getitem__)
    assert volumes._is_remote_drive(folder) is is_remote
