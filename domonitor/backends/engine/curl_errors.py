"""What libcurl's numbers mean: for each one where it happened, the documented code and a sentence.

Every number that libcurl knows has its row, also those that can't come of http and https, so that none falls through;
a number that a later libcurl adds gets UNKNOWN. Whether a failure passes by itself is read from the code's row in
error_codes.csv. To add a number, give it a row. Source: curl/curl.h, libcurl-errors(3).
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domonitor.backends.engine import failures
from domonitor.backends.engine.failures import Failure
from domonitor.jobs import hresult
from domonitor.jobs.error import ErrorContext


@dataclass(frozen=True, slots=True)
class CurlError:
    """One row. sentence: what was seen; {host} stands for the server that was spoken to last."""

    context: ErrorContext
    code: int
    sentence: str


def _way(code: int, sentence: str) -> CurlError:
    return CurlError(ErrorContext.GENERAL_TRANSPORT, code, sentence)


def _server(code: int, sentence: str) -> CurlError:
    return CurlError(ErrorContext.REMOTE_FILE, code, sentence)


def _inside(code: int, sentence: str) -> CurlError:
    return CurlError(ErrorContext.GENERAL_QUEUE_MANAGER, code, sentence)


_BROKE_OFF = _way(hresult.WININET_E_CONNECTION_RESET, "The connection to {host} broke off.")
_NOT_HTTP = _server(hresult.WININET_E_INVALID_SERVER_RESPONSE, "The answer of {host} is not HTTP.")
_TOO_LARGE = _server(hresult.WININET_E_INVALID_SERVER_RESPONSE, "The head of the answer of {host} is far too large.")
_OTHER_SCHEME = _server(
    hresult.WININET_E_UNRECOGNIZED_SCHEME,
    "The address, or one that the server passed us on to, is neither http nor https.",
)
_NOT_SECURE = _way(hresult.WINHTTP_SECURE_FAILURE, "{host} and this computer could not agree on a secure connection.")
_SECURE_PARTS = _way(hresult.WINHTTP_SECURE_FAILURE, "This computer's part of the secure connection can't be set up.")
_AUTHORITY = _way(
    hresult.WININET_E_INVALID_CA,
    "The certificate of {host} comes from an authority that this computer does not trust.",
)
_DATE = _way(hresult.WININET_E_SEC_CERT_DATE_INVALID, "Today lies outside the dates on the certificate of {host}.")
_NAME = _way(hresult.WININET_E_SEC_CERT_CN_INVALID, "The certificate was not made out to {host}.")
_PROXY_NOT_REACHED = hresult.WININET_E_PROXY_SERVER_UNREACHABLE
_NO_WAY_TO_PROXY = _way(_PROXY_NOT_REACHED, "No connection to the proxy could be made.")
_PROXY_WANTS_PASSWORD = _way(hresult.HTTP_STATUS + 407, f"The proxy does not pass us on. {failures.PROXY_WANTS_LOGIN}")
_PROXY_REFUSES = _way(hresult.HTTP_STATUS + 403, "The proxy refuses to pass us on to {host}.")
_BEHIND_PROXY = _way(hresult.WININET_E_CANNOT_CONNECT, "The proxy could make no connection to {host}.")
_ADDRESS_GONE = _way(
    hresult.WININET_E_CONNECTION_ABORTED, "This computer's address, to which {host} was sending, is gone."
)
_WANTS_PASSWORD = _server(hresult.HTTP_STATUS + 401, "{host} does not accept the user name and password.")
_LIBRARY = _inside(hresult.E_UNEXPECTED, "The transfer to {host} failed inside the transfer library.")
_NEVER = _inside(hresult.E_UNEXPECTED, "The transfer to {host} failed in a way that no longer exists.")

_WANTS_CERTIFICATE = _way(
    hresult.WININET_E_CLIENT_AUTH_CERT_NEEDED, "{host} wants to see a certificate of this computer."
)

_OWN_CERTIFICATE = _way(
    hresult.WINHTTP_SECURE_FAILURE,
    "The certificate that this computer should show to {host} can't be read, or its password is wrong.",
)

UNKNOWN = _way(hresult.WININET_E_CONNECTION_ABORTED, "The transfer from {host} failed.")
"""For numbers that are not known yet. It passes: a new attempt does no harm, and without a byte it ends."""

_OTHER_PROTOCOLS = (10, 11, 12, 13, 14, 15, 17, 19, 21, 30, 37, 38, 39, 49, 68, 69, 71, 72, 74, 79, 84, 85, 86, 87, 88)
"""Those of FTP, FILE, LDAP, TELNET, TFTP, SSH and RTSP, which are never spoken."""

_OBSOLETE = (20, 24, 29, 32, 34, 40, 41, 44, 46, 50, 57, 62, 75, 76)

ROWS: Mapping[int, CurlError] = {
    **dict.fromkeys(_OTHER_PROTOCOLS, _OTHER_SCHEME),
    **dict.fromkeys(_OBSOLETE, _NEVER),
    1: _OTHER_SCHEME,  # UNSUPPORTED_PROTOCOL
    2: _inside(hresult.E_UNEXPECTED, "The transfer library could not be started."),  # FAILED_INIT
    # URL_MALFORMAT: ours was looked at when it was added, so mostly that of a redirect.
    3: _server(hresult.INET_E_INVALID_URL, "The address, or one that the server passed us on to, can't be read."),
    4: _inside(hresult.E_UNEXPECTED, "{host} needs what the transfer library was built without."),  # NOT_BUILT_IN
    5: _way(_PROXY_NOT_REACHED, "The name of the proxy has no address."),  # COULDNT_RESOLVE_PROXY
    6: _way(hresult.WININET_E_NAME_NOT_RESOLVED, '"{host}" has no address.'),  # COULDNT_RESOLVE_HOST
    7: _way(hresult.WININET_E_CANNOT_CONNECT, "No connection to {host} could be made."),  # COULDNT_CONNECT
    8: _NOT_HTTP,  # WEIRD_SERVER_REPLY
    9: _server(hresult.HTTP_STATUS + 403, "{host} refuses access to the file."),  # REMOTE_ACCESS_DENIED
    16: _way(hresult.WININET_E_CONNECTION_ABORTED, "The HTTP/2 connection to {host} broke off."),  # HTTP2
    18: _way(  # PARTIAL_FILE
        hresult.WININET_E_CONNECTION_ABORTED, "{host} closed the connection before the end of the file."
    ),
    22: _server(hresult.WININET_E_INVALID_SERVER_RESPONSE, "{host} refused the request."),  # HTTP_RETURNED_ERROR
    23: CurlError(  # WRITE_ERROR
        ErrorContext.LOCAL_FILE, hresult.ERROR_WRITE_FAULT, "What arrived could not be handed on to the file."
    ),
    25: _LIBRARY,  # UPLOAD_FAILED
    26: _LIBRARY,  # READ_ERROR, of what is sent
    27: _inside(hresult.E_OUTOFMEMORY, "There was no memory left for the transfer."),  # OUT_OF_MEMORY
    28: _way(hresult.WININET_E_TIMEOUT, "{host} was silent for too long."),  # OPERATION_TIMEDOUT
    31: _server(  # FTP_COULDNT_USE_REST
        hresult.DO_E_INSUFFICIENT_RANGE_SUPPORT, "{host} can't go on in the middle of the file."
    ),
    33: _server(hresult.DO_E_INSUFFICIENT_RANGE_SUPPORT, "{host} can't send a part of the file."),  # RANGE_ERROR
    35: _NOT_SECURE,  # SSL_CONNECT_ERROR
    36: _server(  # BAD_DOWNLOAD_RESUME
        hresult.DO_E_INSUFFICIENT_RANGE_SUPPORT, "{host} can't go on in the middle of the file."
    ),
    42: _LIBRARY,  # ABORTED_BY_CALLBACK
    43: _LIBRARY,  # BAD_FUNCTION_ARGUMENT
    45: _way(hresult.WININET_E_CANNOT_CONNECT, "This computer had no free port to connect from."),  # INTERFACE_FAILED
    47: _server(hresult.WININET_E_REDIRECT_FAILED, "The server passed us on too many times."),  # TOO_MANY_REDIRECTS
    48: _LIBRARY,  # UNKNOWN_OPTION
    51: _NAME,  # until 7.62 PEER_FAILED_VERIFICATION of the name
    52: _way(hresult.WININET_E_CONNECTION_ABORTED, "{host} closed the connection without an answer."),  # GOT_NOTHING
    53: _SECURE_PARTS,  # SSL_ENGINE_NOTFOUND
    54: _SECURE_PARTS,  # SSL_ENGINE_SETFAILED
    55: _BROKE_OFF,  # SEND_ERROR
    56: _BROKE_OFF,  # RECV_ERROR
    58: _OWN_CERTIFICATE,  # SSL_CERTPROBLEM
    59: _SECURE_PARTS,  # SSL_CIPHER
    60: _AUTHORITY,  # PEER_FAILED_VERIFICATION, where nothing tells date or name
    61: _server(  # BAD_CONTENT_ENCODING
        hresult.WININET_E_INVALID_SERVER_RESPONSE, "The answer of {host} can't be decoded."
    ),
    63: _server(  # FILESIZE_EXCEEDED
        hresult.WININET_E_INVALID_SERVER_RESPONSE, "{host} announced more bytes than any file has."
    ),
    64: _NOT_SECURE,  # USE_SSL_FAILED
    65: _way(  # SEND_FAIL_REWIND
        hresult.WININET_E_CONNECTION_ABORTED, "The connection to {host} broke off before the request was sent."
    ),
    66: _SECURE_PARTS,  # SSL_ENGINE_INITFAILED
    67: _WANTS_PASSWORD,  # LOGIN_DENIED
    70: _server(hresult.HTTP_STATUS + 507, "{host} is out of space."),  # REMOTE_DISK_FULL
    73: _server(hresult.HTTP_STATUS + 409, "{host} reports that the file exists."),  # REMOTE_FILE_EXISTS
    77: _way(  # SSL_CACERT_BADFILE
        hresult.WININET_E_INVALID_CA, "This computer's list of trusted certificate authorities can't be read."
    ),
    78: _server(hresult.HTTP_STATUS + 404, "{host} does not have the file."),  # REMOTE_FILE_NOT_FOUND
    80: _BROKE_OFF,  # SSL_SHUTDOWN_FAILED
    81: _BROKE_OFF,  # AGAIN
    82: _way(  # SSL_CRL_BADFILE
        hresult.WINHTTP_SECURE_FAILURE, "This computer's list of withdrawn certificates can't be read."
    ),
    83: _AUTHORITY,  # SSL_ISSUER_ERROR
    89: _way(hresult.WININET_E_CANNOT_CONNECT, "No connection was free for {host}."),  # NO_CONNECTION_AVAILABLE
    90: _AUTHORITY,  # SSL_PINNEDPUBKEYNOTMATCH
    91: _way(  # SSL_INVALIDCERTSTATUS
        hresult.WINHTTP_SECURE_FAILURE, "{host} can't prove that its certificate still holds."
    ),
    92: _way(hresult.WININET_E_CONNECTION_ABORTED, "{host} broke off the HTTP/2 stream."),  # HTTP2_STREAM
    93: _LIBRARY,  # RECURSIVE_API_CALL
    94: _WANTS_PASSWORD,  # AUTH_ERROR
    95: _way(hresult.WININET_E_CONNECTION_ABORTED, "The HTTP/3 connection to {host} broke off."),  # HTTP3
    96: _way(hresult.WININET_E_CANNOT_CONNECT, "No HTTP/3 connection to {host} could be made."),  # QUIC_CONNECT_ERROR
    97: _way(_PROXY_NOT_REACHED, "The proxy did not pass us on to {host}."),  # PROXY
    98: _WANTS_CERTIFICATE,  # SSL_CLIENTCERT
    99: _LIBRARY,  # UNRECOVERABLE_POLL
    100: _TOO_LARGE,  # TOO_LARGE
    101: _NOT_SECURE,  # ECH_REQUIRED
}

_BY_WORDS: tuple[tuple[int, str, CurlError], ...] = (
    (1, " HTTP", _NOT_HTTP),
    (35, "unexpected eof", _BROKE_OFF),
    (35, "SSL_ERROR_SYSCALL", _BROKE_OFF),
    (
        35,
        "wrong version number",
        _way(
            hresult.WINHTTP_SECURE_FAILURE,
            "{host} does not speak https there. Perhaps the address should begin with http://.",
        ),
    ),
    (43, "private key", _OWN_CERTIFICATE),
    (56, "response headers", _TOO_LARGE),
    (56, "certificate required", _WANTS_CERTIFICATE),
    (60, "expired", _DATE),
    (60, "not yet valid", _DATE),
    (60, "subject name", _NAME),
)
"""What only libcurl's words tell apart: number, words, row."""

