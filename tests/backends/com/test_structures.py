"""What is read from memory has the documented sizes and places. Source: Windows SDK headers."""

from __future__ import annotations

import ctypes
import struct
from datetime import UTC, datetime

import pytest

from domonitor.backends.com import structures
from domonitor.backends.com.slots import BITS_VERSIONS, INTERFACES

SIZES = {
    structures.JobProgress: 24,
    structures.FileProgress: 24,
    structures.JobTimes: 24,
    structures.FileRange: 16,
    structures.JobPropertyValue: 16,
    structures.DownloadStatus: 32,
    structures.SwarmStats: 136,
}

SLOTS = {
    "IBackgroundCopyManager": ("CreateJob", "GetErrorDescription", 4),
    "IBackgroundCopyJob": ("AddFileSet", "TakeOwnership", 32),
    "IBackgroundCopyJob2": ("SetNotifyCmdLine", "RemoveCredentials", 8),
    "IBackgroundCopyJob3": ("ReplaceRemotePrefix", "GetFileACLFlags", 4),
    "IBackgroundCopyJob4": ("SetPeerCachingFlags", "GetMaximumDownloadTime", 6),
    "IBackgroundCopyJob5": ("SetProperty", "GetProperty", 2),
    "IBackgroundCopyFile": ("GetRemoteName", "GetProgress", 3),
    "IBackgroundCopyFile2": ("GetFileRanges", "SetRemoteName", 2),
    "IBackgroundCopyError": ("GetError", "GetProtocol", 5),
    "IBackgroundCopyJobHttpOptions": ("SetClientCertificateByID", "GetSecurityFlags", 8),
    "IEnumBackgroundCopyJobs": ("Next", "GetCount", 5),
    "IDODownload": ("Start", "SetProperty", 7),
}
"""The first and the last method of each, and how many there are."""


@pytest.mark.parametrize("kind", SIZES, ids=lambda kind: kind.__name__)
def test_structures_have_the_sizes_of_the_headers(kind: type[ctypes.Structure]) -> None:
    assert ctypes.sizeof(kind) == SIZES[kind]


def test_sizes_beyond_4_gib_are_read_whole() -> None:
    said = structures.JobProgress.from_buffer_copy(struct.pack("<QQII", 5 << 40, 3 << 30, 7, 5))
    assert (said.bytes_total, said.bytes_transferred) == (5 << 40, 3 << 30)
    assert (said.files_total, said.files_transferred) == (7, 5)


def test_a_moment_is_read_in_utc_and_never_is_none() -> None:
    ticks = (datetime(2026, 11, 1, 12, tzinfo=UTC) - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds() * 10_000_000
    said = structures.FileTime.from_buffer_copy(struct.pack("<Q", int(ticks)))
    assert said.moment() == datetime(2026, 11, 1, 12, tzinfo=UTC)
    assert structures.FileTime().moment() is None


@pytest.mark.parametrize("name", SLOTS)
def test_methods_are_in_the_order_of_the_headers(name: str) -> None:
    slots = [slot for slot, _ in INTERFACES[name].slots]
    assert (slots[0], slots[-1], len(slots)) == SLOTS[name]


def test_every_interface_goes_on_from_one_that_is_there_and_has_an_id_of_its_own() -> None:
    assert all(not one.base or one.base in INTERFACES for one in INTERFACES.values())
    ids = [one.iid for one in INTERFACES.values()] + list(BITS_VERSIONS.values())
    assert len(set(ids)) == len(ids)
