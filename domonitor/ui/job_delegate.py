"""Paints the cells of the job list straight from its rows."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPalette, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from domonitor.jobs.state import FINAL, JobState
from domonitor.ui import theme
from domonitor.ui.columns import COLUMNS, NAME, PROGRESS, STATE, done_fraction
from domonitor.ui.groups import Group
from domonitor.ui.line_model import LineModel
from domonitor.ui.row_links import Link, places_of
from domonitor.ui.rows import GroupRow, Row
from domonitor.ui.theme import Colors

_ICONS = {
    JobState.QUEUED: "state-queued",
    JobState.CONNECTING: "state-connecting",
    JobState.TRANSFERRING: "state-transferring",
    JobState.SUSPENDED: "state-suspended",
    JobState.ERROR: "state-error",
    JobState.TRANSIENT_ERROR: "state-transient",
    JobState.TRANSFERRED: "state-transferred",
    JobState.ACKNOWLEDGED: "state-acknowledged",
    JobState.CANCELLED: "state-cancelled",
}

MARGIN = 8
ICON_SIZE = 16
BAR_HEIGHT = 6
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter

Index = QModelIndex | QPersistentModelIndex


class FocusTable(QTableView):
    """A table that shows where the focus is to those who use the keyboard, and to nobody else.

    pointed: the link of a row that the mouse points at, None for none.
    """

    pointed: tuple[Row, Link] | None = None
    _is_by_keyboard = False

    def shows_focus(self) -> bool:
        """Whether the current cell is framed."""
        return self._is_by_keyboard and self.hasFocus()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """See QWidget."""
        by_keyboard = (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
            Qt.FocusReason.ShortcutFocusReason,
        )
        self._is_by_keyboard = event.reason() in by_keyboard
        super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """See QWidget."""
        self._is_by_keyboard = True
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """See QWidget."""
        self._is_by_keyboard = False
        super().mousePressEvent(event)


class JobDelegate(QStyledItemDelegate):
    """Icon, colour and words for each state, a bar for the progress, plain text for the rest.

    It asks the row object, not the model's roles: that cost 18 ms a repaint where this costs 5 (measured).
    """

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """See QAbstractItemDelegate."""
        model = index.model()
        assert isinstance(model, LineModel)
        line = model.lines[index.row()]
        painter.save()
        if isinstance(line, GroupRow):
            _paint_heading(painter, option, line)
        else:
            self._paint_cell(painter, option, line, index.column())
        painter.restore()

    def _paint_cell(self, painter: QPainter, option: QStyleOptionViewItem, row: Row, at: int) -> None:
        option.widget.style().drawPrimitive(
            QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget
        )
        colors = theme.colors(option.palette)
        inner = option.rect.adjusted(MARGIN, 0, -MARGIN, 0)
        painter.setPen(_text_color(row, option, colors))
        table = option.widget
        second, links = "", []
        if at == NAME:
            inner = self._paint_icon(painter, inner, row, colors)
        elif at == PROGRESS:
            inner = self._paint_bar(painter, inner, row, colors, option.fontMetrics)
        elif at == STATE:
            second = row.second_line()
            links = places_of(row, second_line_of(inner), option.fontMetrics)
        column = COLUMNS[at]
        _paint_lines(painter, inner, column.align, (column.text(row), second), option, colors, links)
        for link, place in links:
            is_pointed = isinstance(table, FocusTable) and table.pointed == (row, link)
            _paint_link(painter, place, link, option, colors, is_pointed=is_pointed)
        if option.state & QStyle.StateFlag.State_HasFocus and isinstance(table, FocusTable) and table.shows_focus():
            painter.setPen(QPen(QColor(colors.accent), 1))
            painter.drawRect(option.rect.adjusted(0, 0, -1, -1))

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        """See QAbstractItemDelegate."""
        return QSize(80, job_height(option.fontMetrics))

    def _paint_icon(self, painter: QPainter, rect: QRect, row: Row, colors: Colors) -> QRect:
        name = "state-gone" if row.is_gone else _ICONS[row.job.state]
        ratio = painter.device().devicePixelRatioF()
        picture = theme.pixmap(name, _state_color(row, colors), ICON_SIZE, ratio)
        painter.drawPixmap(rect.left(), rect.center().y() - ICON_SIZE // 2 + 1, picture)
        return rect.adjusted(ICON_SIZE + 7, 0, 0, 0)

    def _paint_bar(self, painter: QPainter, rect: QRect, row: Row, colors: Colors, metrics: QFontMetrics) -> QRect:
        """The bar with the percentage behind it; an empty dashed track where the total is not known."""
        job = row.job
        words = rect.adjusted(max(0, rect.width() - metrics.horizontalAdvance("100 %") - 3), 0, 0, 0)
        bar = QRectF(rect.left(), rect.center().y() - BAR_HEIGHT / 2 + 1, rect.width() - words.width() - 8, BAR_HEIGHT)
        if bar.width() < 12:
            return rect
        if job.state in FINAL:
            return words
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors.track))
        painter.drawRoundedRect(bar, BAR_HEIGHT / 2, BAR_HEIGHT / 2)
        fraction = done_fraction(row)
        painter.setBrush(QColor(_state_color(row, colors)))
        if fraction:
            done = QRectF(bar.left(), bar.top(), max(BAR_HEIGHT, bar.width() * fraction), BAR_HEIGHT)
            painter.drawRoundedRect(done, BAR_HEIGHT / 2, BAR_HEIGHT / 2)
        elif fraction is None and job.progress.bytes_transferred:
            for at in range(4):
                painter.drawEllipse(QRectF(bar.left() + at * 12, bar.top() + 1, BAR_HEIGHT - 2, BAR_HEIGHT - 2))
        painter.restore()
        return words


def _paint_lines(
    painter: QPainter,
    rect: QRect,
    align: Qt.AlignmentFlag,
    lines: tuple[str, str],
    option: QStyleOptionViewItem,
    colors: Colors,
    links: list[tuple[Link, QRect]],
) -> None:
    """One line in the middle, or two of which the second is the quieter one. links: what follows it."""
    metrics = option.fontMetrics
    lower = second_line_of(rect)
    if links:
        lower.setRight(links[0][1].left() - 4)
    first = metrics.elidedText(lines[0], Qt.TextElideMode.ElideRight, rect.width())
    second = metrics.elidedText(lines[1], Qt.TextElideMode.ElideRight, lower.width())
    if not second:
        painter.drawText(rect, align, first)
        return
    upper = QRect(rect)
    upper.setBottom(rect.center().y())
    across = align & Qt.AlignmentFlag.AlignHorizontal_Mask
    painter.drawText(upper, across | Qt.AlignmentFlag.AlignBottom, first)
    if not _is_chosen(option):
        painter.setPen(QColor(colors.muted))
    painter.drawText(lower, across | Qt.AlignmentFlag.AlignTop, second)


def _paint_link(
    painter: QPainter, place: QRect, link: Link, option: QStyleOptionViewItem, colors: Colors, *, is_pointed: bool
) -> None:
    """In the colour of links; on a chosen row, where that is hard to read, underlined."""
    is_chosen = _is_chosen(option)
    painter.setPen(option.palette.color(QPalette.ColorRole.HighlightedText) if is_chosen else QColor(colors.accent))
    font = QFont(option.font)
    font.setUnderline(is_pointed or is_chosen)
    painter.setFont(font)
    painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, link.words)


def second_line_of(cell: QRect) -> QRect:
    """Where the second line of a cell's text stands."""
    lower = QRect(cell)
    lower.setTop(cell.center().y() + 2)
    return lower


