"""libcurl's numbers: each has its row, and none that is still to come falls through."""

from __future__ import annotations

import ctypes
import errno
import sys

import pycurl
import pytest
from pycurl import _pycurl

from domonitor.backends.engine import curl_errors
from domonitor.backends.engine.curl_errors import ROWS, UNKNOWN, all_rows, failure_of
from domonitor.jobs import codes, hresult
from domonitor.jobs.error import ErrorContext

LAST = 101
"""CURLE_ECH_REQUIRED. Source: curl/curl.h of 8.23."""

PASSES = {5, 6, 7, 8, 16, 18, 22, 28, 45, 52, 55, 56, 61, 63, 65, 70, 80, 81, 89, 92, 95, 96, 97, 100}
"""The network, the way, and answers that were garbled or cut short."""

BY_NAME = {name: number for name, number in vars(pycurl).items() if name.startswith("E_")}
NUMBERS = {number for name, number in BY_NAME.items() if not name.startswith("E_MULTI_") and 0 < number < 1000}


def test_every_number_has_its_row_and_no_row_is_left_over() -> None:
    assert set(ROWS) == set(range(1, LAST + 1))
    assert set(ROWS) >= NUMBERS


@pytest.mark.skipif(sys.platform == "win32", reason="the library's names can't be looked up there")
def test_the_library_knows_no_number_beyond_the_last_row() -> None:
    """It names what it knows; should this fail, a row is missing in curl_errors.py."""
    name_of = ctypes.CDLL(_pycurl.__file__).curl_easy_strerror
    name_of.restype = ctypes.c_char_p
    assert {number for number in range(1, 400) if name_of(number) != name_of(100_000)} <= set(ROWS)


@pytest.mark.parametrize("number", range(1, LAST + 1))
def test_a_number_has_a_documented_code_a_sentence_and_a_sensible_verdict(number: int) -> None:
    failure = failure_of(number, "", "files.example")
    explanation = codes.explain(failure.code)
    assert explanation.is_known
    assert explanation.passes_by_itself("engine") is (number in PASSES) is failure.passes_by_itself
    assert failure.context not in (ErrorContext.NONE, ErrorContext.UNKNOWN)
    assert failure.description.endswith(".")
    assert "{" not in failure.description
    assert not any(sign.isdigit() for sign in failure.description.replace("HTTP/2", "").replace("HTTP/3", ""))


@pytest.mark.parametrize("number", [-1, LAST + 1, 500, 99_999])
def test_a_number_that_is_still_to_come_passes_and_is_named(number: int) -> None:
    failure = failure_of(number, "whatever", "files.example")
    assert (failure.context, failure.code) == (UNKNOWN.context, UNKNOWN.code)
    assert failure.passes_by_itself
    assert failure.description == f"The transfer from files.example failed. It is libcurl's number {number}."


