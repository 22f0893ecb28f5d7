from __future__ import annotations

import csv
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domonitor.assets import asset
from domonitor.jobs import hresult
from domonitor.jobs.codes import Meaning, explain
from domonitor.jobs.error import InvalidInput

ROWS = list(csv.DictReader(asset("error_codes.csv").read_text(encoding="utf-8").splitlines(), strict=True))
MEANINGS = [meaning for code in dict.fromkeys(row["code"] for row in ROWS) for meaning in explain(code).meanings]
OWN_CODES = {name: code for name, code in vars(hresult).items() if name.isupper() and name != "HTTP_STATUS"}


def test_every_row_is_the_meaning_of_its_code() -> None:
    assert len(ROWS) > 1000
    assert len(MEANINGS) == len(ROWS)
    for row in ROWS:
        fields: dict[str, Any] = row | {"code": int(row["code"], 16)}
        assert Meaning(**fields) in explain(row["code"]).meanings


def test_every_row_says_what_it_is_in_plain_words() -> None:
    for meaning in MEANINGS:
        assert meaning.meaning.strip(), meaning
        assert meaning.name.strip(), meaning
        assert meaning.family.strip(), meaning
        assert re.fullmatch(r"\S.{1,138}[^.,;:\s]", meaning.title), meaning
        assert meaning.title.count("(") == meaning.title.count(")"), meaning
        assert not meaning.title.endswith(("e.g", "i.e")), meaning


def test_every_step_of_a_remedy_is_a_sentence() -> None:
    for meaning in MEANINGS:
        for step in meaning.steps:
            assert re.fullmatch(r'[A-Z0-9"].*[^.\s]\.', step), (hresult.text(meaning.code), step)
            assert step.count("(") == step.count(")"), (hresult.text(meaning.code), step)


def test_every_code_has_a_headline_details_and_at_least_one_step() -> None:
    for row in ROWS:
        explanation = explain(row["code"])
        assert explanation.is_known
        assert explanation.headline
        assert explanation.details
        assert explanation.steps
        assert explanation.name


def test_every_name_leads_to_a_code_that_has_it() -> None:
    for meaning in MEANINGS:
        for name in meaning.names:
            assert name in {other for found in explain(name).meanings for other in found.names}


def test_every_verdict_in_the_table_is_one_that_is_understood() -> None:
    verdict = re.compile(r"(transient|fatal)( \((agent|inferred)\))?|not transient|unknown|call|info|success|context")
    assert all(verdict.fullmatch(meaning.transient) for meaning in MEANINGS)
    assert {meaning.engine for meaning in MEANINGS} == {"", "transient", "fatal"}


@pytest.mark.parametrize(("name", "code"), OWN_CODES.items())
def test_every_code_of_ours_is_documented_under_its_name(name: str, code: int) -> None:
    names = {known for meaning in explain(code).meanings for known in meaning.names}
    assert name in names or f"ERROR_{name}" in names


