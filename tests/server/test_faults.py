"""Every fault, as a client meets it."""

from __future__ import annotations

import gzip
import http.client
import io
import threading
import time

import pycurl
import pytest

from tests.server import (
    Answer,
    BreakChunk,
    Changes,
    Chunked,
    CloseEarly,
    Cut,
    Delay,
    EndedByClose,
    Fault,
    Garbage,
    Gzip,
    Hold,
    IgnoresIfRange,
    LongHeaders,
    NeedsPassword,
    NoRanges,
    Origin,
    Pattern,
    Redirect,
    RefusesRanges,
    Reset,
    Resource,
    Stall,
    WrongLength,
    WrongRange,
)
from tests.server.client import ask, body_of, everything, fetch, fetch_on

FILE = Pattern(10_000, seed=3)


def add(origin: Origin, *faults: Fault) -> str:
    return origin.add("/a.bin", Resource(FILE, faults=faults))


def curl_code(url: str, **options: object) -> int:
    """0, or the CURLE_… with which curl fails."""
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, url)
    curl.setopt(pycurl.WRITEDATA, io.BytesIO())
    for name, value in options.items():
        curl.setopt(getattr(pycurl, name), value)
    try:
        curl.perform()
    except pycurl.error as problem:
        return int(problem.args[0])
    else:
        return 0
    finally:
        curl.close()


def test_faults_take_their_turns(origin: Origin) -> None:
    url = add(origin, Answer(503, {"Retry-After": "3"}, times=2), Cut(after_bytes=5_000, times=1))
    first, second = fetch(url), fetch(url)
    assert (first.status, first.headers["Retry-After"], second.status) == (503, "3", 503)
    with pytest.raises(http.client.IncompleteRead) as cut:
        fetch(url)
    assert cut.value.partial == FILE.bytes(0, 5_000)
    assert fetch(url).body == FILE.bytes()


def test_a_fault_can_let_chances_pass(origin: Origin) -> None:
    url = add(origin, Answer(500, skip=1, times=1))
    assert [fetch(url).status for _ in range(3)] == [200, 500, 200]


def test_faults_of_the_body_leave_head_requests_alone(origin: Origin) -> None:
    url = add(origin, Cut(after_bytes=10, times=1), WrongLength(by=5, times=1))
    assert fetch(url, "HEAD").headers["Content-Length"] == "10000"
    assert [curl_code(url), curl_code(url), curl_code(url)] == [18, 18, 0]


def test_a_cut_ends_each_longer_response_after_that_many_bytes(origin: Origin) -> None:
    url = add(origin, Cut(after_bytes=4_000))
    for asked, arrives in (("bytes=0-", 4_000), ("bytes=4000-", 4_000), ("bytes=8000-", 2_000)):
        try:
            body = fetch(url, Range=asked).body
        except http.client.IncompleteRead as cut:
            body = cut.partial
        assert len(body) == arrives
    assert curl_code(url) == pycurl.E_PARTIAL_FILE


def test_a_reset_comes_exactly_after_that_many_bytes(origin: Origin) -> None:
    origin.add("/a.bin", Resource(Pattern(3_000_000), faults=[Reset(after_bytes=2_000_000)]))
    with ask(origin, "/a.bin") as bare, pytest.raises(ConnectionResetError) as reset:
        everything(bare)
    assert body_of(reset.value.args[0]) == Pattern(3_000_000).bytes(0, 2_000_000)
    assert curl_code(origin.url("/a.bin")) == pycurl.E_RECV_ERROR


def test_a_stall_ends_with_its_release_and_so_does_a_hold(origin: Origin) -> None:
    hold, stall = Hold(), Stall(after_bytes=6_000)
    add(origin, hold, stall)
    with ask(origin, "/a.bin") as bare:
        assert origin.wait_requests("/a.bin")[0].status is None
        hold.release()
        origin.wait_for("/a.bin", bytes_sent=6_000)
        received = b""
        while len(body_of(received)) < 6_000:
            received += bare.recv(65_536)
        bare.settimeout(0.05)
        with pytest.raises(TimeoutError):
            bare.recv(1)
        bare.settimeout(10)
        stall.release()
        assert body_of(received + everything(bare)) == FILE.bytes()


def test_mending_releases_what_stalls_and_lifts_the_throttle(origin: Origin) -> None:
    origin.add("/a.bin", Resource(Pattern(500_000), throttle_bytes_per_s=100, faults=[Stall(after_bytes=1)]))
    answers: list[bytes] = []
    client = threading.Thread(target=lambda: answers.append(fetch(origin.url("/a.bin")).body))
    client.start()
    origin.wait_for("/a.bin", bytes_sent=1)
    origin.mend("/a.bin")
    client.join(5)
    assert answers == [Pattern(500_000).bytes()]


