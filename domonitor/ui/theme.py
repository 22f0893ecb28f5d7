"""Light and dark: colours, palette and icons."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPalette, QPixmap, QStyleHints
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from domonitor.assets import asset
from domonitor.settings import Theme


@dataclass(frozen=True, slots=True)
class Colors:
    """The colours that the palette has no role for. Text on its background has a contrast of at least 4.5 : 1."""

    accent: str
    danger: str
    danger_back: str
    warning: str
    warning_back: str
    good: str
    muted: str
    line: str
    track: str
    edge: str


LIGHT = Colors(
    accent="#1d5fd0",
    danger="#b3261e",
    danger_back="#fdf0ee",
    warning="#8a5300",
    warning_back="#fdf5e6",
    good="#1a7340",
    muted="#5c6370",
    line="#d9dce1",
    track="#e4e7ec",
    edge="#767c88",
)
DARK = Colors(
    accent="#7fb0ff",
    danger="#ff9c92",
    danger_back="#3a2422",
    warning="#f0bc63",
    warning_back="#362c1b",
    good="#7ed9a0",
    muted="#a4abb8",
    line="#3d424b",
    track="#3a3f49",
    edge="#868e9c",
)

_LIGHT_PALETTE = {
    QPalette.ColorRole.Window: "#f6f7f9",
    QPalette.ColorRole.WindowText: "#1c1f24",
    QPalette.ColorRole.Base: "#ffffff",
    QPalette.ColorRole.AlternateBase: "#f8f9fb",
    QPalette.ColorRole.Text: "#1c1f24",
    QPalette.ColorRole.Button: "#f1f2f5",
    QPalette.ColorRole.ButtonText: "#1c1f24",
    QPalette.ColorRole.BrightText: "#ffffff",
    QPalette.ColorRole.Highlight: "#d6e4fb",
    QPalette.ColorRole.HighlightedText: "#10233f",
    QPalette.ColorRole.ToolTipBase: "#ffffff",
    QPalette.ColorRole.ToolTipText: "#1c1f24",
    QPalette.ColorRole.PlaceholderText: "#666d7a",
    QPalette.ColorRole.Link: "#1d5fd0",
    QPalette.ColorRole.Mid: "#c3c8d0",
}
_DARK_PALETTE = {
    QPalette.ColorRole.Window: "#22252b",
    QPalette.ColorRole.WindowText: "#e7e9ee",
    QPalette.ColorRole.Base: "#1b1e23",
    QPalette.ColorRole.AlternateBase: "#20242a",
    QPalette.ColorRole.Text: "#e7e9ee",
    QPalette.ColorRole.Button: "#2d3138",
    QPalette.ColorRole.ButtonText: "#e7e9ee",
    QPalette.ColorRole.BrightText: "#ffffff",
    QPalette.ColorRole.Highlight: "#273f69",
    QPalette.ColorRole.HighlightedText: "#f2f6ff",
    QPalette.ColorRole.ToolTipBase: "#2d3138",
    QPalette.ColorRole.ToolTipText: "#e7e9ee",
    QPalette.ColorRole.PlaceholderText: "#969eab",
    QPalette.ColorRole.Link: "#7fb0ff",
    QPalette.ColorRole.Mid: "#4a505b",
}


_FILLED_IN = ("QCheckBox", "QComboBox", "QLineEdit", "QListWidget", "QPlainTextEdit", "QSpinBox", "QTextEdit")
_FUSION_DARKENS_BY = 140
"""In per cent, from the window's colour to an edge."""
_STAYS_DARK = 110
"""In per cent: of a colour that is lighter, Fusion makes a pale edge in the light theme."""


def apply(theme: str) -> None:
    """Gives the whole program the theme, at once.

    It looks alike on every system: the style of Windows 10 has no dark colours, and that of Windows 11 leaves a chosen
    row's ground white below its white text. Only the colours of a system of high contrast are the system's own.
    """
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    hints = app.styleHints()
    hints.setColorScheme(
        {Theme.LIGHT.value: Qt.ColorScheme.Light, Theme.DARK.value: Qt.ColorScheme.Dark}.get(
            theme, Qt.ColorScheme.Unknown
        )
    )
    if app.style().objectName() != "fusion":
        app.setStyle("Fusion")
    if _is_of_high_contrast(hints):
        app.setPalette(QPalette())
        return
    is_dark = theme == Theme.DARK or (theme == Theme.SYSTEM and hints.colorScheme() is Qt.ColorScheme.Dark)
    palette = _palette(_DARK_PALETTE if is_dark else _LIGHT_PALETTE)
    app.setPalette(palette)
    own = {"QMenu": _edged(palette), "QPushButton": _with_focus(palette)}
    own |= dict.fromkeys(_FILLED_IN, _edged(_with_focus(palette)))
    for kind, its_palette in own.items():
        app.setPalette(its_palette, kind)  # type: ignore[arg-type]  # the stubs ask for bytes, which it refuses


