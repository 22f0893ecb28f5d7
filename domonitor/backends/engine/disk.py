"""Every call to the file system that the engine makes for its users' files.

A file arrives under a temporary name beside its target and gets its own name at the end. Nothing here follows a
link, and nothing overwrites a file that it was not told to replace. Errors are OSError; failures.of_error
translates them.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
import stat
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

_OPEN_FLAGS = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class PartLost(FileNotFoundError):
    """The temporary file is gone, or another program changed it: it has to be fetched again."""


SHARING_PATIENCE_S = 5.0
"""How long Windows may take to let go of a file, usually because of a virus scanner."""


def part_name(target: str) -> str:
    """A new temporary name beside the target."""
    return str(Path(target).parent / f".domonitor-{secrets.token_hex(6)}.part")


def check_target(target: str, *, replace: bool) -> None:
    """Raises OSError where a file of that name can't be made: no folder, a folder of that name, an existing file."""
    path = Path(target)
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "the folder is not there", str(path.parent))
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a folder has this name", target)
    if not replace:
        raise FileExistsError(errno.EEXIST, "a file of this name is already there", target)


def create_part(part: str) -> None:
    """Makes the empty temporary file, which also proves that the folder can be written."""
    os.close(os.open(part, _OPEN_FLAGS | os.O_CREAT | os.O_EXCL, 0o666))


def sync_folders(folders: Iterable[str]) -> None:
    """Makes new and changed names in the folders durable. Windows has no such call."""
    if sys.platform == "win32":
        return
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            # Some network and FUSE file systems refuse to sync folders; there is no other way to ask for it.
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
                raise
        finally:
            os.close(descriptor)


def size_of(part: str) -> int | None:
    """Bytes in the temporary file; None where it is no regular file any more."""
    try:
        found = Path(part).lstat()
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


def delete_all(parts: Iterable[str]) -> set[str]:
    """Removes temporary files. Returns those that could not be removed."""
    left = set()
    for part in parts:
        try:
            delete(part)
        except OSError:
            left.add(part)
    return left


def delete(part: str) -> None:
    """Removes a temporary file. One that is gone already, or can't ever have been there, is fine."""
    try:
        _patiently(lambda: Path(part).unlink())
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            raise


def finish(part: str, target: str, size: int, *, replace: bool) -> None:
    """Gives the file its final name. Can be repeated after a crash at any point in between.

    size: bytes of the whole file, by which a target that already has its name is recognised.
    Raises FileExistsError where another file has the name, PartLost where the temporary file is gone or not whole.
    """
    found_bytes = size_of(part)
    if found_bytes is None and size_of(target) == size:
        return
    if found_bytes != size:
        raise PartLost(errno.ENOENT, "the temporary file is gone, or no longer whole", part)
    if replace:
        _patiently(lambda: Path(part).replace(target))
    elif sys.platform == "win32":
        _patiently(lambda: Path(part).rename(target))  # refuses an existing target by itself
    else:
        _link_over(part, target)


def finish_all(files: Sequence[tuple[str, str, int, bool]]) -> tuple[int, OSError | None]:
    """Gives many files, each (part, target, size, replace), their final names, durably, up to the first failure.

    Returns how many have their names, and the failure.
    """
    error: OSError | None = None
    named = 0
    for part, target, size, replace in files:
        try:
            finish(part, target, size, replace=replace)
        except OSError as raised:
            error = raised
            break
        named += 1
    sync_folders({os.path.dirname(target) for _, target, _, _ in files[:named]})  # noqa: PTH120
    return named, error


def _link_over(part: str, target: str) -> None:
    """A rename that never overwrites, as POSIX has none: a second name first, then the first one goes."""
    try:
        os.link(part, target, follow_symlinks=False)
    except FileExistsError:
        # After a crash between the two steps both names are the same file.
        if not os.path.samestat(Path(part).lstat(), Path(target).lstat()):
            raise
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EINVAL):
            raise
        # A file system without hard links (FAT, some network shares): the name is taken first, then replaced.
        os.close(os.open(target, _OPEN_FLAGS | os.O_CREAT | os.O_EXCL, 0o666))
        Path(part).replace(target)
        return
    Path(part).unlink()


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


