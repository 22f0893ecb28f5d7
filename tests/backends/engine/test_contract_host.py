"""The engine keeps the contract of the object model through its host as well.

The host is on threads of this process, which starts it in a tenth of the time; with DOMONITOR_CONTRACT=process it is
the real program each time.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from domonitor.backends.interface import CopyManager
from tests.backends.contract import Contract, OpenService, Service
from tests.backends.engine.conftest import QUICK
from tests.backends.engine.hosting import HostHere, Waiter, host_on
from tests.backends.engine.test_contract import forbidden_folder
from tests.server import Origin

IN_A_PROCESS = os.environ.get("DOMONITOR_CONTRACT") == "process"
SETTINGS = replace(QUICK, slots=1)


@contextmanager
def serving(folder: Path) -> Iterator[Service]:
    """A host as a service under the contract, with a server of its own."""
    with ExitStack() as opened:
        origin = opened.enter_context(Origin())
        host = opened.enter_context(host_on(folder, SETTINGS)) if IN_A_PROCESS else HostHere(folder, SETTINGS)
        manager = host.connect()
        waiter = Waiter(manager)

        def restart() -> CopyManager:
            nonlocal manager, waiter
            manager.close()
            host.end()
            host.start()
            manager = host.connect()
            waiter = Waiter(manager)
            return manager

        service = Service(
            manager,
            restart,
            host.downloads,
            origin,
            lambda condition: waiter.until(condition),
            lacks=frozenset(),
            follows_ours=True,
            slots=SETTINGS.slots,
            shortest_retry_delay_s=SETTINGS.retry_delay_s,
            shortest_no_progress_s=0.2,
            forbidden_folder=None if os.name == "nt" or (IN_A_PROCESS and os.geteuid() == 0) else forbidden_folder,
        )
        try:
            yield service
        finally:
            manager.close()
            service.let_go()
            host.close()


class TestEngineInItsHost(Contract):
    @pytest.fixture(scope="class")
    @classmethod
    def open_service(cls, tmp_path_factory: pytest.TempPathFactory) -> OpenService:
        return lambda: serving(tmp_path_factory.mktemp("engine"))
