"""The net: what libcurl can do, what is trusted, and the download services of this system."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from domonitor.doctor.bits import bits
from domonitor.doctor.finding import IMPORTING, Finding, ok, problem, warning

NEEDED = ("SSL", "libz", "LargeFile")
WANTED = ("HTTP2", "IPv6", "AsynchDNS", "brotli", "SPNEGO", "HTTPS-proxy")

INSTALL_CURL = "Install the wheel of pycurl: pip install --only-binary pycurl --force-reinstall pycurl"

_CERTIFICATE = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----")
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")

_AGENT_FOLDER = Path("/var/run/deliveryoptimization-agent")
"""Where the agent says on which port it listens. Source: its REST interface, restport.<pid>."""


def libcurl(_: Path | None) -> Finding:
    """Whether libcurl can be loaded, and what it lacks."""
    try:
        with IMPORTING:
            from domonitor.backends.engine import libcurl as curl
    except ImportError as error:
        return problem(f"libcurl can't be loaded, so nothing can be downloaded: {error}.", INSTALL_CURL)
    features = curl.features()
    there = ", ".join(name for name, is_there in features.items() if is_there)
    said = f"{curl.versions()}, with {there}."
    if missing := [name for name in NEEDED if not features[name]] + sorted({"http", "https"} - set(curl.protocols())):
        return problem(f"{said} It lacks {', '.join(missing)}, which downloads need.", INSTALL_CURL)
    if missing := [name for name in WANTED if not features[name]]:
        return warning(f"{said} It lacks {', '.join(missing)}; downloads work without.", INSTALL_CURL)
    return ok(said)


def trust(_: Path | None) -> Finding:
    """Which certificates https trusts."""
    if sys.platform == "win32":
        count = sum(map(_certificates_of_windows, ("ROOT", "CA")))
        if count:
            return ok(f"Windows' own store, with {count} certificates.")
        return problem("Windows' certificate store is empty: no https address can be trusted.", "Run Windows Update.")
    with IMPORTING:
        from domonitor.backends.engine.trust import system_trust

    return trust_in(Path(path) for _, path in system_trust() if isinstance(path, str))


def _certificates_of_windows(store: str) -> int:
    """How many a store of Windows holds; not by ssl, which the Windows program does not bring along."""
    count = 0
    if sys.platform == "win32":
        import ctypes

        crypt32 = ctypes.WinDLL("crypt32")
        crypt32.CertOpenSystemStoreW.restype = crypt32.CertEnumCertificatesInStore.restype = ctypes.c_void_p
        opened = crypt32.CertOpenSystemStoreW(None, ctypes.c_wchar_p(store))
        found = None
        while opened and (
            found := crypt32.CertEnumCertificatesInStore(ctypes.c_void_p(opened), ctypes.c_void_p(found))
        ):
            count += 1
        crypt32.CertCloseStore(ctypes.c_void_p(opened), 0)
    return count


def trust_in(places: Iterable[Path]) -> Finding:
    """The same, of certificate files and of folders that OpenSSL has hashed."""
    counts: list[str] = []
    for place in places:
        try:
            if place.is_dir():
                count = sum(1 for path in place.iterdir() if _HASHED.fullmatch(path.name))
            else:
                count = len(_CERTIFICATE.findall(place.read_bytes()))
        except OSError as error:
            return problem(f"{place} can't be read: {error.strerror}.", _SET_TRUST)
        # A file that is named is used alone: libcurl refuses it where nothing is in it.
        if not count and not place.is_dir():
            return problem(f"{place} holds no certificate, so no https address can be trusted.", _SET_TRUST)
        if count:
            counts.append(f"{count} certificates in {place}")
    if not counts:
        return problem("No trusted certificates are found, so no https address can be trusted.", _SET_TRUST)
    said = f"{' and '.join(counts)}."
    chosen = os.environ.get("SSL_CERT_FILE")
    if chosen and not Path(chosen).is_file():
        return warning(
            f"SSL_CERT_FILE names {chosen}, which is not there. Used instead: {said}",
            f"Correct or unset it. {_SET_TRUST}",
        )
    return ok(said)


_SET_TRUST = (
    "Set SSL_CERT_FILE to a file of trusted certificates (PEM), or install the system's own; on Debian and Ubuntu: "
    "apt-get install ca-certificates"
)


def services(_: Path | None) -> Finding:
    """Which download services there are on this system."""
    of_bits = bits()
    told = ["domonitor's own engine: there", of_bits.found, f"Delivery Optimization: {_windows_service('DoSvc')}"]
    if sys.platform != "win32":
        told.append(f"Delivery Optimization agent: {_agent()}")
    return replace(of_bits, found=f"{'. '.join(told)}.")


_DISABLED = 4
"""Source: winsvc.h, SERVICE_DISABLED."""


def _windows_service(name: str) -> str:
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, rf"SYSTEM\CurrentControlSet\Services\{name}") as key:
                return "disabled" if winreg.QueryValueEx(key, "Start")[0] == _DISABLED else "there"
        except OSError:
            pass
    return "not on this system"


def _agent() -> str:
    if not sys.platform.startswith("linux") or not _AGENT_FOLDER.is_dir():
        return "not on this system"
    try:
        running = [path for path in _AGENT_FOLDER.glob("restport.*") if Path("/proc", path.suffix[1:]).exists()]
    except OSError:
        running = []
    return "there" if running else "there, but not running"
