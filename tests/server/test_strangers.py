"""What stands in the origin's place, or before it, does what it is told."""

from __future__ import annotations

import io
import socket

import pycurl
import pytest

from tests.server import Origin, port_that_says, proxy


def everything_from(client: socket.socket) -> bytes:
    with client.makefile("rb") as stream:
        return stream.read()


@pytest.mark.parametrize("by_reset", [False, True])
def test_a_port_says_its_words_and_ends(by_reset: bool) -> None:
    with port_that_says(b"hello", by_reset=by_reset) as port, socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"who is there?")
        if by_reset:
            with pytest.raises(ConnectionResetError):
                everything_from(client)
        else:
            assert everything_from(client) == b"hello"


@pytest.mark.parametrize("is_open", [True, False])
def test_a_proxy_opens_its_tunnel_or_says_no(tls_origin: Origin, is_open: bool) -> None:
    url = tls_origin.add("/a", b"abc")
    no = {} if is_open else {"answer": b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n"}
    with proxy(**no) as address:
        body = io.BytesIO()
        curl = pycurl.Curl()
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.PROXY, address)
        curl.setopt(pycurl.CAINFO, str(tls_origin.ca_file))
        curl.setopt(pycurl.WRITEDATA, body)
        if is_open:
            curl.perform()
        else:
            with pytest.raises(pycurl.error):
                curl.perform()
        assert curl.getinfo(pycurl.HTTP_CONNECTCODE) == (200 if is_open else 407)
        curl.close()
    assert body.getvalue() == (b"abc" if is_open else b"")
    assert len(tls_origin.requests) == is_open
