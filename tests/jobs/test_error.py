from __future__ import annotations

import pytest

from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed, ErrorContext, FolderInUse
from domonitor.jobs.request import Outcome


def test_a_failed_call_has_its_code_unsigned_its_name_and_a_sentence() -> None:
    error = CallFailed(-2133843966, "DO_E_DOWNLOAD_NO_PROGRESS", "Nothing arrived.")
    assert error.code == 0x80D02002
    assert str(error) == "Nothing arrived."
    assert repr(error) == "CallFailed(0x80D02002, 'DO_E_DOWNLOAD_NO_PROGRESS', 'Nothing arrived.')"


@pytest.mark.parametrize(("process_id", "owner"), [(4711, "process 4711"), (None, "another program")])
def test_a_folder_in_use_names_its_owner(process_id: int | None, owner: str) -> None:
    error = FolderInUse("/data", process_id)
    assert error.process_id == process_id
    assert owner in str(error)
    assert "/data" in str(error)


@pytest.mark.parametrize("context", list(ErrorContext), ids=lambda context: context.name)
def test_every_context_is_described_in_a_sentence(context: ErrorContext) -> None:
    assert context.description[0].isupper()
    assert context.description.endswith(".")


@pytest.mark.parametrize(
    ("code", "is_refused"),
    [(hresult.S_OK, False), (hresult.BG_S_PARTIAL_COMPLETE, False), (hresult.DO_E_INVALID_STATE, True)],
)
def test_an_outcome_is_a_refusal_when_its_code_says_so(code: int, is_refused: bool) -> None:
    assert Outcome("1", code).is_refused is is_refused


def test_a_code_is_written_as_people_search_for_it() -> None:
    assert hresult.text(-2133843966) == hresult.text(0x80D02002) == "0x80D02002"
    assert hresult.text(0) == "0x00000000"
