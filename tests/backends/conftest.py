"""The parts of the contract are no test modules by their names; their asserts shall tell as much all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.register_assert_rewrite(*(f"tests.backends.{path.stem}" for path in Path(__file__).parent.glob("contract*.py")))