def test_a_delay_precedes_also_another_answer(origin: Origin) -> None:
    url = add(origin, Delay(0.1), Answer(404))
    before = time.monotonic()
    assert fetch(url).status == 404
    assert time.monotonic() - before >= 0.1


def test_a_throttle_holds_its_rate_and_can_be_changed_on_the_way(origin: Origin) -> None:
    url = origin.add("/a.bin", Resource(Pattern(100_000), throttle_bytes_per_s=200_000))
    before = time.monotonic()
    fetch(url)
    assert 0.45 <= time.monotonic() - before <= 1.5
    origin.change("/a.bin", throttle_bytes_per_s=1_000)
    client = threading.Thread(target=fetch, args=(url,))
    client.start()
    origin.wait_for("/a.bin", bytes_sent=20, request=2)
    origin.change("/a.bin", throttle_bytes_per_s=10_000_000)
    client.join(5)
    assert not client.is_alive()


@pytest.mark.parametrize("by", [500, -500])
def test_a_wrong_length_is_announced_and_all_bytes_are_sent(origin: Origin, by: int) -> None:
    add(origin, WrongLength(by=by))
    with ask(origin, "/a.bin") as bare:
        answer = everything(bare)
    assert f"Content-Length: {10_000 + by}\r\n".encode() in answer
    assert body_of(answer) == FILE.bytes()


def test_redirects_lead_on_in_circles_and_to_other_schemes(origin: Origin) -> None:
    target = add(origin)
    for status in (301, 302, 303, 307, 308):
        url = origin.add("/moved", Resource(faults=[Redirect(target, status=status)]))
        answer = fetch(url)
        assert (answer.status, answer.headers["Location"]) == (status, target)
    assert curl_code(url, FOLLOWLOCATION=True) == 0
    loop = origin.add("/loop", Resource(faults=[Redirect("/loop")]))
    assert curl_code(loop, FOLLOWLOCATION=True, MAXREDIRS=5) == pycurl.E_TOO_MANY_REDIRECTS
    assert len(origin.requests_to("/loop")) == 6
    foreign = origin.add("/foreign", Resource(faults=[Redirect("file:///etc/passwd")]))
    assert curl_code(foreign, FOLLOWLOCATION=True) == pycurl.E_UNSUPPORTED_PROTOCOL


def test_chunks_carry_the_whole_file_or_break(origin: Origin) -> None:
    answer = fetch(add(origin, Chunked(chunk_bytes=999)))
    assert "Content-Length" not in answer.headers
    assert answer.body == FILE.bytes()
    url = add(origin, BreakChunk(after_bytes=5_000))
    with pytest.raises(http.client.IncompleteRead) as broken:
        fetch(url)
    assert broken.value.partial == FILE.bytes(0, 5_000)
    assert curl_code(url) in (pycurl.E_RECV_ERROR, pycurl.E_WRITE_ERROR)


def test_chunks_that_are_cut_have_no_last_one(origin: Origin) -> None:
    assert curl_code(add(origin, Chunked(), Cut(after_bytes=5_000))) == pycurl.E_PARTIAL_FILE


def test_gzip_comes_whoever_asks_and_in_ranges_of_the_packed_bytes(origin: Origin) -> None:
    url = origin.add("/a.txt", Resource(b"again and again " * 1_000, faults=[Gzip()]))
    packed = fetch(url)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == len(packed.body) < 1_000
    assert gzip.decompress(packed.body) == b"again and again " * 1_000
    assert fetch(url, Range="bytes=20-").body == packed.body[20:]


def test_without_range_support_everything_comes(origin: Origin) -> None:
    answer = fetch(add(origin, NoRanges()), Range="bytes=5000-")
    assert (answer.status, len(answer.body)) == (200, 10_000)
    assert "Accept-Ranges" not in answer.headers


def test_ranges_can_be_refused_without_a_reason(origin: Origin) -> None:
    url = add(origin, RefusesRanges())
    assert fetch(url, Range="bytes=5000-").status == 416
    assert fetch(url).status == 200


