"""Text can be read: a contrast of at least 4.5 to 1 in both themes. Source: WCAG 2.2, 1.4.3."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QPalette

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
