"""Every call to the file system that the engine makes for its users' files.

A file arrives under a temporary name beside its target and gets its own name at the end. Nothing here follows a
link, and nothing overwrites a file that it was not told to replace. Errors are OSError; failures.of_error
translates them.
"""

from __future__ import annotations

import ctypes
import errno
import os
import secrets
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

_OPEN_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


@dataclass(frozen=True, slots=True)
class Unsynced:
    """What was done with names in folders: the value holds once the folders are synced."""

    value: Any
    folders: Set[str]


class PartLost(FileNotFoundError):
    """The temporary file is gone, or another program changed it: it has to be fetched again."""


SHARING_PATIENCE_S = 5.0
"""How long Windows may take to let go of a file, usually because of a virus scanner."""

SYNC_STEP_BYTES = 32 << 20
"""How much of a running file may lie undurable: a file is synced behind its transfer at each such step."""

READ_STEP_BYTES = 1 << 20
"""How much of a file is read at once."""

SYNC_THREADS = min(8, (os.cpu_count() or 1) + 1)
"""So many files are synced at the same moment: a journal writes them in one commit. Measured: on two cores more of them
cost the transfers what they gain, and beyond eight they gain nothing."""

_NO_SUCH_CALL = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EINVAL})
"""How a file system says that it has no such thing."""

_made_anew: set[str] = set()
"""Temporary files whose names are not yet durable, because they were made in the midst of a transfer."""


def part_name(target: str) -> str:
    """A new temporary name beside the target."""
    return os.path.join(os.path.dirname(target), f".domonitor-{secrets.token_hex(6)}.part")


def check_target(target: str, *, replace: bool) -> None:
    """Raises OSError where a file must not get that name: a folder or a file has it. A missing folder is told later."""
    try:
        found = os.lstat(target)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a folder has this name", target)
    if not replace:
        raise FileExistsError(errno.EEXIST, "a file of this name is already there", target)


def is_taken(target: str) -> bool:
    """Whether a file, a folder or a link has that name. Raises OSError where no such name can be there."""
    try:
        os.lstat(target)
    except (FileNotFoundError, NotADirectoryError):
        return False  # a missing folder is told later
    return True


def create_part(part: str) -> None:
    """Makes the empty temporary file, which also proves that the folder can be written."""
    os.close(os.open(part, _OPEN_FLAGS | os.O_CREAT | os.O_EXCL, 0o666))


def sync_folder(folder: str) -> None:
    """Makes new, changed and removed names in the folder durable. Windows has no such call. Raises OSError."""
    if sys.platform == "win32":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return  # it went with all that was in it
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network and FUSE file systems refuse to sync folders; there is no other way to ask for it.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


def last(works: Sequence[Unsynced]) -> list[Any]:
    """Syncs the folders of all these, each once; of each its value then, or the OSError of one of its folders."""
    errors: dict[str, OSError] = {}
    for folder in {folder for work in works for folder in work.folders}:
        try:
            sync_folder(folder)
        except OSError as error:
            errors[folder] = error
    return [next((errors[folder] for folder in work.folders if folder in errors), work.value) for work in works]


def size_of(part: str) -> int | None:
    """Bytes in the temporary file; None where it is no regular file any more."""
    try:
        found = os.lstat(part)
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def cut(part: str, length: int) -> None:
    """Takes away what lies behind that length."""
    descriptor = os.open(part, _OPEN_FLAGS)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_size > length:
            os.ftruncate(descriptor, length)
    finally:
        os.close(descriptor)


def delete_all(parts: Iterable[str]) -> Unsynced:
    """Removes temporary files; the value is the set of those that could not be removed."""
    left = set()
    folders = set()
    for part in parts:
        try:
            delete(part)
        except OSError:
            left.add(part)
        else:
            folders.add(os.path.dirname(part))
    return Unsynced(left, folders)


def delete(part: str) -> None:
    """Removes a temporary file. One that is gone already, or can't ever have been there, is fine."""
    try:
        _patiently(lambda: os.unlink(part))
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            raise


