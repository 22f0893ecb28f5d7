"""A resource as a test declares it, and the same resource being served."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, Final

from tests.server.content import Content, Literal
from tests.server.draft import Draft
from tests.server.request import Request

if TYPE_CHECKING:
    from tests.server.faults import Fault

AUTOMATIC: Final = "automatic"
"""As etag: a strong one that changes exactly when the content does."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What one path holds and how the origin misbehaves with it.

    etag is written as on the wire ('"v1"', 'W/"v1"'), AUTOMATIC, or None; last_modified is aware. headers are added to
    the good answer and replace what the origin would say itself; they are sent as UTF-8, a surrogate escape as its raw
    byte. throttle_bytes_per_s limits every response by itself.
    """

    content: Content | bytes = b""
    etag: str | None = AUTOMATIC
    last_modified: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    throttle_bytes_per_s: float | None = None
    faults: Sequence[Fault] = ()

    @property
    def body(self) -> Content:
        return Literal(self.content) if isinstance(self.content, bytes) else self.content

    @property
    def etag_on_the_wire(self) -> str | None:
        return f'"{self.body.name}"' if self.etag == AUTOMATIC else self.etag

    @property
    def last_modified_on_the_wire(self) -> str | None:
        return None if self.last_modified is None else format_datetime(self.last_modified, usegmt=True)


class Exhibit:
    """A resource while it is served: it can be changed at any time, and counts how often each fault struck."""

    def __init__(self, resource: Resource) -> None:
        self._lock = threading.Lock()
        self._resource = resource
        self._request_count = 0
        self._chances = [0] * len(resource.faults)

    @property
    def resource(self) -> Resource:
        return self._resource

    def change(self, **fields: Any) -> None:
        """From now on these fields of the resource. New faults count anew."""
        with self._lock:
            self._resource = replace(self._resource, **fields)
            if "faults" in fields:
                self._chances = [0] * len(self._resource.faults)

    def mend(self) -> None:
        """No faults and no throttle any more, for running responses too; whatever waits is released."""
        with self._lock:
            faults = self._resource.faults
            self._resource = replace(self._resource, faults=(), throttle_bytes_per_s=None)
            self._chances = []
        for fault in faults:
            fault.release()

    def draft_for(self, request: Request) -> Draft:
        """How to answer this request, with every fault that strikes now."""
        with self._lock:
            self._request_count += 1
            draft = Draft(request, self._resource, self._request_count)
            self._let_strike(draft, is_body_known=False)
            if draft.own_answer is None:
                draft.find_body()
                if request.method == "GET":
                    self._let_strike(draft, is_body_known=True)
            return draft

    def _let_strike(self, draft: Draft, *, is_body_known: bool) -> None:
        for index, fault in enumerate(self._resource.faults):
            if draft.own_answer is not None:
                return
            if fault.needs_body is is_body_known and fault.concerns(draft):
                chance = self._chances[index]
                self._chances[index] += 1
                if fault.strikes(chance):
                    fault.apply(draft)
