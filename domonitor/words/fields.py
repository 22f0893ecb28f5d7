"""Every documented field of a job in words, also those that one service alone has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from domonitor.jobs import codes, hresult
from domonitor.jobs.job import Job
from domonitor.words import text
from domonitor.words.caution import COMMAND, WARNING
from domonitor.words.masking import without_secrets_in

FROM_BITS = (
    "Program",
    "Warning",
    "TransferType",
    "RetryInterval",
    "RetryTimeout",
    "TransientErrorCount",
    "ProxyUsage",
    "ProxyList",
    "ProxyBypassList",
    "ErrorContext",
    "InternalErrorCode",
    "ErrorDescription",
    "ErrorContextDescription",
    "FileList",
    "NotifyFlags",
    "NotifyCommandLine",
    "CustomHeaders",
    "AclFlags",
    "OwnerIntegrityLevel",
    "OwnerElevation",
    "PeerCachingFlags",
    "CostPolicy",
)
"""What to make of a job of BITS, and what Get-BitsTransfer and bitsadmin /info /verbose show beside what a Job has."""

FROM_DO = (
    "FileId",
    "FileSizeInCache",
    "PercentPeerCaching",
    "BytesFromPeers",
    "BytesFromHttp",
    "BytesFromCacheServer",
    "BytesFromLanPeers",
    "BytesFromLinkLocalPeers",
    "BytesFromGroupPeers",
    "BytesFromInternetPeers",
    "BytesToLanPeers",
    "BytesToLinkLocalPeers",
    "BytesToGroupPeers",
    "BytesToInternetPeers",
    "DownloadDuration",
    "HttpConnectionCount",
    "CacheServerConnectionCount",
    "LanConnectionCount",
    "LinkLocalConnectionCount",
    "GroupConnectionCount",
    "InternetConnectionCount",
    "DownloadMode",
    "SourceURL",
    "CacheHost",
    "NumPeers",
    "PredefinedCallerApplication",
    "ExpireOn",
    "IsPinned",
)
"""What Get-DeliveryOptimizationStatus shows beside what a Job has."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field. documented: what Windows calls it, "" where it is ours. value: None where the service gives none."""

    title: str
    documented: str
    value: str | None

    @property
    def shown(self) -> str:
        """The value, or that there is none."""
        return text.tr("unavailable") if self.value is None else self.value


def fields(job: Job) -> tuple[Field, ...]:
    """All of them: first what warns of the job, then what else the service gives, then what it does not."""
    progress, times = job.progress, job.times
    error = job.error_code
    tr = text.tr
    known = (
        Field(tr("Name"), "DisplayName", job.display_name),
        Field(tr("Service"), "", text.service(job.key.service)),
        Field(tr("Job id"), "JobId", job.key.id),
        Field(tr("State"), "", text.state_name(job.state)),
        Field(tr("State by name"), "JobState", job.state.name),
        Field(tr("Why it waits"), "", job.waiting_reason),
        Field(tr("Priority"), "Priority", text.priority_name(job.priority)),
        Field(tr("Description"), "Description", job.description),
        Field(tr("Owner"), "OwnerAccount", job.owner),
        Field(tr("Made by"), "", text.origin_name(job.origin.value)),
        Field(tr("Size"), "BytesTotal", _bytes(progress.bytes_total)),
        Field(tr("Arrived"), "BytesTransferred", _bytes(progress.bytes_transferred)),
        Field(tr("Files"), "FilesTotal", str(progress.files_total)),
        Field(tr("Files arrived"), "FilesTransferred", str(progress.files_transferred)),
        Field(tr("Created"), "CreationTime", _moment(times.created)),
        Field(tr("Changed"), "ModificationTime", _moment(times.modified)),
        Field(tr("Arrived at"), "TransferCompletionTime", _moment(times.transferred)),
        Field(tr("Finishes by itself"), "", tr("yes") if job.auto_complete else tr("no")),
        Field(tr("Error"), "", _headline(error)),
        Field(tr("Error code"), "ErrorCondition", tr("none") if error is None else hresult.text(error)),
        Field(tr("Tries again at"), "", _moment(job.retry_at)),
    )
    every = (*known, *(_reported(job, documented) for documented in FROM_BITS + FROM_DO))
    return tuple(sorted(every, key=lambda field: (field.value is None, field.documented not in (WARNING, COMMAND))))


def reported_title(documented: str) -> str:
    """The title of a field that has no other name than its documented one."""
    title = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", documented)
    return text.tr(title[0] + title[1:].lower())


def reported_words(documented: str, given: str) -> str:
    """What a service says in such a field: addresses without what may be secret in them, of headers the names alone."""
    if documented == "CustomHeaders":
        return ", ".join(f"{line.partition(':')[0]}: …" for line in given.splitlines() if line)
    if documented.startswith("Bytes") and given.isdecimal():
        return text.size(int(given))
    return without_secrets_in(given)


def _reported(job: Job, documented: str) -> Field:
    given = job.reported.get(documented)
    return Field(reported_title(documented), documented, None if given is None else reported_words(documented, given))


def _bytes(count: int | None) -> str | None:
    """In the unit that reads best, and exactly."""
    if count is None:
        return None
    return text.size(count) if count < 1000 else f"{text.size(count)} ({text.plural(count, '{n}', '{n}')} B)"


def _moment(at: datetime | None) -> str | None:
    return None if at is None else f"{at.astimezone():%Y-%m-%d %H:%M:%S}"


def _headline(code: int | None) -> str:
    return text.tr("none") if code is None else codes.explain(code).headline
