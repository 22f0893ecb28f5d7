"""Help > Keyboard tells of every key that there is."""

from __future__ import annotations

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QTableView

from domonitor.backends.scripted import ScriptedBackend
from tests.ui.conftest import Run
from tests.ui.opened import ACCESSIBLE, opened, part, until

NATIVE = QKeySequence.SequenceFormat.NativeText


def test_no_shortcut_of_the_window_is_left_out(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            part(window, QAction, "keysAction").trigger()
            await until(lambda: window.findChild(QTableView, "keysTable") is not None)
            model = part(window, QTableView, "keysTable").model()
            told = {model.index(at, 0).data(): model.index(at, 1).data() for at in range(model.rowCount())}
            shortcuts = {each.shortcut().toString(NATIVE) for each in window.findChildren(QAction)} - {""}
            assert len(shortcuts) >= 15
            assert shortcuts <= told.keys()
            assert all(told.values())
            assert told["Ctrl+F"] == "Find"
            assert told["Alt+Left"] == "Move the column that has the focus to the left"
            first = model.index(0, 0).data(ACCESSIBLE)
            assert first == "F6, Shift+F6: To the next pane, or back to the one before"

    run(test())