def finish(part: str, target: str, size: int, *, replace: bool, is_repeated: bool = False) -> None:
    """Gives the file its final name. Can be repeated after a crash at any point in between.

    size: bytes of the whole file, by which, where is_repeated, a target that already has its name is recognised.
    Raises FileExistsError where another file has the name, PartLost where the temporary file is gone or not whole.
    """
    found_bytes = size_of(part)
    if is_repeated and found_bytes is None and size_of(target) == size:
        return
    if found_bytes != size:
        raise PartLost(errno.ENOENT, "the temporary file is gone, or no longer whole", part)
    if replace:
        _patiently(lambda: os.replace(part, target))
    elif sys.platform == "win32":
        _patiently(lambda: os.rename(part, target))  # refuses an existing target by itself
    else:
        _rename_to_new(part, target)


def finish_all(files: Sequence[tuple[str, str, int, bool]], *, is_repeated: bool = False) -> Unsynced:
    """Gives many files, each (part, target, size, replace), their final names, up to the first failure.

    is_repeated: whether some of them may have their names already. The value is a pair: how many have their names, and
    the failure.
    """
    error: OSError | None = None
    named = 0
    for part, target, size, replace in files:
        try:
            finish(part, target, size, replace=replace, is_repeated=is_repeated)
        except OSError as raised:
            error = raised
            break
        named += 1
    return Unsynced((named, error), {os.path.dirname(target) for _, target, _, _ in files[:named]})


def _rename_to_new(part: str, target: str) -> None:
    """A rename that never overwrites. After a crash in its midst it can be repeated, and leaves nothing of its own."""
    for rename in (rename_exclusively, _link_and_unlink):
        try:
            rename(part, target)
        except FileExistsError:
            # A crash between the two steps of _link_and_unlink: both names are the same file.
            if not os.path.samestat(os.lstat(part), os.lstat(target)):
                raise
            os.unlink(part)
            return
        except OSError as error:
            if error.errno not in _NO_SUCH_CALL:
                raise
        else:
            return
    # A file system that can do neither (few are left: some in user space). What another program puts there between
    # these two lines would be lost; a name taken by an empty file of ours would outlive a crash, and be in the way.
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, "a file of this name is already there", target)
    os.rename(part, target)


def rename_exclusively(part: str, target: str) -> None:
    """Linux: one step that gives the name, or says that it is taken. Also without hard links: FAT, exFAT, SMB."""
    if _renameat2 is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    if _renameat2(_AT_FDCWD, os.fsencode(part), _AT_FDCWD, os.fsencode(target), _RENAME_NOREPLACE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), part, None, target)


_AT_FDCWD = -100
_RENAME_NOREPLACE = 1
"""Source: fcntl.h and linux/fs.h."""

_renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None


def _link_and_unlink(part: str, target: str) -> None:
    """Other systems, and NFS: a second name first, then the first one goes."""
    os.link(part, target, follow_symlinks=False)
    os.unlink(part)


def _patiently(change: Callable[[], object]) -> None:
    """Windows: repeats what fails because another program holds the file. Never called on the transfer thread."""
    give_up_s = time.monotonic() + SHARING_PATIENCE_S
    while True:
        try:
            change()
        except PermissionError as error:
            # 32 is a sharing violation; 5 comes while a scanner holds a file that is being deleted.
            if getattr(error, "winerror", None) not in (5, 32) or time.monotonic() > give_up_s:
                raise
        else:
            return
        time.sleep(0.05)


def stretch(part: str, size: int) -> None:
    """Gives the temporary file its whole size, so that it can be written from several places. Raises OSError."""
    descriptor = os.open(part, _OPEN_FLAGS)
    try:
        if sys.platform == "win32":
            _make_sparse(descriptor)
        os.ftruncate(descriptor, size)
    finally:
        os.close(descriptor)