def sync(part: str) -> None:
    """Makes the file's bytes and its length durable."""
    descriptor = os.open(part, _OPEN_FLAGS)
    try:
        # macOS' and Windows' Python have no fdatasync.
        (os.fdatasync if hasattr(os, "fdatasync") else os.fsync)(descriptor)
    finally:
        os.close(descriptor)


SYNC_STEP_BYTES = 32 << 20
"""How much of a running file may lie undurable: a file is synced behind its transfer at each such step."""


class PartFile:
    """A temporary file while its bytes arrive. It is opened by begin; until then nothing is touched.

    write: takes bytes; a bound method of C without a Python frame, for libcurl. written_bytes counts what the
    operating system has taken, never what still lies in the buffer. An error while writing never comes out of
    write: it stays in error, and nothing more is written.
    """

    def __init__(self, part: str, buffer_bytes: int, every_step: Callable[[], None]) -> None:
        """every_step: called whenever another SYNC_STEP_BYTES have been written."""
        self._part = part
        self._raw = _RawPart(every_step)
        self._buffer = io.BufferedWriter(self._raw, buffer_bytes)
        self.write = self._buffer.write

    def begin(self, offset: int) -> bool:
        """Opens the file to go on at the offset; what lies behind it is cut off. A missing empty file is made anew.

        Returns False where it holds fewer bytes. Raises OSError, also where this is no file any more.
        """
        try:
            descriptor = os.open(self._part, _OPEN_FLAGS)
        except FileNotFoundError:
            if offset:
                return False
            descriptor = os.open(self._part, _OPEN_FLAGS | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise FileExistsError(errno.EEXIST, "something else has the temporary file's name")
            if found.st_size < offset:
                os.close(descriptor)
                return False
            os.ftruncate(descriptor, offset)
            os.lseek(descriptor, offset, os.SEEK_SET)
        except OSError:
            os.close(descriptor)
            raise
        self._raw.begin(descriptor, offset)
        return True

    @property
    def is_open(self) -> bool:
        """Whether begin was called."""
        return self._raw.descriptor is not None

    @property
    def written_bytes(self) -> int:
        """Bytes in the file; 0 before begin."""
        return self._raw.written_bytes

    @property
    def error(self) -> OSError | None:
        """What went wrong while writing."""
        return self._raw.error

    def flush(self) -> None:
        """Hands what lies in the buffer to the operating system."""
        self._buffer.flush()

    def close(self) -> None:
        """Flushes and closes."""
        self._buffer.close()


class _RawPart(io.RawIOBase):
    def __init__(self, every_step: Callable[[], None]) -> None:
        self.descriptor: int | None = None
        self.written_bytes = 0
        self.error: OSError | None = None
        self._every_step = every_step
        self._next_step = SYNC_STEP_BYTES

    def begin(self, descriptor: int, offset: int) -> None:
        self.descriptor = descriptor
        self.written_bytes = offset
        self._next_step = offset + SYNC_STEP_BYTES

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        if self.error is None and self.descriptor is not None:
            done = 0
            try:
                while done < view.nbytes:
                    done += os.write(self.descriptor, view[done:])
            except OSError as error:
                self.error = error
            self.written_bytes += done
            if self.written_bytes >= self._next_step:
                self._next_step = self.written_bytes + SYNC_STEP_BYTES
                self._every_step()
        # Whatever happened, libcurl is told that all is well: an exception would be printed by its binding.
        return view.nbytes

    def close(self) -> None:
        if not self.closed:
            super().close()
            if self.descriptor is not None:
                os.close(self.descriptor)
