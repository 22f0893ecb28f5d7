"""What BITS and Delivery Optimization hand over in memory, with the sizes that the headers give.

Source: Bits.Idl, bits3_0.idl, bits5_0.idl, deliveryoptimization.idl.
"""

from __future__ import annotations

import ctypes
from datetime import UTC, datetime, timedelta

SIZE_UNKNOWN = (1 << 64) - 1
"""Source: BG_SIZE_UNKNOWN, BG_LENGTH_TO_EOF."""

_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


class JobProgress(ctypes.Structure):
    """BG_JOB_PROGRESS, 24 bytes."""

    _fields_ = (
        ("bytes_total", ctypes.c_uint64),
        ("bytes_transferred", ctypes.c_uint64),
        ("files_total", ctypes.c_uint32),
        ("files_transferred", ctypes.c_uint32),
    )


class FileProgress(ctypes.Structure):
    """BG_FILE_PROGRESS, 24 bytes."""

    _fields_ = (
        ("bytes_total", ctypes.c_uint64),
        ("bytes_transferred", ctypes.c_uint64),
        ("completed", ctypes.c_int),
    )


class FileTime(ctypes.Structure):
    """FILETIME: hundreds of nanoseconds since 1601, in two halves."""

    _fields_ = (("low", ctypes.c_uint32), ("high", ctypes.c_uint32))

    def moment(self) -> datetime | None:
        """In UTC, None for never."""
        ticks = self.high << 32 | self.low
        return _EPOCH + timedelta(microseconds=ticks // 10) if ticks else None


class JobTimes(ctypes.Structure):
    """BG_JOB_TIMES, 24 bytes."""

    _fields_ = (("created", FileTime), ("modified", FileTime), ("transferred", FileTime))


class FileRange(ctypes.Structure):
    """BG_FILE_RANGE, 16 bytes."""

    _fields_ = (("offset", ctypes.c_uint64), ("length", ctypes.c_uint64))


class JobPropertyValue(ctypes.Structure):
    """BITS_JOB_PROPERTY_VALUE, 16 bytes, of which the first ones count: it is a union, and passed by value."""

    _fields_ = (("number", ctypes.c_uint64), ("rest", ctypes.c_uint64))


class DownloadStatus(ctypes.Structure):
    """DO_DOWNLOAD_STATUS, 32 bytes."""

    _fields_ = (
        ("bytes_total", ctypes.c_uint64),
        ("bytes_transferred", ctypes.c_uint64),
        ("state", ctypes.c_int),
        ("error", ctypes.c_uint32),
        ("extended_error", ctypes.c_uint32),
    )


class SwarmStats(ctypes.Structure):
    """DOSwarmStats, 136 bytes on 64 bits."""

    _fields_ = (
        ("file_id", ctypes.c_void_p),
        ("source_url", ctypes.c_void_p),
        ("file_size", ctypes.c_uint64),
        ("total_bytes_downloaded", ctypes.c_uint64),
        ("bytes_from_lan_peers", ctypes.c_uint64),
        ("bytes_from_group_peers", ctypes.c_uint64),
        ("bytes_from_internet_peers", ctypes.c_uint64),
        ("bytes_from_http", ctypes.c_uint64),
        ("bytes_from_doinc", ctypes.c_uint64),
        ("bytes_to_lan_peers", ctypes.c_uint64),
        ("bytes_to_group_peers", ctypes.c_uint64),
        ("bytes_to_internet_peers", ctypes.c_uint64),
        ("http_connection_count", ctypes.c_uint32),
        ("doinc_connection_count", ctypes.c_uint32),
        ("lan_connection_count", ctypes.c_uint32),
        ("group_connection_count", ctypes.c_uint32),
        ("internet_connection_count", ctypes.c_uint32),
        ("download_duration_ms", ctypes.c_uint32),
        ("download_mode", ctypes.c_int),
        ("status", ctypes.c_int),
        ("is_background", ctypes.c_int),
    )
