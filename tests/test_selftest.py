"""The server of BITS' self-test: it answers what BITS asks. The self-test itself is in tests/windows."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from domonitor.doctor.selftest.server import CONTENT, FILE, MISSING, SLOW, SelftestServer


@pytest.fixture
def server() -> Iterator[SelftestServer]:
    server = SelftestServer()
    yield server
    server.close()


@pytest.fixture
def connection(server: SelftestServer) -> Iterator[http.client.HTTPConnection]:
    place = urlsplit(server.url(FILE))
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=20)
    yield connection
    connection.close()


def test_a_head_tells_the_size_and_that_there_are_ranges(connection: http.client.HTTPConnection) -> None:
    connection.request("HEAD", FILE)
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (200, b"")
    assert int(answer.headers["Content-Length"]) == len(CONTENT)
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Last-Modified"]


@pytest.mark.parametrize(("asked", "first", "last"), [("bytes=0-9", 0, 9), ("bytes=100-", 100, None)])
def test_a_range_is_what_was_asked_for(
    connection: http.client.HTTPConnection, asked: str, first: int, last: int | None
) -> None:
    connection.request("GET", FILE, headers={"Range": asked})
    answer = connection.getresponse()
    end = len(CONTENT) - 1 if last is None else last
    assert (answer.status, answer.read()) == (206, CONTENT[first : end + 1])
    assert answer.headers["Content-Range"] == f"bytes {first}-{end}/{len(CONTENT)}"


def test_one_connection_serves_many_requests_and_their_headers_are_kept(
    server: SelftestServer, connection: http.client.HTTPConnection
) -> None:
    for number in range(3):
        connection.request("GET", FILE, headers={"X-Number": str(number)})
        assert connection.getresponse().read() == CONTENT
    assert [each["X-Number"] for each in server.requests[FILE]] == ["0", "1", "2"]
    connection.request("GET", MISSING)
    assert connection.getresponse().status == 404


def test_the_slow_file_stands_still_in_its_middle_until_it_is_let_go_on(
    server: SelftestServer, connection: http.client.HTTPConnection
) -> None:
    connection.request("GET", SLOW)
    answer = connection.getresponse()
    half = answer.read(len(CONTENT) // 2)
    assert not server.goes_on.is_set()
    server.goes_on.set()
    assert half + answer.read() == CONTENT
