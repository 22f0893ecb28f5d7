"""The contract: what every service promises of the documented object model, for a manager and an origin.

    class TestEngine(Contract):
        @pytest.fixture(scope="class")
        @classmethod
        def open_service(cls, …) -> OpenService: …

The tests use the object model of backends/interface.py alone. What a service lacks it says beforehand, as data; that
the calls are then refused is tested too.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.backends.contract_callbacks import CallbackTests
from tests.backends.contract_calls import CallTests
from tests.backends.contract_ends import EndTests
from tests.backends.contract_life import LifeTests
from tests.backends.contract_matrix import MatrixTests
from tests.backends.contract_ranges import RangeTests
from tests.backends.contract_scheduling import SchedulingTests
from tests.backends.contract_service import Lack, OpenService, Service

__all__ = ["Contract", "Lack", "OpenService", "Service"]


class Contract(MatrixTests, CallTests, LifeTests, EndTests, CallbackTests, RangeTests, SchedulingTests):
    """All tests of the contract; a subclass gives the fixture open_service, in the scope of the class."""

    @pytest.fixture
    def service(self, open_service: OpenService) -> Iterator[Service]:
        """A service of this test's own."""
        with open_service() as service:
            yield service
