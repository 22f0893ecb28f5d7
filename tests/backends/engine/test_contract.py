"""The engine keeps the contract of the documented object model."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from domonitor.backends.interface import CopyManager
from domonitor.jobs import codes, hresult
from domonitor.jobs.state import JobState
from tests.backends.contract import Contract, OpenService, Service
from tests.backends.contract_service import code_of
from tests.backends.contract_states import bring
from tests.backends.engine.conftest import QUICK, Engine
from tests.server import Origin

SETTINGS = replace(QUICK, slots=2)


@contextmanager
def forbidden_folder() -> Iterator[Path]:
    """A folder that nobody else may write to; a process that may write everywhere is somebody else meanwhile."""
    codes.explain(0)  # while its file can surely be read
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "read only"
        path.mkdir(mode=0o555)
        is_root = os.geteuid() == 0
        if is_root:
            Path(folder).chmod(0o755)
            os.seteuid(65534)
        try:
            yield path
        finally:
            if is_root:
                os.seteuid(0)


@contextmanager
def serving(engine: Engine) -> Iterator[Service]:
    """The engine as a service under the contract, with a server of its own; stops it at the end."""

    def restart() -> CopyManager:
        engine.restart()
        return engine.manager

    with Origin() as origin:
        service = Service(
            engine.manager,
            restart,
            engine.downloads,
            origin,
            engine.until,
            lacks=frozenset(),
            follows_ours=True,
            slots=SETTINGS.slots,
            shortest_retry_delay_s=SETTINGS.retry_delay_s,
            shortest_no_progress_s=0.2,
            forbidden_folder=None if os.name == "nt" else forbidden_folder,
        )
        try:
            yield service
        finally:
            engine.stop()
            service.let_go()


class TestEngine(Contract):
    @pytest.fixture(scope="class")
    @classmethod
    def open_service(cls, tmp_path_factory: pytest.TempPathFactory) -> OpenService:
        return lambda: serving(Engine(tmp_path_factory.mktemp("engine"), SETTINGS))

    @pytest.mark.expected_log("the list of downloads could not be written")
    def test_an_error_of_no_file_says_that_there_is_none(self, tmp_path: Path) -> None:
        """error.get_file is answered with DO_E_FILE_NOT_AVAILABLE where the error is tied to no file.

        Only an engine whose list can't be written knows such an error.
        """
        engine = Engine(tmp_path, SETTINGS)
        with serving(engine) as service:
            subject = bring(service, JobState.TRANSFERRING)
            with engine.full_disk():
                service.origin.mend("/subject")
                service.until_state(subject.job, JobState.ERROR)
            assert code_of(subject.job.get_error().get_file) == hresult.DO_E_FILE_NOT_AVAILABLE
