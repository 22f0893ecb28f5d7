"""Programs that tests need: CI has to have them, elsewhere they may be missing."""

from __future__ import annotations

import pytest

from tests.server.programs import needed


def test_a_missing_program_is_skipped_elsewhere_and_a_failure_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    what_to_do = "no-such-server is not installed. .*apt-get install --no-install-recommends nginx-light"
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=what_to_do):
        needed("no-such-server")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=what_to_do):
        needed("no-such-server")
