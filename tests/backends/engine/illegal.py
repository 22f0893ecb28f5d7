"""Calls that must be refused and change nothing, whatever state the job is in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from domonitor.jobs import hresult
from tests.backends.engine.model import ModelJob

ILLEGAL: dict[str, tuple[Callable[[Any, ModelJob, str], object], int]] = {
    "a name of nothing": (lambda job, _, __: job.set_display_name(""), hresult.E_INVALIDARG),
    "a name too long": (lambda job, _, __: job.set_display_name("n" * 257), hresult.E_INVALIDARG),
    "a description too long": (lambda job, _, __: job.set_description("n" * 1_025), hresult.E_INVALIDARG),
    "a priority that is none": (lambda job, _, __: job.set_priority(17), hresult.E_NOTIMPL),
    "a flag that is none": (lambda job, _, __: job.set_notify_flags(0x400), hresult.E_NOTIMPL),
    "a time before now": (lambda job, _, __: job.set_minimum_retry_delay(-1.0), hresult.E_INVALIDARG),
    "a local name without folder": (lambda job, _, url: job.add_file(url, "name"), hresult.E_INVALIDARG),
    "a folder that is not there": (
        lambda job, known, url: job.add_file(url, str(known.folder / "no" / "name")),
        hresult.ERROR_PATH_NOT_FOUND,
    ),
    "a target that is a folder": (
        lambda job, known, url: job.add_file(url, str(known.folder)),
        hresult.ERROR_FILE_EXISTS,
    ),
    "a target that is taken": (
        lambda job, known, url: job.add_file(url, str(known.files[-1].target if known.files else known.folder)),
        hresult.ERROR_FILE_EXISTS,
    ),
    "a scheme that nobody speaks": (
        lambda job, known, _: job.add_file("ftp://127.0.0.1/x", str(known.folder / "x")),
        hresult.E_INVALIDARG,
    ),
    "an address too long": (
        lambda job, known, url: job.add_file(url + "x" * 2_200, str(known.folder / "x")),
        hresult.E_INVALIDARG,
    ),
}
"""What to do with a job, given what the model knows of it and an address; and the code of the refusal."""
