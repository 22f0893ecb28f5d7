"""How certificates are checked: by what this system trusts. The libcurl in the wheel knows no list of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from domonitor.backends.engine.access import Option

_NATIVE_CA = 1 << 4
"""Source: curl/curl.h, CURLSSLOPT_NATIVE_CA."""


def system_trust(before: str = "") -> tuple[Option, ...]:
    """What libcurl is told. before: "PROXY_" for the way to a proxy."""
    if sys.platform == "win32":
        return ((f"{before}SSL_OPTIONS", _NATIVE_CA),)
    import ssl  # only an https address needs it, and it costs the start 10 ms

    paths = ssl.get_default_verify_paths()
    options: list[Option] = []
    for file in (os.environ.get("SSL_CERT_FILE"), paths.cafile, paths.openssl_cafile):
        if file and Path(file).is_file():
            options.append((f"{before}CAINFO", file))
            break
    for folder in (paths.capath, paths.openssl_capath):
        if folder and Path(folder).is_dir():
            options.append((f"{before}CAPATH", folder))
            break
    return tuple(options)