@pytest.mark.parametrize(
    "text",
    [
        "0x80D02002",
        "0X80d02002",
        "80D02002",
        "80d02002",
        "-2133843966",
        "2161123330",
        "+2161123330",
        "0x80D02002L",
        "0x80D02002UL",
        "  0x80D02002\n",
        "0x0000000080D02002",
        "DO_E_DOWNLOAD_NO_PROGRESS",
        "do_e_download_no_progress",
        0x80D02002,
        0x80D02002 - (1 << 32),
    ],
)
def test_a_code_is_understood_in_every_form_that_people_copy(text: str | int) -> None:
    explanation = explain(text)
    assert explanation.code == 0x80D02002
    assert explanation.name == "DO_E_DOWNLOAD_NO_PROGRESS"
    assert explanation.headline == "Nothing arrived for too long"
    assert len(explanation.steps) == 3


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "neither an error code nor a known name. Examples: 0x80D02002"),
        ("   ", "neither an error code nor a known name"),
        ("hello", '"hello" is neither an error code nor a known name'),
        ("DO_E_DOWNLOAD_NO_PROGRES", "Did you mean DO_E_DOWNLOAD_NO_PROGRESS?"),
        ("do_e_job_emtpy", "Did you mean DO_E_JOB_EMPTY?"),
        ("0x", "neither an error code"),
        ("0x80D0200Z", "neither an error code"),
        ("80D0200", "neither an error code"),
        ("4294967296", "4294967296 is no error code: it is longer than 32 bits"),
        ("-2147483649", "longer than 32 bits"),
        ("0x180D02002", "longer than 32 bits"),
        ("-" + "9" * 5000, "neither an error code"),
        ("x" * 3000, "neither an error code"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_no_code_is_refused_in_a_short_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        explain(text)
    assert sentence in str(refusal.value)
    assert str(refusal.value).endswith((".", "?"))
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize("number", [1 << 32, -(1 << 31) - 1, 1 << 80])
def test_a_number_of_more_than_32_bits_is_refused(number: int) -> None:
    with pytest.raises(InvalidInput, match="longer than 32 bits"):
        explain(number)


def test_a_code_with_several_meanings_gives_them_all() -> None:
    several = {row["code"] for row in ROWS if sum(row["code"] == other["code"] for other in ROWS) > 1}
    assert several
    for code in several:
        assert len(explain(code).meanings) == sum(row["code"] == code for row in ROWS)


@pytest.mark.parametrize("status", [*range(400, 452), *range(500, 600)])
def test_every_http_refusal_has_words_and_a_verdict(status: int) -> None:
    explanation = explain(hresult.HTTP_STATUS + status)
    assert explanation.headline
    assert explanation.steps
    assert explanation.facility == "HTTP"
    assert str(status) in explanation.headline + explanation.name + explanation.details
    # 408 and 429 ask for another attempt, 5xx is the server's own fault; the rest stays as it is.
    assert explanation.passes_by_itself("engine") is (status in (408, 429) or status >= 500)


def test_a_bare_http_status_is_found_as_part_of_the_number() -> None:
    explanation = explain("404")
    assert not explanation.is_known
    assert explanation.headline == "The file is not on the server"
    assert explanation.family == "HTTP"
    assert explanation.passes_by_itself("engine") is False
    assert explain("503").passes_by_itself("engine") is True


@pytest.mark.parametrize(
    ("status", "headline", "passes"),
    [
        (199, "The server began an answer and no file came", False),
        (226, "The server sent no file", False),
        (399, "The server does not say where the file is now", False),
        (435, "The server refuses this download", False),
        (563, "The server has a problem", True),
        (999, "The server's answer is of no known kind", False),
    ],
)
def test_a_status_that_nobody_has_written_down_is_one_of_its_class(status: int, headline: str, passes: bool) -> None:
    explanation = explain(hresult.HTTP_STATUS + status)
    assert not explanation.is_known
    assert explanation.status == status
    assert (explanation.headline, explanation.passes_by_itself("engine")) == (headline, passes)
    assert explanation.details == f"The server answered with HTTP {status}."
    assert explanation.passes_by_itself("bits") is None


def test_a_bare_windows_error_is_found_as_part_of_the_number() -> None:
    explanation = explain(5)
    assert not explanation.is_known
    assert [part.code for part in explanation.parts] == [hresult.E_ACCESSDENIED]


def test_an_unknown_code_gets_the_meaning_of_the_windows_error_within_it() -> None:
    explanation = explain(0xC0070070)
    assert not explanation.is_known
    assert [part.code for part in explanation.parts] == [hresult.ERROR_DISK_FULL]
    assert explanation.headline == explain(hresult.ERROR_DISK_FULL).headline
    assert explanation.name == ""


def test_an_unknown_code_gets_its_part_of_the_system_and_its_number_there() -> None:
    explanation = explain(0x80D0ABCD)
    assert not explanation.is_known
    assert explanation.best is None
    assert explanation.facility == explanation.family == "Delivery Optimization"
    assert explanation.headline == "An error without a documented meaning"
    assert "0xABCD" in explanation.details
    assert explanation.steps


def test_an_unknown_facility_is_named_by_its_number() -> None:
    assert explain(0x8FFF0001).facility == "unknown (4095)"


@given(st.integers(-0x80000000, 0xFFFFFFFF))
def test_any_number_of_32_bits_is_explained(number: int) -> None:
    explanation = explain(number)
    assert explanation.code == number & 0xFFFFFFFF
    assert explanation.headline
    assert explanation.details
    assert explanation.facility
    assert explanation.family
    assert all(step.endswith(".") for step in explanation.steps)
    assert explanation.steps
    for service in ("engine", "bits", "do", "do-agent"):
        assert explanation.passes_by_itself(service) in (True, False, None)
    assert explain(hresult.text(number)) == explanation


@given(st.text(max_size=60))
def test_any_text_is_explained_or_refused_in_a_sentence(text: str) -> None:
    try:
        outcome = explain(text).headline
    except InvalidInput as refusal:
        outcome = str(refusal)
    assert outcome


@given(st.integers(0, 0xFFFF))
def test_a_code_of_delivery_optimization_says_itself_whether_it_passes(low: int) -> None:
    expected = (low & 0xF800) == 0x3800
    assert explain(0x80D00000 + low).passes_by_itself("do") is expected
    assert explain(0x80D00000 + low).passes_by_itself("do-agent") is expected


@pytest.mark.parametrize(
    ("code", "service", "passes"),
    [
        (hresult.WININET_E_NAME_NOT_RESOLVED, "engine", True),
        (hresult.WININET_E_CANNOT_CONNECT, "engine", True),
        (hresult.WININET_E_TIMEOUT, "engine", True),
        (hresult.WININET_E_CONNECTION_ABORTED, "engine", True),
        (hresult.WININET_E_CONNECTION_RESET, "engine", True),
        (hresult.ERROR_DISK_FULL, "engine", False),
        (hresult.E_ACCESSDENIED, "engine", False),
        (hresult.WININET_E_INVALID_CA, "engine", False),
        (hresult.DO_E_DOWNLOAD_NO_PROGRESS, "engine", False),
        (hresult.DO_E_INSUFFICIENT_RANGE_SUPPORT, "engine", False),
        (hresult.DO_E_INVALID_RANGE, "engine", False),
        (hresult.INET_E_INVALID_URL, "engine", False),
        (0x80D03805, "do", True),
        (0x80D02002, "do", False),
        (0x80D03805, "bits", True),
        (0x80200010, "bits", True),
        (0x80200013, "bits", False),
        (0x80190194, "do-agent", False),
        (0x80190194, "bits", None),
        (0x80D0ABCD, "engine", None),
        (0xC0D00001, "do-agent", True),
        (0xC0D00001, "bits", None),
        (0xC0D00001, "do", None),
    ],
    ids=lambda value: hresult.text(value) if type(value) is int else str(value),
)
def test_each_service_has_its_own_say_on_whether_an_error_passes(code: int, service: str, passes: bool | None) -> None:
    assert explain(code).passes_by_itself(service) is passes
