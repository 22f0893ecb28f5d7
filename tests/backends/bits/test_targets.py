"""What a new job may ask of BITS."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from domonitor.backends.bits.targets import Targets
from domonitor.jobs import hresult
from domonitor.jobs.error import CallFailed
from domonitor.jobs.request import Digest, NewFile, NewJob


def job(tmp_path: Path) -> NewJob:
    return NewJob("a job", (NewFile("http://example.com/a", str(tmp_path / "a")),))


@pytest.mark.parametrize(
    "wish",
    [
        {"segments": 4},
        {"bytes_per_second": 1_000},
        {"expected": Digest("sha256", "0" * 64)},
        {"size": 1_000},
    ],
    ids=lambda wish: next(iter(wish)),
)
def test_what_bits_does_not_do_is_refused_in_a_sentence_and_never_left_out(
    tmp_path: Path, wish: dict[str, object]
) -> None:
    new = job(tmp_path)
    of_the_file = {name: value for name, value in wish.items() if name in ("expected", "size")}
    of_the_job = {name: value for name, value in wish.items() if name not in of_the_file}
    (file,) = new.files
    new = replace(new, files=(replace(file, **of_the_file),), **of_the_job)  # type: ignore[arg-type]
    with pytest.raises(CallFailed, match=r"^BITS does not .*\. Add the download to domonitor's own engine") as refusal:
        Targets().names(new)
    assert refusal.value.code == hresult.E_NOTIMPL


def test_what_bits_does_is_given_a_name(tmp_path: Path) -> None:
    assert Targets().names(job(tmp_path)) == [str(tmp_path / "a")]
