"""What reads the screen aloud finds words in the list, and is told the news."""

from __future__ import annotations

from PySide6.QtGui import QAccessible, QAccessibleInterface

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change
from domonitor.jobs.state import JobState
from domonitor.ui.announcer import Announcer
from domonitor.ui.columns import COLUMNS
from tests.ui.conftest import Run
from tests.ui.opened import job, opened, until

S = JobState


def test_cells_headings_and_news_are_there_for_a_screen_reader(run: Run) -> None:
    async def test() -> None:
        QAccessible.setActive(True)
        try:
            service = ScriptedBackend([job(1, S.TRANSFERRING), job(2, S.QUEUED)])
            async with opened(service, is_grouped=True) as window:
                await until(lambda: len(window.model.rows) == 2)
                table = QAccessible.queryAccessibleInterface(window.table)
                assert table.text(QAccessible.Text.Name) == "Downloads"
                spoken = [cell(table, at).text(QAccessible.Text.Name) for at in range(window.model.rowCount())]
                assert spoken[0] == "Running, 1 download, unfolded."
                assert spoken[1].startswith("job 1, Downloading")
                assert spoken[3] == "job 2, Waiting for its turn. The service gives no reason, 0 %."
                service.publish(Change((job(1, S.ERROR, error_code=0x80072EE7),)))
                await until(lambda: window.model.row(job(1).key).job.state is S.ERROR)
                announcer: Announcer = window.announcer
                announcer.tell()  # to Qt, which has nobody to tell it to here
                window.model.settle()
        finally:
            QAccessible.setActive(False)

    run(test())


def cell(table: QAccessibleInterface, row: int) -> QAccessibleInterface:
    """The first cell of a row: Qt counts titles and row numbers as cells, too."""
    return table.child((row + 1) * (len(COLUMNS) + 1) + 1)
