"""Reading Windows' event log, with a double of its library that counts handles: Linux has none, and Wine's is empty."""

from __future__ import annotations

import ctypes
from contextlib import closing
from itertools import count, islice
from typing import Any

import pytest

from domonitor.backends.com import event_channel

NO_MORE, TOO_SMALL, NO_CHANNEL = 259, 122, 15007


class Function:
    """A function of a library, whose restype may be set."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        return self._call(*arguments)


class EventApi:
    """wevtapi.dll with a channel of these texts. opened: the handles that nobody has closed yet."""

    def __init__(self, *texts: str, failure: int = 0) -> None:
        self.texts, self.failure, self.error = list(texts), failure, 0
        self.opened: dict[int, str] = {}
        self._left = iter(self.texts)
        self._handles = count(1)
        self.renders = 0
        for name in ("EvtQuery", "EvtNext", "EvtRender", "EvtClose"):
            setattr(self, name, Function(getattr(self, f"_{name}")))

    def _open(self, text: str) -> int:
        handle = next(self._handles)
        self.opened[handle] = text
        return handle

    def _EvtQuery(self, session: Any, channel: Any, query: Any, flags: int) -> int | None:
        self.error = self.failure
        return None if self.failure else self._open("the query")

    def _EvtNext(self, results: Any, size: int, places: Any, within_ms: int, flags: int, found: Any) -> int:
        texts = list(islice(self._left, size))
        for at, text in enumerate(texts):
            places[at] = self._open(text)
        found._obj.value = len(texts)
        self.error = NO_MORE
        return bool(texts)

    def _EvtRender(self, _: Any, event: Any, kind: int, size: int, room: Any, used: Any, properties: Any) -> int:
        self.renders += 1
        text = ctypes.create_unicode_buffer(self.opened[event.value])
        used._obj.value = ctypes.sizeof(text)
        if text.value == "unreadable":
            self.error = 15_000
            return False
        if ctypes.sizeof(text) > size:
            self.error = TOO_SMALL
            return False
        ctypes.memmove(room, text, ctypes.sizeof(text))
        return True

    def _EvtClose(self, handle: Any) -> int:
        del self.opened[handle.value]
        return True


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Any:
    def install(*texts: str, failure: int = 0) -> EventApi:
        api = EventApi(*texts, failure=failure)
        monkeypatch.setattr(event_channel, "library", lambda name: api)
        monkeypatch.setattr(event_channel, "last_error", lambda: api.error)
        return api

    return install


def read(most: int = 1_000) -> list[str]:
    return list(event_channel.newest("a channel", "*", most))


def test_every_event_is_read_and_every_handle_closed(api: Any) -> None:
    texts = [f"<Event>{number}</Event>" for number in range(200)]
    it = api(*texts)
    assert read() == texts
    assert it.opened == {}


def test_no_more_are_read_than_were_asked_for(api: Any) -> None:
    it = api(*map(str, range(200)))
    assert read(70) == [str(number) for number in range(70)]
    assert it.renders == 70
    assert it.opened == {}


def test_who_stops_before_the_end_leaves_no_handle_open(api: Any) -> None:
    it = api(*map(str, range(200)))
    with closing(event_channel.newest("a channel", "*", 1_000)) as texts:
        assert next(texts) == "0"
        assert len(it.opened) == 64
    assert it.opened == {}


def test_a_long_event_gets_the_room_that_it_needs_and_one_without_end_is_left_out(api: Any) -> None:
    long = "x" * 100_000
    it = api("first", long, "y" * 2_000_000, "unreadable", "last")
    assert read() == ["first", long, "last"]
    assert it.opened == {}


def test_a_channel_that_is_not_there_is_an_error_that_names_its_code(api: Any) -> None:
    it = api(failure=NO_CHANNEL)
    with pytest.raises(OSError, match="15007"):
        read()
    assert it.opened == {}


def test_a_log_that_fails_on_the_way_is_an_error_and_leaves_no_handle_open(api: Any) -> None:
    it = api("one")
    texts = event_channel.newest("a channel", "*", 10)
    assert next(texts) == "one"
    it.EvtNext = lambda *_: (setattr(it, "error", 5), False)[1]
    with pytest.raises(OSError, match="5"):
        next(texts)
    assert it.opened == {}
