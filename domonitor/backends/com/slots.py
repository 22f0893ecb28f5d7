"""The interfaces of BITS and Delivery Optimization: their ids, and their methods in the order of the headers.

The legacy Delivery Optimization interfaces have the ids of BITS' own, so one table serves both services. An interface
comes after those that it hands out. Source: Windows SDK, Bits.Idl to bits10_3.idl, deliveryoptimization.idl.
"""

from __future__ import annotations

from collections.abc import Mapping
from ctypes import POINTER, c_int, c_uint32, c_uint64, c_void_p, c_wchar_p
from dataclasses import dataclass
from typing import Any

from domonitor.backends.com.structures import (
    DownloadStatus,
    FileProgress,
    FileRange,
    JobProgress,
    JobPropertyValue,
    JobTimes,
    SwarmStats,
)

BITS_CLASS = "{4991D34B-80A1-4291-83B6-3328366B9097}"
DELIVERY_OPTIMIZATION_CLASS = "{5B99FA76-721C-423C-ADAC-56D03C8A8007}"

BITS_VERSIONS: Mapping[str, str] = {
    "10.3": "{5FD42AD5-C04E-4D36-ADC7-E08FF15737AD}",
    "10.2": "{4575438F-A6C8-4976-B0FE-2F26B80D959E}",
    "10.1": "{4BD3E4E1-7BD4-4A2B-9964-496400DE5193}",
    "5.0": "{1ECCA34C-E88A-44E3-8D6A-8921BDE9E452}",
    "4.0": "{BB6DF56B-CACE-11DC-9992-0019B93A3A84}",
    "3.0": "{659CDEA7-489E-11D9-A9CD-000D56965251}",
    "2.5": "{03CA98D6-FF5D-49B8-ABC6-03DD84127020}",
    "2.0": "{6D18AD12-BDE3-4393-B311-099C346E6DF9}",
    "1.5": "{F087771F-D74F-4C1A-BB8A-E16ACA9124EA}",
}
"""The class of each version; the newest one that can be created is the version that is there."""

TEXT_OUT = POINTER(c_void_p)
"""A text that the caller frees with CoTaskMemFree."""