_BY_CERTIFICATE: Mapping[int, CurlError] = {
    **dict.fromkeys((9, 10, 11, 12), _DATE),
    **dict.fromkeys((62, 64), _NAME),
}
"""X509_V_ERR_CERT_NOT_YET_VALID, _HAS_EXPIRED and their CRL kin; _HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH. libcurl
checks names by itself and leaves the result alone. Source: openssl/x509_vfy.h."""

_BROKEN = frozenset({errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.ETIMEDOUT})

_PROXY_SAYS_NO = frozenset({7, 56, 97})
"""What libcurl makes of a proxy that does not open a tunnel, depending on its version."""


_BY_PROXY_ERROR: Mapping[int, CurlError] = {
    **dict.fromkeys((4, 5, 10, 11, 12, 33), _PROXY_WANTS_PASSWORD),  # GSSAPI, LONG_PASSWD, NO_AUTH, USER_REJECTED
    **dict.fromkeys((19, 20, 21, 22, 24), _BEHIND_PROXY),  # REPLY_CONNECTION_REFUSED, _HOST_UNREACHABLE and kin
    23: _PROXY_REFUSES,  # REPLY_NOT_ALLOWED
}
"""What a SOCKS proxy says with number 97. Source: curl/curl.h, CURLproxycode."""


