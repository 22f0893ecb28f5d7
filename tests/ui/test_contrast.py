"""Text can be read: a contrast of at least 4.5 to 1 in both themes. Source: WCAG 2.2, 1.4.3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QListWidget,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QTextBrowser,
    QWidget,
)
from pytestqt.qtbot import QtBot

from domonitor.ui import theme

R = QPalette.ColorRole
THEMES = {
    "light": (theme.LIGHT, theme._palette(theme._LIGHT_PALETTE)),
    "dark": (theme.DARK, theme._palette(theme._DARK_PALETTE)),
}
ENOUGH = 4.5
ENOUGH_FOR_A_SHAPE = 3.0


def contrast(one: QColor | str, other: QColor | str) -> float:
    lighter, darker = sorted((_luminance(QColor(one)), _luminance(QColor(other))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: QColor) -> float:
    def linear(part: float) -> float:
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(part) for part in (color.redF(), color.greenF(), color.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_measure_is_right() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", THEMES)
def test_text_on_what_it_stands_on(name: str) -> None:
    own, palette = THEMES[name]
    window, base, selected = (palette.color(role) for role in (R.Window, R.Base, R.Highlight))
    pairs = {
        "text in the window": (palette.color(R.WindowText), window),
        "text in a list": (palette.color(R.Text), base),
        "text in every other row": (palette.color(R.Text), palette.color(R.AlternateBase)),
        "text on a button": (palette.color(R.ButtonText), palette.color(R.Button)),
        "text of a chosen row": (palette.color(R.HighlightedText), selected),
        "a tooltip": (palette.color(R.ToolTipText), palette.color(R.ToolTipBase)),
        "a hint in a field": (palette.color(R.PlaceholderText), base),
        "a link": (palette.color(R.Link), base),
    }
    dimmed = palette.color(QPalette.ColorGroup.Disabled, R.ButtonText)
    pairs |= {
        "a title of what is switched off": (dimmed, window),
        "a switched-off button": (dimmed, palette.color(R.Button)),
        "an entry of a menu that is not offered": (palette.color(QPalette.ColorGroup.Disabled, R.Text), base),
        "why it is not, below the menu": (palette.color(R.WindowText), window),
        "why a file can't be opened": (QColor(own.muted), window),
        "the second line of a row": (QColor(own.muted), base),
        "both lines of a chosen row while another window is in front": (QColor(own.muted), selected),
        "a link in such a row": (QColor(own.accent), selected),
        "a title that is pressed": (palette.color(R.ButtonText), QColor(own.track)),
    }
    for back, where in ((window, "the window"), (base, "a list")):
        for kind in ("muted", "danger", "warning", "good", "accent"):
            pairs[f"{kind} on {where}"] = (QColor(getattr(own, kind)), back)
    for back, where in ((own.danger_back, "the red panel"), (own.warning_back, "the yellow panel")):
        pairs[f"text on {where}"] = (palette.color(R.WindowText), QColor(back))
        pairs[f"muted on {where}"] = (QColor(own.muted), QColor(back))
    pairs["headline on the red panel"] = (QColor(own.danger), QColor(own.danger_back))
    pairs["headline on the yellow panel"] = (QColor(own.warning), QColor(own.warning_back))
    measured = {what: round(contrast(*pair), 2) for what, pair in pairs.items()}
    assert {what: ratio for what, ratio in measured.items() if ratio < ENOUGH} == {}


@pytest.mark.parametrize("name", THEMES)
def test_what_is_drawn_and_has_a_meaning_can_be_seen(name: str) -> None:
    own, palette = THEMES[name]
    for kind in ("accent", "danger", "warning", "good"):
        assert contrast(getattr(own, kind), palette.color(R.Base)) >= ENOUGH_FOR_A_SHAPE, kind
        assert contrast(getattr(own, kind), own.track) >= ENOUGH_FOR_A_SHAPE, f"{kind} beside the track"


TALL = [QListWidget, QPlainTextEdit, QTextBrowser]
LOW = [QCheckBox, QComboBox, QLineEdit, QSpinBox]


@pytest.fixture(params=THEMES)
def themed(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[QPalette]:
    """The program in one of the themes; its palette."""
    theme.apply(request.param)
    yield qapp.palette()
    theme.apply("light")


@pytest.mark.parametrize("kind", TALL + LOW)
@pytest.mark.parametrize("is_enabled", [True, False])
def test_the_edge_of_what_is_filled_in_or_ticked_can_be_seen(
    themed: QPalette, qtbot: QtBot, kind: type[QWidget], is_enabled: bool
) -> None:
    ground, shown = QWidget(), kind()
    qtbot.addWidget(ground)
    ground.resize(200, 80)
    shown.setParent(ground)
    shown.setGeometry(10, 10, 180, 60 if kind in TALL else 26)
    shown.setEnabled(is_enabled)
    picture = ground.grab().toImage()
    middle = shown.geometry().center().y()
    outside = picture.pixelColor(5, middle)
    across = [picture.pixelColor(x, middle) for x in range(10, 16)]
    assert outside == themed.color(R.Window)
    assert max(contrast(each, outside) for each in across) >= ENOUGH_FOR_A_SHAPE


def test_a_box_in_a_menu_can_be_seen(themed: QPalette, qtbot: QtBot) -> None:
    menu = QMenu()
    qtbot.addWidget(menu)
    menu.addAction("Speed").setCheckable(True)
    menu.adjustSize()
    picture = menu.grab().toImage()
    middle = picture.height() // 2
    across = [picture.pixelColor(x, middle) for x in range(3, 20)]
    assert max(contrast(each, themed.color(R.Base)) for each in across) >= ENOUGH_FOR_A_SHAPE


@pytest.mark.parametrize("kind", [QCheckBox, QLineEdit, QPushButton])
def test_where_the_focus_is_can_be_seen(themed: QPalette, qtbot: QtBot, kind: type[QWidget]) -> None:
    ground = QWidget()
    qtbot.addWidget(ground)
    ground.resize(200, 80)
    shown, other = kind(ground), QPushButton(ground)
    for widget, x in ((shown, 10), (other, 110)):
        widget.setGeometry(x, 10, 80, 26)
    with qtbot.waitExposed(ground):
        ground.show()
    ground.activateWindow()
    qtbot.waitUntil(ground.isActiveWindow)
    shown.setFocus()
    pictures = []
    for widget in (other, shown):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        assert widget.hasFocus()
        pictures.append(ground.grab(shown.geometry()).toImage())
    before, after = ([each.pixelColor(x, 13) for x in range(8)] for each in pictures)
    assert before != after
    marked = [now for then, now in zip(before, after, strict=True) if now != then]
    assert max(contrast(each, themed.color(R.Window)) for each in marked) >= ENOUGH_FOR_A_SHAPE


def test_what_has_colours_of_its_own_still_knows_the_theme(themed: QPalette, qtbot: QtBot) -> None:
    for kind in (*TALL, *LOW, QMenu, QPushButton):
        widget = kind()
        qtbot.addWidget(widget)
        assert theme.colors(widget.palette()) is theme.colors(themed), kind