_OBJECT, _OBJECT_OUT, _ANY = c_void_p, POINTER(c_void_p), c_void_p
_TEXT, _INT, _UINT, _LONG = c_wchar_p, c_int, c_uint32, c_uint64
_INT_OUT, _UINT_OUT, _LONG_OUT = POINTER(c_int), POINTER(c_uint32), POINTER(c_uint64)


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface. base: the name of the one that it goes on from, "" for IUnknown. slots: name and argument types."""

    iid: str
    base: str
    slots: tuple[tuple[str, tuple[Any, ...]], ...]


def _list_of_objects(iid: str) -> Interface:
    return Interface(
        iid,
        "",
        (
            ("Next", (_UINT, _OBJECT_OUT, _UINT_OUT)),
            ("Skip", (_UINT,)),
            ("Reset", ()),
            ("Clone", (_OBJECT_OUT,)),
            ("GetCount", (_UINT_OUT,)),
        ),
    )


INTERFACES: Mapping[str, Interface] = {
    "IBackgroundCopyFile": Interface(
        "{01B7BD23-FB88-4A77-8490-5891D3E4653A}",
        "",
        (
            ("GetRemoteName", (TEXT_OUT,)),
            ("GetLocalName", (TEXT_OUT,)),
            ("GetProgress", (POINTER(FileProgress),)),
        ),
    ),
    "IBackgroundCopyFile2": Interface(
        "{83E81B93-0873-474D-8A8C-F2018B1A939C}",
        "IBackgroundCopyFile",
        (("GetFileRanges", (_UINT_OUT, _OBJECT_OUT)), ("SetRemoteName", (_TEXT,))),
    ),
    "IBackgroundCopyFile3": Interface(
        "{659CDEAA-489E-11D9-A9CD-000D56965251}",
        "IBackgroundCopyFile2",
        (
            ("GetTemporaryName", (TEXT_OUT,)),
            ("SetValidationState", (_INT,)),
            ("GetValidationState", (_INT_OUT,)),
            ("IsDownloadedFromPeer", (_INT_OUT,)),
        ),
    ),
    "IBackgroundCopyFile4": Interface(
        "{EF7E0655-7888-4960-B0E5-730846E03492}",
        "IBackgroundCopyFile3",
        (("GetPeerDownloadStats", (_LONG_OUT, _LONG_OUT)),),
    ),
    "IEnumBackgroundCopyFiles": _list_of_objects("{CA51E165-C365-424C-8D41-24AAA4FF3C40}"),
    "IBackgroundCopyError": Interface(
        "{19C613A0-FCB8-4F28-81AE-897C3D078F81}",
        "",
        (
            ("GetError", (_INT_OUT, POINTER(c_uint32))),
            ("GetFile", (_OBJECT_OUT,)),
            ("GetErrorDescription", (_UINT, TEXT_OUT)),
            ("GetErrorContextDescription", (_UINT, TEXT_OUT)),
            ("GetProtocol", (TEXT_OUT,)),
        ),
    ),
    "IBackgroundCopyJob": Interface(
        "{37668D37-507E-4160-9316-26306D150B12}",
        "",
        (
            ("AddFileSet", (_UINT, _ANY)),
            ("AddFile", (_TEXT, _TEXT)),
            ("EnumFiles", (_OBJECT_OUT,)),
            ("Suspend", ()),
            ("Resume", ()),
            ("Cancel", ()),
            ("Complete", ()),
            ("GetId", (_ANY,)),
            ("GetType", (_INT_OUT,)),
            ("GetProgress", (POINTER(JobProgress),)),
            ("GetTimes", (POINTER(JobTimes),)),
            ("GetState", (_INT_OUT,)),
            ("GetError", (_OBJECT_OUT,)),
            ("GetOwner", (TEXT_OUT,)),
            ("SetDisplayName", (_TEXT,)),
            ("GetDisplayName", (TEXT_OUT,)),
            ("SetDescription", (_TEXT,)),
            ("GetDescription", (TEXT_OUT,)),
            ("SetPriority", (_INT,)),
            ("GetPriority", (_INT_OUT,)),
            ("SetNotifyFlags", (_UINT,)),
            ("GetNotifyFlags", (_UINT_OUT,)),
            ("SetNotifyInterface", (_OBJECT,)),
            ("GetNotifyInterface", (_OBJECT_OUT,)),
            ("SetMinimumRetryDelay", (_UINT,)),
            ("GetMinimumRetryDelay", (_UINT_OUT,)),
            ("SetNoProgressTimeout", (_UINT,)),
            ("GetNoProgressTimeout", (_UINT_OUT,)),
            ("GetErrorCount", (_UINT_OUT,)),
            ("SetProxySettings", (_INT, _TEXT, _TEXT)),
            ("GetProxySettings", (_INT_OUT, TEXT_OUT, TEXT_OUT)),
            ("TakeOwnership", ()),
        ),
    ),
    "IBackgroundCopyJob2": Interface(
        "{54B50739-686F-45EB-9DFF-D6A9A0FAA9AF}",
        "IBackgroundCopyJob",
        (
            ("SetNotifyCmdLine", (_TEXT, _TEXT)),
            ("GetNotifyCmdLine", (TEXT_OUT, TEXT_OUT)),
            ("GetReplyProgress", (_ANY,)),
            ("GetReplyData", (_OBJECT_OUT, _LONG_OUT)),
            ("SetReplyFileName", (_TEXT,)),
            ("GetReplyFileName", (TEXT_OUT,)),
            ("SetCredentials", (_ANY,)),
            ("RemoveCredentials", (_INT, _INT)),
        ),
    ),
    "IBackgroundCopyJob3": Interface(
        "{443C8934-90FF-48ED-BCDE-26F5C7450042}",
        "IBackgroundCopyJob2",
        (
            ("ReplaceRemotePrefix", (_TEXT, _TEXT)),
            ("AddFileWithRanges", (_TEXT, _TEXT, _UINT, POINTER(FileRange))),
            ("SetFileACLFlags", (_UINT,)),
            ("GetFileACLFlags", (_UINT_OUT,)),
        ),
    ),
    "IBackgroundCopyJob4": Interface(
        "{659CDEAE-489E-11D9-A9CD-000D56965251}",
        "IBackgroundCopyJob3",
        (
            ("SetPeerCachingFlags", (_UINT,)),
            ("GetPeerCachingFlags", (_UINT_OUT,)),
            ("GetOwnerIntegrityLevel", (_UINT_OUT,)),
            ("GetOwnerElevationState", (_UINT_OUT,)),
            ("SetMaximumDownloadTime", (_UINT,)),
            ("GetMaximumDownloadTime", (_UINT_OUT,)),
        ),
    ),
    "IBackgroundCopyJob5": Interface(
        "{E847030C-BBBA-4657-AF6D-484AA42BF1FE}",
        "IBackgroundCopyJob4",
        (
            ("SetProperty", (_INT, JobPropertyValue)),
            ("GetProperty", (_INT, POINTER(JobPropertyValue))),
        ),
    ),
    "IBackgroundCopyJobHttpOptions": Interface(
        "{F1BD1079-9F01-4BDC-8036-F09B70095066}",
        "",
        (
            ("SetClientCertificateByID", (_INT, _TEXT, _ANY)),
            ("SetClientCertificateByName", (_INT, _TEXT, _TEXT)),
            ("RemoveClientCertificate", ()),
            ("GetClientCertificate", (_INT_OUT, TEXT_OUT, _OBJECT_OUT, TEXT_OUT)),
            ("SetCustomHeaders", (_TEXT,)),
            ("GetCustomHeaders", (TEXT_OUT,)),
            ("SetSecurityFlags", (_UINT,)),
            ("GetSecurityFlags", (_UINT_OUT,)),
        ),
    ),
    "IEnumBackgroundCopyJobs": _list_of_objects("{1AF4F612-3B71-466F-8F58-7B6F73AC57AD}"),
    "IBackgroundCopyManager": Interface(
        "{5CE34C0D-0DC9-4C1F-897C-DAA1B78CEE7C}",
        "",
        (
            ("CreateJob", (_TEXT, _INT, _ANY, _OBJECT_OUT)),
            ("GetJob", (_ANY, _OBJECT_OUT)),
            ("EnumJobs", (_UINT, _OBJECT_OUT)),
            ("GetErrorDescription", (_UINT, _UINT, TEXT_OUT)),
        ),
    ),
    "IBackgroundCopyCallback": Interface(
        "{97EA99C7-0186-4AD4-8DF9-C5B4E0ED6B22}",
        "",
        (
            ("JobTransferred", (_OBJECT,)),
            ("JobError", (_OBJECT, _OBJECT)),
            ("JobModification", (_OBJECT, _UINT)),
        ),
    ),
    "IBackgroundCopyCallback2": Interface(
        "{659CDEAC-489E-11D9-A9CD-000D56965251}",
        "IBackgroundCopyCallback",
        (("FileTransferred", (_OBJECT, _OBJECT)),),
    ),
    "IDeliveryOptimizationFile": Interface(
        "{B76B9699-E99E-4101-803F-A20E325D93E2}", "", (("GetStats", (POINTER(SwarmStats),)),)
    ),
    "IDeliveryOptimizationJob": Interface(
        "{EE2584CF-A69C-4848-B633-2649962B3EF7}",
        "",
        (("AddFileWithRanges", (_TEXT, _TEXT, _TEXT, _UINT, POINTER(FileRange), _LONG)),),
    ),
    "IDODownload": Interface(
        "{FBBD7FC0-C147-4727-A38D-827EF071EE77}",
        "",
        (
            ("Start", (_ANY,)),
            ("Pause", ()),
            ("Abort", ()),
            ("Finalize", ()),
            ("GetStatus", (POINTER(DownloadStatus),)),
            ("GetProperty", (_INT, _ANY)),
            ("SetProperty", (_INT, _ANY)),
        ),
    ),
    "IDODownloadStatusCallback": Interface(
        "{D166E8E3-A90E-4392-8E87-05E996D3747D}", "", (("OnStatusChange", (_OBJECT, POINTER(DownloadStatus))),)
    ),
    "IDOManager": Interface(
        "{400E2D4A-1431-4C1A-A748-39CA472CFDB1}",
        "",
        (("CreateDownload", (_OBJECT_OUT,)), ("EnumDownloads", (_ANY, _OBJECT_OUT))),
    ),
}