def all_rows() -> Iterator[CurlError]:
    """Everything that failure_of may answer with, but for the statuses of proxies."""
    yield from ROWS.values()
    yield from (row for _, _, row in _BY_WORDS)
    yield from _BY_CERTIFICATE.values()
    yield from _BY_PROXY_ERROR.values()
    yield from (_NO_WAY_TO_PROXY, _ADDRESS_GONE, UNKNOWN)


def address_gone(host: str) -> Failure:
    """The address that a connection came from is no longer this computer's: nothing will arrive on it."""
    return Failure(_ADDRESS_GONE.context, _ADDRESS_GONE.code, _ADDRESS_GONE.sentence.replace("{host}", host))


def failure_of(
    number: int,
    words: str,
    host: str,
    *,
    os_error: int = 0,
    certificate: int = 0,
    proxy_status: int = 0,
    used_proxy: bool = False,
    proxy_error: int = 0,
) -> Failure:
    """What a transfer's end means.

    number, words: libcurl's. os_error: of the last system call that failed, certificate: OpenSSL's result,
    proxy_status: what the proxy answered to the wish for a tunnel, proxy_error: libcurl's number for what a SOCKS proxy
    said; each 0 where there is none. used_proxy: whether the way led through a proxy.
    """
    if number in _PROXY_SAYS_NO and 300 <= proxy_status < 600:
        return failures.of_proxy_status(proxy_status, host)
    row = _row(number, words, os_error, certificate)
    if number == 97:
        row = _BY_PROXY_ERROR.get(proxy_error, row)
    elif number == 7 and used_proxy:
        row = _NO_WAY_TO_PROXY
    said = row.sentence.replace("{host}", host)
    return Failure(row.context, row.code, said if row is not UNKNOWN else f"{said} It is libcurl's number {number}.")


def _row(number: int, words: str, os_error: int, certificate: int) -> CurlError:
    if number == 60 and certificate in _BY_CERTIFICATE:
        return _BY_CERTIFICATE[certificate]
    if number == 35 and os_error in _BROKEN:
        return _BROKE_OFF  # in the middle of the greeting: nobody has refused anything
    for known, part, row in _BY_WORDS:
        if known == number and part in words:
            return row
    return ROWS.get(number, UNKNOWN)