def _make_sparse(descriptor: int) -> None:
    """Windows fills what lies before the first byte that is written with zeros, unless the file may have holes."""
    import msvcrt

    handle = msvcrt.get_osfhandle(descriptor)  # type: ignore[attr-defined,unused-ignore]
    returned = ctypes.c_ulong()
    windll = getattr(ctypes, "windll")  # noqa: B009
    windll.kernel32.DeviceIoControl(
        ctypes.c_void_p(handle), _FSCTL_SET_SPARSE, None, 0, None, 0, ctypes.byref(returned), None
    )  # a file system without holes takes its time; the file is the same


_FSCTL_SET_SPARSE = 0x900C4
"""Source: winioctl.h."""


def close(descriptor: int) -> None:
    """Closes a file that open_part has opened."""
    os.close(descriptor)


def sync(part: str, descriptor: int | None = None) -> None:
    """Makes the file's bytes and its length durable. May take long: never called on the transfer thread.

    descriptor: the file itself where it is open; it is closed here. Raises FileNotFoundError where somebody has
    deleted the file.
    """
    if descriptor is None:
        descriptors: list[int] = []
        _patiently(lambda: descriptors.append(os.open(part, _OPEN_FLAGS)))
        (descriptor,) = descriptors
    try:
        # macOS' and Windows' Python have no fdatasync.
        (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(descriptor)
        if not os.fstat(descriptor).st_nlink:
            raise FileNotFoundError(errno.ENOENT, "the temporary file was deleted", part)
    finally:
        os.close(descriptor)
    if part in _made_anew:
        sync_folder(os.path.dirname(part))
        _made_anew.discard(part)


def sync_all(files: Sequence[tuple[str, int | None]]) -> list[OSError | None]:
    """As sync for many files at once, on threads of its own; for each the error, None where it is durable now."""
    results: list[OSError | None] = [OSError(errno.EIO, "the file was not synced", part) for part, _ in files]
    waiting = iter(range(len(files)))  # next() of it is one step for all threads

    def run() -> None:
        for at in waiting:
            try:
                sync(*files[at])
            except OSError as error:
                results[at] = error
            else:
                results[at] = None

    others = [
        threading.Thread(target=run, name=f"domonitor-sync-{number}", daemon=True)
        for number in range(1, min(SYNC_THREADS, len(files)))
    ]
    for thread in others:
        thread.start()
    run()
    for thread in others:
        thread.join()
    return results


def blocks(part: str) -> Iterator[memoryview]:
    """What is in the temporary file, in steps of READ_STEP_BYTES, each of which overwrites the one before.

    May take long: never called on the engine's thread. Raises OSError.
    """
    descriptors: list[int] = []
    _patiently(lambda: descriptors.append(os.open(part, _OPEN_FLAGS & ~os.O_RDWR | os.O_RDONLY)))
    with open(descriptors[0], "rb", buffering=0) as file:
        block = bytearray(READ_STEP_BYTES)
        view = memoryview(block)
        while count := file.readinto(block):
            yield view[:count]


def write_stream(part: str, name: str, text: str) -> None:
    """Windows: what stands beside the temporary file's content under that name, and goes with it wherever it goes.

    A missing file is not made. Raises OSError where the file system has no such thing.
    """
    if size_of(part) is not None:
        with open(f"{part}:{name}", "w", encoding="utf-8", newline="") as stream:
            stream.write(text)


def open_part(part: str, offset: int, keeps_bytes: int | None = None) -> int | None:
    """Opens a temporary file to go on at the offset; what lies behind it is cut off. Returns the descriptor.

    keeps_bytes: the file was stretched to that size, and nothing is cut off. A missing empty file is made anew. None
    where it holds fewer bytes. Raises OSError, also where this is no file any more.
    """
    try:
        descriptor = os.open(part, _OPEN_FLAGS)
    except FileNotFoundError:
        if offset:
            return None
        descriptor = os.open(part, _OPEN_FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
        _made_anew.add(part)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise FileExistsError(errno.EEXIST, "something else has the temporary file's name")
        if found.st_size < max(offset, keeps_bytes or 0):
            os.close(descriptor)
            return None
        if keeps_bytes is None and found.st_size > offset:
            os.ftruncate(descriptor, offset)
        if offset:
            os.lseek(descriptor, offset, os.SEEK_SET)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
