"""What the libcurl can do that this program came with."""

from __future__ import annotations

import pycurl

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
