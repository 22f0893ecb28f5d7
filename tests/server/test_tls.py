"""https, and everything a client may find wrong with it."""

from __future__ import annotations

import io
import ssl
import warnings

import pycurl
import pytest

from tests.server import Cut, EndedByClose, Ending, Origin, Pattern, Resource, Tls
from tests.server.client import fetch


def trusting(origin: Origin) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=origin.ca_file)


def curl_code(origin: Origin, url: str) -> int:
    """0, or the CURLE_… with which curl fails that trusts the origin's authority."""
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.CAINFO, str(origin.ca_file))
    curl.setopt(pycurl.WRITEDATA, io.BytesIO())
    try:
        curl.perform()
    except pycurl.error as problem:
        return int(problem.args[0])
    else:
        return 0
    finally:
        curl.close()


def test_a_client_that_trusts_the_authority_gets_the_file(tls_origin: Origin) -> None:
    content = Pattern(3_000_000)
    url = tls_origin.add("/a.bin", content)
    assert url.startswith("https://")
    assert fetch(url, trust=trusting(tls_origin)).body == content.bytes()
    assert curl_code(tls_origin, url) == 0
    assert fetch(url.replace("127.0.0.1", "localhost"), trust=trusting(tls_origin)).status == 200


@pytest.mark.parametrize(
    ("tls", "complaint"),
    [
        (Tls.UNKNOWN_AUTHORITY, "unable to get local issuer certificate"),
        (Tls.WRONG_HOST, "IP address mismatch"),
        (Tls.EXPIRED, "certificate has expired"),
        (Tls.NOT_YET_VALID, "certificate is not yet valid"),
    ],
)
def test_a_client_refuses_a_bad_certificate(tls: Tls, complaint: str) -> None:
    with Origin(tls=tls) as origin:
        url = origin.add("/a", b"abc")
        with pytest.raises(ssl.SSLCertVerificationError, match=complaint):
            fetch(url, trust=trusting(origin))
        assert curl_code(origin, url) == pycurl.E_PEER_FAILED_VERIFICATION
        assert origin.requests == []


def test_a_client_of_today_refuses_an_old_protocol_and_one_of_yesterday_speaks_it() -> None:
    with Origin(tls=Tls.OLD_PROTOCOL) as origin:
        url = origin.add("/a", b"abc")
        assert curl_code(origin, url) == pycurl.E_SSL_CONNECT_ERROR
        assert "protocol" in origin.wait_handshake_failure().lower()
        yesterday = trusting(origin)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            yesterday.minimum_version = ssl.TLSVersion.TLSv1
        yesterday.set_ciphers("ALL:@SECLEVEL=0")
        assert fetch(url, trust=yesterday).body == b"abc"


@pytest.mark.parametrize(
    ("tls", "complaint"),
    [(Tls.NO_COMMON_CIPHER, "no shared cipher"), (Tls.WANTS_CERTIFICATE, "did not return a certificate")],
)
def test_a_client_that_can_t_bring_what_is_wanted_is_refused(tls: Tls, complaint: str) -> None:
    with Origin(tls=tls) as origin:
        assert curl_code(origin, origin.add("/a", b"abc")) != 0
        assert complaint in origin.wait_handshake_failure().lower().replace("_", " ")
        assert origin.requests == []


def test_a_cut_can_be_told_from_the_end(tls_origin: Origin) -> None:
    whole = tls_origin.add("/whole", Resource(Pattern(5_000), etag=None, faults=[EndedByClose()]))
    cut = tls_origin.add("/cut", Resource(Pattern(5_000), faults=[EndedByClose(), Cut(after_bytes=3_000)]))
    assert len(fetch(whole, trust=trusting(tls_origin)).body) == 5_000
    assert curl_code(tls_origin, whole) == 0
    assert curl_code(tls_origin, cut) == pycurl.E_RECV_ERROR


def test_a_client_that_hangs_up_by_tls_is_noticed(tls_origin: Origin) -> None:
    url = tls_origin.add("/a", Resource(Pattern(1 << 30), throttle_bytes_per_s=1_000_000))
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.CAINFO, str(tls_origin.ca_file))
    curl.setopt(pycurl.WRITEFUNCTION, lambda data: -1)
    with pytest.raises(pycurl.error):
        curl.perform()
    curl.close()
    assert tls_origin.wait_finished("/a")[0].ending is Ending.CLIENT_LEFT
