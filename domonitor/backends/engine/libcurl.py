"""What the libcurl can do that this program came with, and what its handles tell at the end of a request."""

from __future__ import annotations

from typing import Any

import pycurl

from domonitor.backends.engine import curl_errors
from domonitor.backends.engine.failures import Failure
from domonitor.jobs.host import host_of as address_host

_BITS = {
    "SSL": 1 << 2,
    "libz": 1 << 3,
    "IPv6": 1 << 0,
    "AsynchDNS": 1 << 7,
    "SPNEGO": 1 << 8,
    "LargeFile": 1 << 9,
    "IDN": 1 << 10,
    "NTLM": 1 << 4,
    "HTTP2": 1 << 16,
    "HTTPS-proxy": 1 << 21,
    "brotli": 1 << 23,
    "alt-svc": 1 << 24,
    "HTTP3": 1 << 25,
    "zstd": 1 << 26,
}
"""Source: curl/curl.h, CURL_VERSION_."""


def versions() -> str:
    """The versions of the binding, of libcurl and of what it uses, as libcurl says them."""
    return str(pycurl.version)


def features() -> dict[str, bool]:
    """What there may be, by libcurl's names, and whether it is there."""
    bits = pycurl.version_info()[4]
    return {name: bool(bits & bit) for name, bit in _BITS.items()}


def protocols() -> tuple[str, ...]:
    """The schemes that it speaks."""
    return tuple(pycurl.version_info()[8])


def failure_of(curl: Any, number: int, words: str) -> Failure:
    """Why it failed. number, words: libcurl's."""
    return curl_errors.failure_of(
        number,
        words,
        host_of(curl),
        os_error=curl.getinfo(pycurl.OS_ERRNO),
        certificate=curl.getinfo(pycurl.SSL_VERIFYRESULT),
        proxy_status=curl.getinfo(pycurl.HTTP_CONNECTCODE),
        used_proxy=used_proxy(curl),
        proxy_error=_newer_info(curl, "PROXY_ERROR"),
    )


def used_proxy(curl: Any) -> bool:
    """Whether the way led through a proxy."""
    return bool(_newer_info(curl, "USED_PROXY"))


def host_of(curl: Any) -> str:
    """The server that was spoken to last, which may be one that another one passed us on to."""
    return address_host(curl.getinfo_raw(pycurl.EFFECTIVE_URL).decode("ascii", "replace")) or "the server"


def _newer_info(curl: Any, name: str) -> int:
    """What not every version of the binding can tell, 0 there."""
    return int(curl.getinfo(getattr(pycurl, name))) if hasattr(pycurl, name) else 0
