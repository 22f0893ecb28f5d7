"""Loaded by tests/conftest.py: pytest_plugins = ["tests.server.fixtures"]."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.origin import Origin
from tests.server.tls import Tls


@pytest.fixture
def origin() -> Iterator[Origin]:
    """A web server of this test's own."""
    with Origin() as origin:
        yield origin


@pytest.fixture
def tls_origin() -> Iterator[Origin]:
    """The same by https; a client has to trust tls_origin.ca_file."""
    with Origin(tls=Tls.TRUSTED) as origin:
        yield origin
