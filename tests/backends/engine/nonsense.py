"""Random messages for the host: some that are calls, most of them calls with something wrong, some that are nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

from domonitor.backends.engine.calls import JobCalls, ServiceCalls, calls_of

# To stop is no nonsense: the host would do it.
NAMES = [
    *calls_of(JobCalls),
    *(name for name in calls_of(ServiceCalls) if name != "stop"),
    "close",
    "__class__",
    "",
    "call",
]
ARGUMENTS = sorted(
    {name for calls in (JobCalls, ServiceCalls) for call in calls_of(calls).values() for name in call.parameters}
)
WORDS = ["", "a job", "cancel", "resume", "http://127.0.0.1:9/a", "/nowhere/at/all", "x" * 2_000, "\ud800", "\0"]


class Talker:
    """Talks nonsense to a host, on as many connections as it takes.

    answers, ends: how often it was answered, and left.
    """

    def __init__(self, connect: Callable[[], Connection], seed: int) -> None:
        self._connect = connect
        self._choose = random.Random(seed)
        self._jobs = [str(UUID(int=self._choose.getrandbits(128))) for _ in range(3)]
        self.answers = 0
        self.ends = 0

    def say(self, messages: int) -> None:
        """Says so many, and hears what is said to each."""
        connection = self._connect()
        for number in range(messages):
            said, answered_as = self._message(number)
            try:
                connection.send_bytes(said)
                self._hear(connection, answered_as)
            except (EOFError, OSError):
                self.ends += 1
                connection.close()
                connection = self._connect()
        connection.close()

    def _hear(self, connection: Connection, number: object) -> None:
        """Until the answer comes, or the connection ends."""
        while True:
            answer = json.loads(connection.recv_bytes())
            if answer.get("id") == number and not answer.get("more"):
                self.answers += 1
                with suppress(KeyError, TypeError, ValueError):
                    self._jobs[self.answers % 3] = str(UUID(str(answer["value"])))
                return

    def _message(self, number: int) -> tuple[bytes, object]:
        """What is said, and the number under which it is answered, if it is."""
        choose = self._choose.random()
        if choose < 0.02:
            return self._choose.randbytes(self._choose.randrange(300)), None
        message: dict[str, Any] = {"id": number, "call": self._choose.choice(NAMES), "with": {}}
        call = calls_of(JobCalls).get(message["call"]) or calls_of(ServiceCalls).get(message["call"])
        if message["call"] in calls_of(JobCalls) and choose < 0.9:
            message["job"] = self._choose.choice(self._jobs)
        names = list(call.parameters) if call and choose < 0.95 else self._choose.choices(ARGUMENTS, k=2)
        message["with"] = {name: self._fitting(name) if choose < 0.8 else self._anything(2) for name in names}
        if "job_ids" in names or "pieces" in names or choose > 0.98:
            message["with"].pop("job_ids", None)
            message["with"].pop("pieces", None)
            message["items"] = [self._choose.choice(self._jobs) for _ in range(self._choose.randrange(4))]
        if choose > 0.97:
            message[self._choose.choice(["id", "call", "with", "job", "else"])] = self._anything(3)
        text = json.dumps(message).encode()
        return text[: self._choose.randrange(len(text))] if choose > 0.995 else text, message["id"]

    def _fitting(self, name: str) -> Any:
        """Something of the type that the argument is likely to have."""
        fitting: dict[str, Any] = {
            "ranges": [{"offset": 0, "length": self._choose.choice([None, 10, -1])}],
            "size": None,
            "replace": False,
            "expected": None,
            "is_on": True,
            "job_id": self._choose.choice(self._jobs),
            "command": self._choose.choice(["cancel", "resume", "suspend", "complete"]),
            "arguments": [],
            "before": "2020-01-01T00:00:00+00:00",
        }
        if name in fitting:
            return fitting[name]
        if name in {"index", "number", "priority", "flags", "delay_s", "timeout_s"}:
            return self._choose.choice([0, 1, 2, 7, -1, 1 << 70])
        return self._choose.choice(WORDS)

    def _anything(self, depth: int) -> Any:
        kinds = 8 if depth else 6
        choices: list[Callable[[], Any]] = [
            lambda: None,
            lambda: self._choose.random() < 0.5,
            lambda: self._choose.choice([0, -1, 1 << 40, 1 << 200]),
            lambda: self._choose.choice([0.5, float("inf"), float("nan"), -1e300]),
            lambda: self._choose.choice(WORDS),
            lambda: self._choose.choice(self._jobs),
            lambda: [self._anything(depth - 1) for _ in range(self._choose.randrange(3))],
            lambda: {
                self._choose.choice(ARGUMENTS): self._anything(depth - 1) for _ in range(self._choose.randrange(3))
            },
        ]
        return choices[self._choose.randrange(kinds)]()
