"""BITS under the contract of the documented object model. What Wine's own BITS lacks is said beforehand, as data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from domonitor.backends.bits.manager import BitsManager
from domonitor.backends.interface import CopyManager
from domonitor.jobs import hresult
from tests.backends.contract import Contract, Lack, OpenService, Service
from tests.server import Origin
from tests.windows import bits

CODES = {
    hresult.DO_E_JOB_NOT_FOUND: hresult.BG_E_NOT_FOUND,
    hresult.DO_E_INVALID_STATE: hresult.BG_E_INVALID_STATE,
    hresult.DO_E_JOB_EMPTY: hresult.BG_E_EMPTY,
    hresult.DO_E_FILE_NOT_AVAILABLE: hresult.BG_E_FILE_NOT_AVAILABLE,
    hresult.DO_E_ERROR_INFORMATION_UNAVAILABLE: hresult.BG_E_ERROR_INFORMATION_UNAVAILABLE,
}


@contextmanager
def serving(folder: Path) -> Iterator[Service]:
    """BITS as a service under the contract, with a server of its own."""
    bits.drop_all_jobs()
    manager = BitsManager()

    def restart() -> CopyManager:
        nonlocal manager
        manager.close()
        manager = BitsManager()
        return manager

    with suppress(RuntimeError), Origin() as origin:
        service = Service(
            manager, restart, folder, origin, bits.until, codes=CODES, lacks=frozenset(Lack) - {Lack.ENUM_JOBS}
        )
        try:
            yield service
        finally:
            service.let_go()
            manager.close()
            bits.drop_all_jobs()


class TestBits(Contract):
    @pytest.fixture(scope="class")
    @classmethod
    def open_service(cls, tmp_path_factory: pytest.TempPathFactory) -> OpenService:
        return lambda: serving(tmp_path_factory.mktemp("bits"))