def _is_of_high_contrast(hints: QStyleHints) -> bool:
    """Whether this is a Windows whose user has chosen that; Qt 6.10 and later know."""
    if sys.platform == "win32":
        known = getattr(hints, "accessibility", None)
        return known is not None and known().contrastPreference() is Qt.ContrastPreference.HighContrast
    return False


def _palette(roles: dict[QPalette.ColorRole, str]) -> QPalette:
    palette = QPalette()
    for role, color in roles.items():
        palette.setColor(role, QColor(color))
    dimmed = QColor(roles[QPalette.ColorRole.PlaceholderText])
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, dimmed)
    return palette


def _edged(palette: QPalette) -> QPalette:
    """For what is nothing without its edge, which Fusion draws as a shade of the window's colour: hardly to be seen."""
    edged = QPalette(palette)
    edged.setColor(QPalette.ColorRole.Window, QColor(colors(palette).edge).lighter(_FUSION_DARKENS_BY))
    return edged


def _with_focus(palette: QPalette) -> QPalette:
    """With a stronger colour for what is marked: Fusion makes of it the edge of what has the focus."""
    strong = QPalette(palette)
    strong.setColor(QPalette.ColorRole.Highlight, QColor(colors(palette).accent).darker(_STAYS_DARK))
    strong.setColor(QPalette.ColorRole.HighlightedText, palette.color(QPalette.ColorRole.Base))
    return strong


def is_dark(palette: QPalette) -> bool:
    """Whether text is lighter than what it stands on."""
    return (
        palette.color(QPalette.ColorRole.WindowText).lightness() > palette.color(QPalette.ColorRole.Window).lightness()
    )


def colors(palette: QPalette) -> Colors:
    """The colours that go with the palette."""
    return DARK if is_dark(palette) else LIGHT


def window_style(palette: QPalette) -> str:
    """The main window's style sheet: lines instead of frames, and room to breathe."""
    own = colors(palette)
    base = palette.base().color().name()
    return (
        f"QToolBar {{ border: none; border-bottom: 1px solid {own.line}; padding: 4px 8px; spacing: 2px; }}"
        "QToolBar QToolButton { padding: 5px 9px; border-radius: 5px; }"
        f"QToolBar QToolButton:checked {{ background: {own.track}; }}"
        f"#summaryBar {{ background: {base}; border-bottom: 1px solid {own.line}; }}"
        "#summaryLabel { font-weight: 600; }"
        f"#speedLabel {{ color: {own.muted}; }}"
        f"QHeaderView::section {{ padding: 5px 8px; border: none; border-bottom: 1px solid {own.line};"
        f" background: {base}; color: {own.muted}; }}"
        f"QSplitter::handle {{ background: {own.line}; }}"
        f"QToolButton:focus {{ border: 1px solid {own.accent}; border-radius: 4px; }}"
        f"QListWidget:focus, QTextBrowser:focus {{ border: 1px solid {own.accent}; }}"
        f"QStatusBar {{ border-top: 1px solid {own.line}; }}"
        "QStatusBar::item { border: none; }"
    )


def icon(name: str, color: QColor | str, disabled: QColor | str | None = None) -> QIcon:
    """The icon of that name in the colour, sharp at every scale."""
    made = QIcon()
    for size in _sizes():
        made.addPixmap(pixmap(name, QColor(color).name(), size, 1.0))
        if disabled is not None:
            made.addPixmap(pixmap(name, QColor(disabled).name(), size, 1.0), QIcon.Mode.Disabled)
    return made


def _sizes() -> list[int]:
    """Of an icon in menus and on buttons, in pixels of each screen that there is."""
    ratios = {screen.devicePixelRatio() for screen in QGuiApplication.screens()}
    return sorted({round(size * ratio) for size in (16, 18, 20, 24) for ratio in ratios})


@cache
def pixmap(name: str, color: str, size: int, ratio: float) -> QPixmap:
    """The icon as a square picture of so many device-independent pixels at the device pixel ratio."""
    drawn = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _renderer(name, color).render(painter, QRectF(0, 0, drawn.width(), drawn.height()))
    painter.end()
    drawn.setDevicePixelRatio(ratio)
    return drawn


@cache
def _renderer(name: str, color: str) -> QSvgRenderer:
    contrast = "#1b1e23" if QColor(color).lightness() > 140 else "#ffffff"
    svg = asset(f"icons/{name}.svg").read_text(encoding="utf-8")
    svg = svg.replace("currentColor", color).replace("contrastColor", contrast)
    return QSvgRenderer(QByteArray(svg.encode()))
