"""One table: what the engine decides, what `explain` prints and what the error panel shows never contradict."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLabel

import domonitor
from domonitor import explain
from domonitor.backends.engine import curl_errors, failures
from domonitor.backends.engine.failures import Failure
from domonitor.jobs import codes, hresult
from domonitor.jobs.error import ErrorContext
from domonitor.jobs.job import Job, JobKey, Progress, Times
from domonitor.jobs.state import Command, JobState
from domonitor.ui.error_panel import ErrorPanel

ENGINE = Path(domonitor.__file__).parent / "backends" / "engine"
NO_ERRORS = {"HTTP_STATUS", "S_OK", "BG_S_PARTIAL_COMPLETE", "BG_S_UNABLE_TO_DELETE_FILES"}
MADE = datetime(2026, 11, 1, tzinfo=UTC)

JARGON = re.compile(r"0x|HRESULT|HTTP|URL|TLS|SSL|API|errno|handle|header|parameter|argument|[_\d]", re.IGNORECASE)


def named_by_the_engine() -> set[int]:
    """The codes that stand anywhere in the engine's own files: refusals, checks, answers, files."""
    names = {
        name for path in ENGINE.glob("*.py") for name in re.findall(r"hresult\.([A-Z]\w+)", path.read_text("utf-8"))
    }
    return {getattr(hresult, name) for name in names - NO_ERRORS}


def said_by_windows() -> set[int]:
    errors = []
    for number in range(1, 12_000):
        error = OSError(13, "no")
        error.winerror = number  # type: ignore[attr-defined]
        errors.append(error)
    return {failures.code_of_os_error(error) for error in errors}


GIVEN = sorted(
    named_by_the_engine()
    | {row.code for row in curl_errors.all_rows()}
    | {failures.of_status(status, "", 0).code for status in range(100, 1000)}
    | {failures.of_proxy_status(status, "h").code for status in range(300, 600)}
    | {*failures.OS_ERRORS.values(), *failures.WINDOWS_ERRORS.values()}
    | said_by_windows()
)


def is_status(code: int) -> bool:
    return codes.explain(code).status is not None


@pytest.fixture
def panel(qapp: QApplication) -> ErrorPanel:
    return ErrorPanel()


def label(panel: ErrorPanel, name: str) -> str:
    found = panel.findChild(QLabel, name)
    assert found is not None
    return found.text()


def test_every_code_that_the_engine_gives_has_plain_words_a_remedy_and_a_verdict() -> None:
    assert len(GIVEN) > 800
    for code in GIVEN:
        explanation = codes.explain(code)
        text = hresult.text(code)
        assert explanation.is_known or is_status(code), text
        assert explanation.passes_by_itself("engine") is not None, text
        headline = explanation.headline
        assert 5 <= len(headline) <= 60, (text, headline)
        assert not JARGON.search(headline), (text, headline)
        assert not explanation.meanings or explanation.meanings[0].headline == headline, text
        assert explanation.steps, text
        assert all(len(step) <= 120 for step in explanation.steps), (text, explanation.steps)
        assert explanation.details.endswith("."), text


def test_a_remedy_says_that_it_is_tried_again_only_where_it_is() -> None:
    for code in GIVEN:
        explanation = codes.explain(code)
        if "tried again by itself" in " ".join(explanation.steps):
            assert explanation.passes_by_itself("engine"), hresult.text(code)


def test_the_engine_explain_and_the_panel_say_the_same_of_every_code(panel: ErrorPanel) -> None:
    for code in GIVEN:
        failure = Failure(ErrorContext.REMOTE_FILE, code, "What was seen.")
        passes = failure.passes_by_itself
        explanation = codes.explain(code)

        printed = explain.text(explanation).splitlines()
        assert printed[0] == explanation.headline
        assert [f"    {number}. {step}" for number, step in enumerate(explanation.steps, 1)] == [
            line for line in printed if re.match(r"    \d\. ", line)
        ][: len(explanation.steps)]
        said = [line.strip() for line in printed if line.strip() in (explain.TRIES_AGAIN, explain.WAITS)]
        assert said == [explain.TRIES_AGAIN if passes else explain.WAITS], hresult.text(code)

        error = failures.error_object(failure, None, datetime.now(UTC), 1)
        if passes:
            error = replace(error, retry_at=datetime.now(UTC) + timedelta(seconds=60))
        state = JobState.TRANSIENT_ERROR if passes else JobState.ERROR
        job = Job(JobKey("engine", "1"), "a job", state, Progress(None, 0, 1, 0), times=Times(MADE, MADE))
        panel.show_error(job, error, frozenset(Command))
        assert label(panel, "errorHeadline") == explanation.headline
        assert label(panel, "errorMeaning") == explanation.details
        assert label(panel, "errorRemedy").split("\n") == [
            f"{number}.  {step}" for number, step in enumerate(explanation.steps, 1)
        ]
        assert label(panel, "errorRetry").startswith("Tries again by itself in") is passes
        assert hresult.text(code) in panel.as_text()


def test_the_table_has_a_word_for_the_engine_only_where_it_gives_the_code() -> None:
    known = {code for name, code in vars(hresult).items() if name.isupper() and name not in NO_ERRORS}
    told = {code for code, meanings in codes._by_code().items() if any(meaning.engine for meaning in meanings)}
    assert {hresult.text(code) for code in told - set(GIVEN) - known} == set()
