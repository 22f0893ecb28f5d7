"""The good server, its record of what happened, and its end."""

from __future__ import annotations

import http.client
import io
import threading
import time
from datetime import UTC, datetime

import pycurl
import pytest

from tests.server import AUTOMATIC, Answer, Ending, Hold, Origin, Pattern, Resource, Stall, refused_url
from tests.server.client import ask, everything, fetch, fetch_on

YESTERDAY = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def test_a_file_arrives_with_length_validator_and_ranges(origin: Origin) -> None:
    content = Pattern(300_000, seed=1)
    answer = fetch(origin.add("/a.bin", Resource(content, last_modified=YESTERDAY)))
    assert answer.status == 200
    assert answer.body == content.bytes()
    assert answer.headers["Content-Length"] == "300000"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"] == '"pattern-300000-1"'
    assert answer.headers["Last-Modified"] == "Mon, 06 May 2024 07:08:09 GMT"


def test_head_tells_the_same_without_a_body(origin: Origin) -> None:
    url = origin.add("/a.bin", Pattern(5_000))
    head, whole = fetch(url, "HEAD"), fetch(url)
    assert head.body == b""
    assert dict(head.headers) == dict(whole.headers)


def test_a_range_is_answered_with_just_that(origin: Origin) -> None:
    content = Pattern(10_000)
    url = origin.add("/a.bin", content)
    part = fetch(url, Range="bytes=4000-4999")
    assert (part.status, part.body) == (206, content.bytes(4_000, 1_000))
    assert part.headers["Content-Range"] == "bytes 4000-4999/10000"
    assert fetch(url, Range="bytes=9000-").body == content.bytes(9_000)
    outside = fetch(url, Range="bytes=10000-")
    assert (outside.status, outside.headers["Content-Range"]) == (416, "bytes */10000")


@pytest.mark.parametrize(
    ("etag", "if_range", "status"),
    [
        ('"v1"', '"v1"', 206),
        ('"v1"', '"v2"', 200),
        ('W/"v1"', 'W/"v1"', 200),
        (None, '"v1"', 200),
        (None, "Mon, 06 May 2024 07:08:09 GMT", 206),
        (None, "Mon, 06 May 2024 07:08:10 GMT", 200),
    ],
)
def test_if_range_gets_a_part_only_of_the_same_file(
    origin: Origin, etag: str | None, if_range: str, status: int
) -> None:
    url = origin.add("/a.bin", Resource(b"0123456789", etag=etag, last_modified=YESTERDAY))
    assert fetch(url, Range="bytes=5-", If_Range=if_range).status == status


def test_a_resource_can_be_without_validator_and_with_headers_of_its_own(origin: Origin) -> None:
    disposition = {"Content-Disposition": 'attachment; filename="x.iso"', "content-length": "banana"}
    url = origin.add("/a", Resource(b"abc", etag=None, headers=disposition))
    head = fetch(url, "HEAD").headers
    assert "ETag" not in head
    assert "Last-Modified" not in head
    assert head["Content-Disposition"] == 'attachment; filename="x.iso"'
    assert head["Content-Length"] == "banana"


def test_unknown_and_removed_paths_are_404_and_other_methods_405(origin: Origin) -> None:
    url = origin.add("/a", b"abc")
    assert fetch(origin.url("/b")).status == 404
    assert fetch(url, "DELETE").status == 405
    origin.remove("/a")
    assert fetch(url).status == 404


def test_names_are_encoded_in_the_address_and_plain_in_the_record(origin: Origin) -> None:
    url = origin.add("/große datei.bin", b"abc")
    assert url.endswith("/gro%C3%9Fe%20datei.bin")
    assert fetch(url + "?part=1").body == b"abc"
    (record,) = origin.requests_to("/große datei.bin")
    assert (record.path, record.query) == ("/große datei.bin", "part=1")


def test_a_request_that_is_none_is_refused(origin: Origin) -> None:
    with ask(origin, "/a b c") as bare:
        assert everything(bare).startswith(b"HTTP/1.1 400 ")


def test_requests_share_a_connection_and_are_recorded(origin: Origin) -> None:
    url = origin.add("/a.bin", Pattern(1_000))
    connection = http.client.HTTPConnection("127.0.0.1", origin.port)
    before = time.monotonic()
    fetch_on(connection, url, X_Who="me")
    fetch_on(connection, url, Range="bytes=900-")
    connection.close()
    fetch(url)
    first, second, third = origin.wait_finished("/a.bin", 3)
    assert (first.connection, second.connection, third.connection) == (1, 1, 2)
    assert (first.method, first.path, first.range, first.status) == ("GET", "/a.bin", None, 200)
    assert first.headers["x-WHO"] == "me"
    assert (second.range, second.bytes_sent, second.status) == ("bytes=900-", 100, 206)
    assert before <= first.at <= second.at <= third.at <= time.monotonic()
    assert origin.requests == [first, second, third]
    assert third.ending is Ending.AS_PLANNED


def test_a_client_that_wants_to_close_is_let_go(origin: Origin) -> None:
    url = origin.add("/a", b"abc")
    assert fetch(url, Connection="close").headers["Connection"] == "close"
    origin.wait_open_connections(0)


