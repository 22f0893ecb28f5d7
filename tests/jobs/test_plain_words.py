"""No headline and no step of a remedy names a function, a type or a constant: they are for people."""

from __future__ import annotations

import re

import pytest

from domonitor.jobs import codes, hresult
from domonitor.jobs.codes import Meaning

MEANINGS = [meaning for meanings in codes._by_code().values() for meaning in meanings]

_IN_CAMELS = re.compile(r"\b[A-Za-z][a-z0-9]+(?:[A-Z][a-z0-9]*)+\b|\bI[A-Z][a-z]+[A-Z]\w*")
_UNDERSCORED = re.compile(r"\b\w+_\w+\b")
_CALLED = re.compile(r"\w\(\)|\bHRESULT\b|\bIID\b|\bCLSID\b")

PRODUCTS = {
    "PowerShell",
    "SmartScreen",
    "DoSvc",  # the service's name, as the list of services shows it
    "SoftwareDistribution",  # a folder
    "DataStore",  # another one
    "RestoreHealth",  # what DISM is told
    "WindowsUpdate",  # .log, and Get-WindowsUpdateLog
    "WindowsUpdateLog",
    "IntuneManagementExtension",  # these are logs
    "AppWorkload",
    "ContentTransferManager",
    "DataTransferService",
    "AppDiscovery",
    "AppIntentEval",
    "UpdatesHandler",
    "AppXDeployment",
    "AppX",
    "WinHTTP",  # as the list of services shows it
}
"""Names of things that people see and look for."""


def names_in(sentence: str) -> set[str]:
    found = {*_IN_CAMELS.findall(sentence), *_UNDERSCORED.findall(sentence), *_CALLED.findall(sentence)}
    return found - PRODUCTS


def test_there_is_something_to_look_at() -> None:
    assert len(MEANINGS) > 1_000
    assert names_in("Call CoInitializeEx first, then IBackgroundCopyJob::Resume() again: E_FAIL is no HRESULT.") == {
        "CoInitializeEx",
        "IBackgroundCopyJob",
        "e()",
        "E_FAIL",
        "HRESULT",
    }


@pytest.mark.parametrize("what", ["headline", "remedy"])
def test_no_headline_and_no_step_names_a_part_of_an_interface(what: str) -> None:
    def sentences(meaning: Meaning) -> tuple[str, ...]:
        return (meaning.title,) if what == "headline" else meaning.steps

    wrong = {
        f"{hresult.text(meaning.code)}: {sentence}": names
        for meaning in MEANINGS
        for sentence in sentences(meaning)
        if (names := names_in(sentence))
    }
    assert wrong == {}


def test_every_code_has_a_headline_and_a_step_whatever_its_number() -> None:
    for code in (*codes._by_code(), 0x80190000 + 599, 0x8ABC1234, 0xC0000005):
        explanation = codes.explain(code)
        assert explanation.headline
        assert explanation.steps
        assert not names_in(" ".join((explanation.headline, *explanation.steps)))
