"""The fault-injecting origin: a real web server on loopback that does exactly the wrong thing asked for.

    with Origin() as origin:
        url = origin.add("/a.bin", Resource(Pattern(1_000_000, seed=1), faults=[Cut(after_bytes=5_000, times=1)]))

origin.py is what a test holds, resource.py what it declares, faults.py what can go wrong, log.py what it can look at;
strangers.py is who stands in its place or before it.
"""

from tests.server.content import Content, Pattern
from tests.server.faults import (
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
    NeedsDigest,
    NeedsPassword,
    NoRanges,
    Redirect,
    RefusesRanges,
    Reset,
    Stall,
    WrongLength,
    WrongRange,
)
from tests.server.log import Ending, RequestRecord
from tests.server.origin import Origin, refused_url
from tests.server.resource import AUTOMATIC, Resource
from tests.server.strangers import port_that_never_ends, port_that_says, proxy, socks_proxy
from tests.server.tls import Tls

__all__ = [
    "AUTOMATIC",
    "Answer",
    "BreakChunk",
    "Changes",
    "Chunked",
    "CloseEarly",
    "Content",
    "Cut",
    "Delay",
    "EndedByClose",
    "Ending",
    "Fault",
    "Garbage",
    "Gzip",
    "Hold",
    "IgnoresIfRange",
    "LongHeaders",
    "NeedsDigest",
    "NeedsPassword",
    "NoRanges",
    "Origin",
    "Pattern",
    "Redirect",
    "RefusesRanges",
    "RequestRecord",
    "Reset",
    "Resource",
    "Stall",
    "Tls",
    "WrongLength",
    "WrongRange",
    "port_that_never_ends",
    "port_that_says",
    "proxy",
    "refused_url",
    "socks_proxy",
]
