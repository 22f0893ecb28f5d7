"""The smallest window that is promised, also in a language that takes a third more room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QRect, QSize
from PySide6.QtWidgets import QApplication, QPushButton, QToolBar, QToolButton

from tests.ui import gallery_jobs as shown
from tests.ui.conftest import Run
from tests.ui.gallery import SMALL, Stretched, failed
from tests.ui.opened import opened, part, until


@pytest.fixture(params=["English", "as long as German"], autouse=True)
def _language(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[None]:
    stretched = Stretched()
    if request.param != "English":
        qapp.installTranslator(stretched)
    yield
    qapp.removeTranslator(stretched)


def test_all_that_can_be_done_about_an_error_is_in_sight(run: Run) -> None:
    async def test() -> None:
        async with opened(shown.engine(), is_grouped=True) as window:
            window.resize(*SMALL)
            await until(lambda: len(window.model.rows) == 11)
            await failed(window)
            area, panel = window.details.error_area, window.details.error_panel
            await until(lambda: area.height() == panel.height())
            assert window.size() == QSize(*SMALL), "it has not grown"
            buttons = [each for each in panel.findChildren(QPushButton) if each.isVisible()]
            assert len(buttons) == 5
            assert len({button.height() for button in buttons}) == 1
            for button in (*buttons, part(panel, QToolButton, "errorFactsButton")):
                place = QRect(button.mapTo(area, button.rect().topLeft()), button.size())
                assert area.rect().contains(place), button.objectName()
                assert button.width() >= button.sizeHint().width(), f"{button.objectName()} is cut off"

    run(test())


def test_what_is_typed_into_the_filter_pushes_nothing_out_of_the_toolbar(run: Run) -> None:
    async def test() -> None:
        async with opened(shown.engine(), is_grouped=True) as window:
            window.resize(*SMALL)
            toolbar = part(window, QToolBar, "toolBar")
            window.list.filter_edit.setText("0x80072EE7")
            await until(lambda: len(window.model.rows) == 3)
            widgets = [toolbar.widgetForAction(action) for action in toolbar.actions()]
            assert all(each.isVisible() and each.geometry().right() < toolbar.width() for each in widgets)

    run(test())
