"""What a service calls back: an object of ours that hands the calls on. They come on COM's own threads."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from comtypes import COMObject, IUnknown

from domonitor.backends.com.objects import interface

_log = logging.getLogger(__name__)

Called = Callable[[str], object]
"""Takes the name of the callback's method. It must return soon, and may not ask the service on that thread."""


class _Callback(COMObject):  # type: ignore[misc]
    """IBackgroundCopyCallback2, of which only that it was called is handed on."""

    _com_interfaces_ = [interface("IBackgroundCopyCallback2")]  # noqa: RUF012  # comtypes asks for a list

    def __init__(self, called: Called) -> None:
        super().__init__()
        self._called = called

    def JobTransferred(self, _this: Any, _job: Any) -> int:
        return self._hand_on("job_transferred")

    def JobError(self, _this: Any, _job: Any, _error: Any) -> int:
        return self._hand_on("job_error")

    def JobModification(self, _this: Any, _job: Any, _reserved: int) -> int:
        return self._hand_on("job_modification")

    def FileTransferred(self, _this: Any, _job: Any, _file: Any) -> int:
        return self._hand_on("file_transferred")

    def _hand_on(self, name: str) -> int:
        try:
            self._called(name)
        except Exception:
            _log.exception("a callback failed")
        return 0  # a callback that fails is called again


def callback(called: Called) -> Any:
    """A callback object as IUnknown, for SetNotifyInterface. It lives for as long as anybody refers to it."""
    return _Callback(called).QueryInterface(IUnknown)