@pytest.mark.parametrize(
    ("name", "context", "code"),
    [
        ("E_URL_MALFORMAT", ErrorContext.REMOTE_FILE, hresult.INET_E_INVALID_URL),
        ("E_UNSUPPORTED_PROTOCOL", ErrorContext.REMOTE_FILE, hresult.WININET_E_UNRECOGNIZED_SCHEME),
        ("E_COULDNT_RESOLVE_HOST", ErrorContext.GENERAL_TRANSPORT, hresult.WININET_E_NAME_NOT_RESOLVED),
        ("E_COULDNT_RESOLVE_PROXY", ErrorContext.GENERAL_TRANSPORT, hresult.WININET_E_PROXY_SERVER_UNREACHABLE),
        ("E_COULDNT_CONNECT", ErrorContext.GENERAL_TRANSPORT, hresult.WININET_E_CANNOT_CONNECT),
        ("E_OPERATION_TIMEDOUT", ErrorContext.GENERAL_TRANSPORT, hresult.WININET_E_TIMEOUT),
        ("E_PARTIAL_FILE", ErrorContext.GENERAL_TRANSPORT, hresult.WININET_E_CONNECTION_ABORTED),
        ("E_GOT_NOTHING", ErrorContext.GENERAL_TRANSPORT, hresult.WININET_E_CONNECTION_ABORTED),
        ("E_HTTP2", ErrorContext.GENERAL_TRANSPORT, hresult.WININET_E_CONNECTION_ABORTED),
        ("E_SEND_ERROR", ErrorContext.GENERAL_TRANSPORT, hresult.WININET_E_CONNECTION_RESET),
        ("E_RECV_ERROR", ErrorContext.GENERAL_TRANSPORT, hresult.WININET_E_CONNECTION_RESET),
        ("E_TOO_MANY_REDIRECTS", ErrorContext.REMOTE_FILE, hresult.WININET_E_REDIRECT_FAILED),
        ("E_BAD_CONTENT_ENCODING", ErrorContext.REMOTE_FILE, hresult.WININET_E_INVALID_SERVER_RESPONSE),
        ("E_RANGE_ERROR", ErrorContext.REMOTE_FILE, hresult.DO_E_INSUFFICIENT_RANGE_SUPPORT),
        ("E_BAD_DOWNLOAD_RESUME", ErrorContext.REMOTE_FILE, hresult.DO_E_INSUFFICIENT_RANGE_SUPPORT),
        ("E_WRITE_ERROR", ErrorContext.LOCAL_FILE, hresult.ERROR_WRITE_FAULT),
        ("E_OUT_OF_MEMORY", ErrorContext.GENERAL_QUEUE_MANAGER, hresult.E_OUTOFMEMORY),
        ("E_FAILED_INIT", ErrorContext.GENERAL_QUEUE_MANAGER, hresult.E_UNEXPECTED),
        ("E_LOGIN_DENIED", ErrorContext.REMOTE_FILE, hresult.HTTP_STATUS + 401),
        ("E_SSL_CONNECT_ERROR", ErrorContext.GENERAL_TRANSPORT, hresult.WINHTTP_SECURE_FAILURE),
        ("E_PEER_FAILED_VERIFICATION", ErrorContext.GENERAL_TRANSPORT, hresult.WININET_E_INVALID_CA),
        ("E_SSL_CACERT_BADFILE", ErrorContext.GENERAL_TRANSPORT, hresult.WININET_E_INVALID_CA),
        ("E_FTP_COULDNT_RETR_FILE", ErrorContext.REMOTE_FILE, hresult.WININET_E_UNRECOGNIZED_SCHEME),
    ],
)
def test_the_documented_code_of_what_happens_often(name: str, context: ErrorContext, code: int) -> None:
    failure = failure_of(BY_NAME[name], "", "h")
    assert (failure.context, failure.code) == (context, code)


@pytest.mark.parametrize(
    ("number", "words", "facts", "code"),
    [
        (60, "", {"certificate": 10}, hresult.WININET_E_SEC_CERT_DATE_INVALID),
        (60, "", {"certificate": 9}, hresult.WININET_E_SEC_CERT_DATE_INVALID),
        (60, "", {"certificate": 62}, hresult.WININET_E_SEC_CERT_CN_INVALID),
        (60, "", {"certificate": 20}, hresult.WININET_E_INVALID_CA),
        (60, "certificate has expired", {}, hresult.WININET_E_SEC_CERT_DATE_INVALID),
        (60, "no alternative certificate subject name matches", {}, hresult.WININET_E_SEC_CERT_CN_INVALID),
        (35, "Recv failure", {"os_error": errno.ECONNRESET}, hresult.WININET_E_CONNECTION_RESET),
        (35, "unexpected eof while reading", {}, hresult.WININET_E_CONNECTION_RESET),
        (35, "alert handshake failure", {"os_error": errno.ECONNREFUSED}, hresult.WINHTTP_SECURE_FAILURE),
        (56, "tlsv13 alert certificate required", {}, hresult.WININET_E_CLIENT_AUTH_CERT_NEEDED),
        (56, "Too large response headers: 350237 > 307200", {}, hresult.WININET_E_INVALID_SERVER_RESPONSE),
        (1, "Received HTTP/0.9 when not allowed", {}, hresult.WININET_E_INVALID_SERVER_RESPONSE),
        (1, 'Protocol "ftp" not supported', {}, hresult.WININET_E_UNRECOGNIZED_SCHEME),
        (56, "CONNECT tunnel failed, response 407", {"proxy_status": 407}, hresult.HTTP_STATUS + 407),
        (7, "CONNECT tunnel failed, response 502", {"proxy_status": 502}, hresult.HTTP_STATUS + 502),
        (56, "Connection reset by peer", {"proxy_status": 200}, hresult.WININET_E_CONNECTION_RESET),
    ],
)
def test_what_a_number_alone_does_not_tell(number: int, words: str, facts: dict[str, int], code: int) -> None:
    assert failure_of(number, words, "h", **facts).code == code


def test_every_row_has_a_code_for_which_the_engine_has_a_word() -> None:
    rows = list(all_rows())
    assert len(rows) > len(ROWS)
    for row in rows:
        assert codes.explain(row.code).passes_by_itself("engine") is not None, row
        assert row.sentence[0].isupper() or row.sentence.startswith(("{host}", '"{host}')), row
        assert row.sentence.endswith("."), row


def test_a_host_with_braces_is_only_a_host() -> None:
    assert "{0}" in curl_errors.failure_of(7, "", "{0}").description
