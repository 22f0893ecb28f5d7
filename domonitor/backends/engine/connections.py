"""How many connections this process can have at once."""

from __future__ import annotations

import sys
from contextlib import suppress

if sys.platform != "win32":
    import resource

MOST_ON_WINDOWS = 255
"""Its select takes 512 sockets: a connection needs two of them while it tries both kinds of addresses."""


def most_at_once(wanted: int) -> int:
    """As many as are wanted, or as the system allows: of what may be open, a third.

    The others are for the files, and for connections that are kept for later. On POSIX the limit of this process is
    raised as far as it may raise it itself.
    """
    if sys.platform == "win32":
        return min(wanted, MOST_ON_WINDOWS)
    allowed, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != most:
        with suppress(ValueError, OSError):  # macOS names a limit that it then does not grant
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if allowed == resource.RLIM_INFINITY else max(1, min(wanted, allowed // 3))