def test_a_range_can_be_answered_with_another(origin: Origin) -> None:
    answer = fetch(add(origin, WrongRange(start_by=-100)), Range="bytes=5000-")
    assert (answer.status, answer.headers["Content-Range"]) == (206, "bytes 4900-9999/10000")
    assert answer.body == FILE.bytes(4_900)
    answer = fetch(add(origin, WrongRange(total_by=77)), Range="bytes=5000-")
    assert answer.headers["Content-Range"] == "bytes 5000-9999/10077"
    answer = fetch(add(origin, WrongRange(tells_content_range=False)), Range="bytes=5000-")
    assert answer.status == 206
    assert "Content-Range" not in answer.headers
    answer = fetch(add(origin, WrongRange(most_bytes=300)), Range="bytes=5000-")
    assert (answer.headers["Content-Range"], len(answer.body)) == ("bytes 5000-5299/10000", 300)


def test_if_range_can_be_ignored(origin: Origin) -> None:
    url = add(origin, IgnoresIfRange(times=1))
    assert fetch(url, Range="bytes=5-", If_Range='"other"').status == 206
    assert fetch(url, Range="bytes=5-", If_Range='"other"').status == 200


def test_content_changes_at_a_request(origin: Origin) -> None:
    url = add(origin, Changes(at_request=2, content=b"another file"))
    before, after, later = fetch(url), fetch(url, Range="bytes=8-"), fetch(url)
    assert (before.body, after.body, later.body) == (FILE.bytes(), b"file", b"another file")
    assert before.headers["ETag"] != after.headers["ETag"] == later.headers["ETag"]
    assert fetch(url, Range="bytes=8-", If_Range=before.headers["ETag"]).status == 200


@pytest.mark.parametrize("by_reset", [False, True])
def test_a_connection_can_end_before_any_byte(origin: Origin, by_reset: bool) -> None:
    url = add(origin, CloseEarly(by_reset=by_reset, times=1))
    with pytest.raises(ConnectionResetError if by_reset else http.client.RemoteDisconnected):
        fetch(url)
    assert fetch(url).status == 200
    add(origin, CloseEarly(by_reset=by_reset))
    assert curl_code(url) == (pycurl.E_RECV_ERROR if by_reset else pycurl.E_GOT_NOTHING)


def test_garbage_comes_instead_of_a_status_line(origin: Origin) -> None:
    url = add(origin, Garbage(b"SSH-2.0-OpenSSH\r\n"))
    with pytest.raises(http.client.BadStatusLine):
        fetch(url)
    assert curl_code(url) == pycurl.E_UNSUPPORTED_PROTOCOL
    with ask(origin, "/a.bin") as bare:
        assert everything(bare) == b"SSH-2.0-OpenSSH\r\n"


def test_headers_can_be_very_long_on_another_answer_too(origin: Origin) -> None:
    answer = fetch(add(origin, LongHeaders(size_bytes=60_000)))
    assert len(answer.headers["X-Padding-0"]) == 60_000
    url = add(origin, LongHeaders(size_bytes=50_000, count=10), Answer(404))
    assert curl_code(url) == pycurl.E_RECV_ERROR  # curl's limit is 300 KiB
    assert fetch(add(origin, LongHeaders(size_bytes=10, count=3), Answer(404))).headers["X-Padding-2"] == "p" * 10


def test_a_body_can_be_ended_by_the_end_of_the_connection(origin: Origin) -> None:
    add(origin, EndedByClose())
    with ask(origin, "/a.bin") as bare:
        answer = everything(bare)
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b"Content-Length" not in answer
    assert body_of(answer) == FILE.bytes()
    assert curl_code(origin.url("/a.bin")) == 0


def test_a_password_is_asked_for_and_heeded(origin: Origin) -> None:
    url = add(origin, NeedsPassword("me", "secret"))
    asked = fetch(url)
    assert (asked.status, asked.headers["WWW-Authenticate"]) == (401, 'Basic realm="origin"')
    assert curl_code(url, USERPWD="me:secret", FAILONERROR=True) == 0
    assert curl_code(url, USERPWD="me:wrong", FAILONERROR=True) == pycurl.E_HTTP_RETURNED_ERROR


@pytest.mark.parametrize("status", [204, 304, 403, 408, 429, 500, 503, 599])
def test_any_status_can_be_answered_and_the_connection_stays(origin: Origin, status: int) -> None:
    url = add(origin, Answer(status, times=1))
    connection = http.client.HTTPConnection("127.0.0.1", origin.port)
    assert fetch_on(connection, url).status == status
    assert fetch_on(connection, url).body == FILE.bytes()
    connection.close()
    assert [record.connection for record in origin.requests] == [1, 1]
