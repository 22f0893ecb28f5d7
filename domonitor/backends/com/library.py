"""Windows' own libraries, behind a door that other systems can be type-checked through."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


@cache
def library(name: str) -> Any:
    """The library of that name. Its functions answer with a signed 32-bit number unless told otherwise."""
    return ctypes.__dict__["WinDLL"](name, use_last_error=True)


def last_error() -> int:
    """The Win32 error of this thread's last call that failed."""
    return int(ctypes.__dict__["get_last_error"]())