def test_a_test_can_wait_for_a_number_of_bytes_and_of_requests(origin: Origin) -> None:
    stall = Stall(after_bytes=70_000)
    origin.add("/a.bin", Resource(Pattern(100_000), faults=[stall]))
    with ask(origin, "/a.bin") as bare:
        origin.wait_requests("/a.bin", 1)
        (record,) = origin.wait_for("/a.bin", bytes_sent=70_000)
        assert (record.bytes_sent, record.ending) == (70_000, Ending.RUNNING)
        with pytest.raises(TimeoutError, match=r"/a\.bin: 2 requests not reached in 0 s; seen so far: .*70000 bytes"):
            origin.wait_requests("/a.bin", 2, timeout_s=0)
        stall.release()
        origin.wait_for("/a.bin", bytes_sent=100_000, request=1)
        with pytest.raises(TimeoutError):
            origin.wait_for("/a.bin", bytes_sent=1, request=2, timeout_s=0)
        assert len(everything(bare)) > 100_000


def test_a_client_that_leaves_is_noticed_in_a_stall(origin: Origin) -> None:
    origin.add("/a.bin", Resource(Pattern(100), faults=[Stall(after_bytes=10)]))
    with ask(origin, "/a.bin"):
        origin.wait_for("/a.bin", bytes_sent=10)
    assert origin.wait_finished("/a.bin")[0].ending is Ending.CLIENT_LEFT
    origin.wait_open_connections(0)


def test_simultaneous_connections_and_requests_are_counted(origin: Origin) -> None:
    hold = Hold()
    url = origin.add("/a", Resource(b"abc", faults=[hold]))
    fetch(origin.url("/nothing"))
    clients = [threading.Thread(target=fetch, args=(url,)) for _ in range(3)]
    for client in clients:
        client.start()
    origin.wait_requests("/a", 3)
    assert (origin.peak_active_requests, origin.open_connections) == (3, 3)
    hold.release()
    for client in clients:
        client.join()
    origin.wait_open_connections(0)
    fetch(url)
    assert (origin.peak_active_requests, origin.peak_connections) == (3, 3)


def test_connections_over_the_limit_are_refused_and_counted() -> None:
    with Origin(max_connections=1) as origin:
        url = origin.add("/a", b"abc")
        with ask(origin, "/a", keep_alive=True) as first:
            assert first.recv(1) == b"H"
            assert fetch(url).status == 503
        origin.wait_open_connections(0)
        assert fetch(url).status == 200
        assert (origin.connections_over_limit, origin.peak_connections) == (1, 2)


def test_content_and_faults_change_while_the_origin_runs(origin: Origin) -> None:
    url = origin.add("/a", Resource(b"old", faults=[Answer(503)]))
    assert fetch(url).status == 503
    origin.mend("/a")
    old = fetch(url)
    origin.change("/a", content=b"new")
    new = fetch(url)
    assert (old.body, new.body) == (b"old", b"new")
    assert old.headers["ETag"] != new.headers["ETag"]
    origin.change("/a", etag='"v1"')
    assert fetch(url).headers["ETag"] == '"v1"'
    origin.change("/a", etag=AUTOMATIC)
    assert fetch(url).headers["ETag"] == new.headers["ETag"]
    with pytest.raises(TypeError):
        origin.change("/a", nonsense=1)


def test_a_refused_address_refuses() -> None:
    with refused_url("/a") as url:
        assert url.endswith("/a")
        with pytest.raises(ConnectionRefusedError):
            fetch(url)


def test_ipv6_is_served_too() -> None:
    with Origin(host="::1") as origin:
        url = origin.add("/a", b"abc")
        assert url.startswith("http://[::1]:")
        assert fetch(url).body == b"abc"


def test_the_end_waits_for_nobody() -> None:
    origin = Origin()
    with origin:
        origin.add("/held", Resource(b"abc", faults=[Hold()]))
        origin.add("/stalled", Resource(Pattern(1_000), faults=[Stall(after_bytes=10)]))
        origin.add("/slow", Resource(Pattern(1_000_000), throttle_bytes_per_s=1))
        origin.add("/huge", Pattern(1 << 30))
        paths = ["/held", "/stalled", "/slow", "/huge", "/nothing"] * 4
        clients = [ask(origin, path) for path in paths]
        for path in set(paths):
            origin.wait_requests(path, 4)
        began = time.monotonic()
    took_s = time.monotonic() - began
    for client in clients:
        client.close()
    assert took_s < 1.0
    assert origin.open_connections == 0
    assert not [thread for thread in threading.enumerate() if thread.name.startswith(f"origin:{origin.port}")]


def test_curl_resumes_against_it_and_reuses_its_connection(origin: Origin) -> None:
    content = Pattern(200_000, seed=9)
    url = origin.add("/a.bin", content)
    curl, parts = pycurl.Curl(), []
    for span in ("0-99999", "100000-"):
        part = io.BytesIO()
        curl.setopt(pycurl.URL, url)
        curl.setopt(pycurl.RANGE, span)
        curl.setopt(pycurl.WRITEDATA, part)
        curl.perform()
        parts.append(part.getvalue())
    curl.close()
    assert b"".join(parts) == content.bytes()
    assert [record.connection for record in origin.requests] == [1, 1]


def test_header_values_may_hold_any_byte(origin: Origin) -> None:
    raw = b"caf\xe9 \xc3\x9f".decode("utf-8", "surrogateescape")
    origin.add("/a", Resource(b"abc", headers={"X-Name": raw}))
    with ask(origin, "/a") as bare:
        assert b"X-Name: caf\xe9 \xc3\x9f\r\n" in everything(bare)
