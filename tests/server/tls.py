"""Certificates for the origin, good and bad ones. trustme is imported only when one is asked for."""

from __future__ import annotations

import ssl
import warnings
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import trustme

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Tls(Enum):
    """What a client that trusts Origin.ca_file finds wrong with the origin; with TRUSTED nothing."""

    TRUSTED = "trusted"
    UNKNOWN_AUTHORITY = "unknown authority"
    WRONG_HOST = "wrong host name"
    EXPIRED = "expired"
    NOT_YET_VALID = "not yet valid"
    OLD_PROTOCOL = "old protocol only"  # TLS 1.1 at most
    NO_COMMON_CIPHER = "no common cipher"  # only such as prove nobody's identity
    WANTS_CERTIFICATE = "wants a certificate"  # of the client


def authority_pem() -> bytes:
    """The certificate of the authority that signs all but UNKNOWN_AUTHORITY; the same throughout the process."""
    return _authority("trusted").cert_pem.bytes()


def server_pem() -> bytes:
    """Key and certificate of a server on loopback, for a program that serves by itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return _certificate(Tls.TRUSTED).private_key_and_cert_chain_pem.bytes()


def client_pem(password: str = "") -> bytes:
    """Key and certificate of a client that WANTS_CERTIFICATE accepts; with a password the key is locked with it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made = _authority("trusted").issue_cert("anna@client.example")
    key = made.private_key_pem.bytes()
    if password:
        from cryptography.hazmat.primitives import serialization

        key = serialization.load_pem_private_key(key, None).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(password.encode()),
        )
    return key + made.cert_chain_pems[0].bytes()


def client_pkcs12(password: str = "") -> bytes:
    """The same as PKCS 12."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12

    pem = client_pem()
    key = serialization.load_pem_private_key(pem, None)
    locked = serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    return pkcs12.serialize_key_and_certificates(b"anna", key, x509.load_pem_x509_certificate(pem), None, locked)  # type: ignore[arg-type]


@lru_cache
def server_context(tls: Tls) -> ssl.SSLContext:
    """What the origin serves with; made once a process."""
    with warnings.catch_warnings():
        # trustme passes naive dates, and Python calls TLS 1.1 by its name deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if tls is Tls.OLD_PROTOCOL:
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
            context.set_ciphers("ALL:@SECLEVEL=0")
        elif tls is Tls.NO_COMMON_CIPHER:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers("AECDH-AES128-SHA:@SECLEVEL=0")
        elif tls is Tls.WANTS_CERTIFICATE:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(cadata=authority_pem().decode("ascii"))
        _certificate(tls).configure_cert(context)
    return context


def _certificate(tls: Tls) -> trustme.LeafCert:
    authority = _authority("unknown" if tls is Tls.UNKNOWN_AUTHORITY else "trusted")
    match tls:
        case Tls.WRONG_HOST:
            return authority.issue_cert("elsewhere.example")
        case Tls.EXPIRED:
            return authority.issue_cert(*_LOOPBACK, not_after=datetime(2001, 1, 1))  # noqa: DTZ001 - trustme wants it
        case Tls.NOT_YET_VALID:
            return authority.issue_cert(*_LOOPBACK, not_before=datetime(2999, 1, 1))  # noqa: DTZ001 - trustme wants it
        case _:
            return authority.issue_cert(*_LOOPBACK)


@lru_cache
def _authority(name: str) -> trustme.CA:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import trustme

        return trustme.CA(organization_name=f"domonitor tests, {name} authority")
