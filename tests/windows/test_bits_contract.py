"""BITS under the contract of the documented object model. What Wine's own BITS does otherwise is said here, as data."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import pytest

from domonitor.backends.bits.job import BitsJob
from domonitor.backends.bits.manager import BitsManager
from domonitor.backends.bits.properties import JobProperty, ProxySettings, ProxyUsage, TransferPolicy
from domonitor.backends.interface import CopyManager
from domonitor.jobs import hresult
from tests.backends.contract import Contract, Lack, OpenService, Service
from tests.backends.contract_service import code_of
from tests.server import Origin
from tests.server import origin as origin_module
from tests.windows import bits
from tests.windows.conftest import IS_WINE

CODES = {
    hresult.DO_E_JOB_NOT_FOUND: hresult.BG_E_NOT_FOUND,
    hresult.DO_E_INVALID_STATE: hresult.BG_E_INVALID_STATE,
    hresult.DO_E_JOB_EMPTY: hresult.BG_E_EMPTY,
    hresult.DO_E_FILE_NOT_AVAILABLE: hresult.BG_E_FILE_NOT_AVAILABLE,
    hresult.DO_E_ERROR_INFORMATION_UNAVAILABLE: hresult.BG_E_ERROR_INFORMATION_UNAVAILABLE,
}

LACKS = frozenset({Lack.DISPLAY_NAME_CHANGE, Lack.OWNER, Lack.ERROR_COUNT})

NOT_THERE: Mapping[str, Callable[[BitsJob], object]] = {
    "suspend": lambda job: job.suspend(),
    "times": lambda job: job.get_times(),
    "priority": lambda job: job.get_priority(),
    "owner": lambda job: job.get_owner(),
    "error count": lambda job: job.get_error_count(),
    "another name": lambda job: job.set_display_name("another name"),
    "proxy": lambda job: job.set_proxy_settings(ProxySettings(ProxyUsage.NO_PROXY)),
    "proxy settings": lambda job: job.get_proxy_settings(),
    "cost policy": lambda job: job.set_property(JobProperty.COST_FLAGS, TransferPolicy.STANDARD),
    "cost policy of a job": lambda job: job.get_property(JobProperty.COST_FLAGS),
}
"""What Wine's BITS refuses with E_NOTIMPL. Where one of these is there one day, what rests on it below can go."""

_NO_TIMES = "it gives no times"
_NO_PRIORITIES = "it has no priorities, and transfers one job after the other"
_NO_SUSPEND = "it can't suspend"
_UNCHECKED = "it takes any input, and finds out when it transfers"
_NO_RETRY = "an error is an ERROR at once there; nothing is tried again"
_CANCEL = "cancel says that files are left, and waits for a transfer that moves"
_LISTED = "a final job is listed until the next one is transferred"
_NO_RANGES = "it has no ranges: the call is taken and does nothing"
_CALLBACKS = "it calls back for the end alone"
_UNSET = "a description that was never set is an error there"

DIFFERENT: Mapping[str, str] = {
    r"TRANSIENT_ERROR|may_pass|no_progress|without_progress|gives_way|the_retries|waits_for_its_retry": _NO_RETRY,
    r"the_error_object": _NO_RETRY,
    r"TRANSFERRING|progress_counts|progress_has|half|bytes_and_states": "it counts bytes by blocks of its own",
    r"get_times|moves?_the_time|time_of|new_job_waits": _NO_TIMES,
    r"priority|foreground|one_that_is_suspended": _NO_PRIORITIES,
    r"suspend": _NO_SUSPEND,
    r"bad_|full_path|folder_that_is_there": _UNCHECKED,
    r"cancel": _CANCEL,
    r"final_job|found_by_its_id|manager.get_job": _LISTED,
    r"range": _NO_RANGES,
    r"calls_back|callback_that_fails|is_told": _CALLBACKS,
    r"description": _UNSET,
    r"retry_delay": "its retry delay is always 30 s",
    r"set_remote_name|another_address|address_that_was_set": "a file's address stays as it is",
    r"protocol|will_not_pass": "its error object has no protocol",
    r"listed_in_the_order": "it lists files the last one first",
    r"(CANCELLED|ACKNOWLEDGED)-job\.(add_file|complete|set_)": "it takes calls on final jobs",
    r"(QUEUED|CONNECTING)-job\.resume": "resume of a job on its way is refused there",
    r"complete_of_an_unfinished|complete_after|rename_that_fails": "files get their names one by one, as they arrive",
    r"says_it_lacks.*(RANGES|DESCRIPTION|TRANSIENT|ERROR_TEXTS|FILE_TRANSFERRED)": _UNCHECKED,
}
"""Parts of tests' names, and why they don't hold under Wine."""


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

    with suppress(RuntimeError) if IS_WINE else nullcontext(), Origin() as origin:
        lacks = LACKS if IS_WINE else frozenset[Lack]()
        service = Service(manager, restart, folder, origin, bits.until, codes=CODES, lacks=lacks)
        try:
            yield service
        finally:
            service.let_go()
            bits.drop_all_jobs()
            manager.close()


class TestBits(Contract):
    @staticmethod
    def different(name: str) -> str:
        """Why the test of that name does not hold under Wine, "" where it does."""
        return next((why for part, why in DIFFERENT.items() if re.search(part, name)), "")

    @pytest.fixture(scope="class")
    @classmethod
    def open_service(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenService]:
        with pytest.MonkeyPatch.context() as patch:
            if IS_WINE:  # where nothing wakes who reads a connection that BITS holds, nobody need wait for it
                patch.setattr(origin_module, "_CLOSE_WITHIN_S", 0.05)
            yield lambda: serving(tmp_path_factory.mktemp("bits"))


@pytest.mark.skipif(not IS_WINE, reason="Windows' own BITS offers all of it")
@pytest.mark.parametrize("what", NOT_THERE)
def test_what_wine_does_not_offer_is_refused_as_that(what: str) -> None:
    bits.drop_all_jobs()
    with bits.manager() as manager:
        job = manager.create_job("a job")
        try:
            assert code_of(lambda: NOT_THERE[what](job)) == hresult.E_NOTIMPL
        finally:
            job.cancel()
