"""What a folder lies on: a disk of this computer, or another computer's, and how much room there is."""

from __future__ import annotations

import ctypes
import ntpath
import os
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple


class Room(NamedTuple):
    """device: which disk it is. free_bytes: how much this user may still write there."""

    device: int
    free_bytes: int


def room(folder: str) -> Room:
    """What is free where the folder lies. Another computer's disk may let it wait. Raises OSError."""
    return Room(os.stat(folder).st_dev, shutil.disk_usage(folder).free)  # noqa: PTH116


def network_file_system(folder: Path) -> str:
    """What kind of network file system the folder lies on, in words for a sentence; "" on a disk of this computer."""
    if sys.platform == "win32":
        return "a Windows share (SMB)" if _is_remote_drive(str(folder.resolve())) else ""
    folder = folder.resolve()  # before the mounts are read: it may bring one about
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    return network_kind(mounts, folder)


def network_kind(mounts: str, folder: Path) -> str:
    """As network_file_system, by the lines of /proc/self/mountinfo. folder: without links. Source: proc(5)."""
    kind, depth = "", 0
    for line in mounts.splitlines():
        before, _, behind = line.partition(" - ")
        if len(before.split(" ")) < _MOUNT_POINT + 1 or not behind:
            continue
        point = Path(_OCTAL.sub(lambda found: chr(int(found[1], 8)), before.split(" ")[_MOUNT_POINT]))
        # Of two on one place the later one lies on top.
        if folder.is_relative_to(point) and len(point.parts) >= depth:
            kind, depth = _NETWORK_KINDS.get(behind.split(" ")[0], ""), len(point.parts)
    return kind


_MOUNT_POINT = 4
_OCTAL = re.compile(r"\\([0-7]{3})")

_NETWORK_KINDS = {
    "9p": "a folder of another system (9P)",
    "afs": "AFS",
    "ceph": "Ceph",
    "cifs": "a Windows share (SMB)",
    "davfs": "WebDAV",
    "fuse.ceph": "Ceph",
    "fuse.davfs": "WebDAV",
    "fuse.glusterfs": "GlusterFS",
    "fuse.gvfsd-fuse": "a network place of the desktop",
    "fuse.rclone": "a cloud drive (rclone)",
    "fuse.sshfs": "SSHFS",
    "glusterfs": "GlusterFS",
    "lustre": "Lustre",
    "ncpfs": "a NetWare share",
    "nfs": "NFS",
    "nfs4": "NFS",
    "smb3": "a Windows share (SMB)",
    "smbfs": "a Windows share (SMB)",
}


def _is_remote_drive(folder: str) -> bool:
    """Windows: whether the path names a share, or a drive that stands for one."""
    drive, _ = ntpath.splitdrive(folder)
    if drive.startswith("\\\\?\\"):
        drive = drive[4:]
        if drive.upper().startswith("UNC\\"):
            return True
    if drive.startswith("\\\\"):
        return not drive.startswith("\\\\.\\")
    return bool(drive) and _drive_type(f"{drive}\\") == _DRIVE_REMOTE


def _drive_type(root: str) -> int:
    windll = getattr(ctypes, "windll", None)
    return int(windll.kernel32.GetDriveTypeW(root)) if windll else 0


_DRIVE_REMOTE = 4
"""Source: winbase.h."""