def _paint_heading(painter: QPainter, option: QStyleOptionViewItem, heading: GroupRow) -> None:
    """The heading across the whole list: each cell paints its part of it."""
    colors = theme.colors(option.palette)
    painter.setClipRect(option.rect)
    painter.fillRect(option.rect, option.palette.color(QPalette.ColorRole.Window))
    is_urgent = heading.group is Group.NEEDS_YOU
    color = QColor(colors.danger if is_urgent else colors.muted)
    across = QRect(MARGIN, option.rect.top(), option.widget.width(), option.rect.height())
    middle = across.center().y() + 1
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    left = across.left() + 5
    if heading.is_folded:
        painter.drawPolyline([QPoint(left, middle - 4), QPoint(left + 4, middle), QPoint(left, middle + 4)])
    else:
        painter.drawPolyline([QPoint(left - 2, middle - 2), QPoint(left + 2, middle + 2), QPoint(left + 6, middle - 2)])
    font = QFont(option.font)
    font.setBold(True)
    font.setPointSizeF(font.pointSizeF() * 0.9)
    painter.setFont(font)
    painter.drawText(across.adjusted(ICON_SIZE + 7, 0, 0, 0), _LEFT, heading.words())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
    painter.fillRect(option.rect.adjusted(0, option.rect.height() - 1, 0, 0), QColor(colors.line))
    table = option.widget
    if isinstance(table, FocusTable) and table.shows_focus() and table.currentIndex().row() == heading.at:
        painter.setPen(QPen(QColor(colors.accent), 1))
        painter.drawRect(QRect(0, option.rect.top(), table.viewport().width() - 1, option.rect.height() - 1))


def row_height(metrics: QFontMetrics) -> int:
    """A calm height for a row of one line."""
    return max(28, metrics.height() + 13)


def job_height(metrics: QFontMetrics) -> int:
    """A calm height for a row of two lines."""
    return 2 * metrics.height() + 12


def _is_chosen(option: QStyleOptionViewItem) -> bool:
    return bool(option.state & QStyle.StateFlag.State_Selected and option.state & QStyle.StateFlag.State_Active)


def _state_color(row: Row, colors: Colors) -> str:
    """Colour only where somebody must act, or something moves."""
    if row.is_gone or row.is_stale:
        return colors.muted
    return {
        JobState.ERROR: colors.danger,
        JobState.TRANSIENT_ERROR: colors.warning,
        JobState.TRANSFERRING: colors.accent,
        JobState.CONNECTING: colors.accent,
        JobState.TRANSFERRED: colors.good,
        JobState.ACKNOWLEDGED: colors.good,
    }.get(row.job.state, colors.muted)


def _text_color(row: Row, option: QStyleOptionViewItem, colors: Colors) -> QColor:
    if _is_chosen(option):
        return option.palette.color(QPalette.ColorRole.HighlightedText)
    if row.is_stale or row.is_over:
        return QColor(colors.muted)
    return option.palette.color(QPalette.ColorRole.Text)
