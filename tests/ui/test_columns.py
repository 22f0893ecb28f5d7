"""The columns: which ones there are, what they say, and how they are chosen, kept and reset."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QMenu

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.job import Job
from domonitor.jobs.state import JobState
from domonitor.settings import Settings
from domonitor.ui.column_layout import Preset
from domonitor.ui.columns import AT, COLUMNS, FIRST_ORDER, GROUPED, USER
from domonitor.ui.main_window import MainWindow
from domonitor.ui.rows import Row
from domonitor.ui.support_columns import SUPPORT
from tests.ui.conftest import Run
from tests.ui.opened import FOLDER, job, opened, part, until

S = JobState

DOCUMENTED = {
    "JobId",
    "Description",
    "TransferType",
    "JobState",
    "OwnerAccount",
    "Priority",
    "RetryInterval",
    "RetryTimeout",
    "TransientErrorCount",
    "ProxyUsage",
    "ProxyList",
    "ProxyBypassList",
    "ErrorContext",
    "ErrorCondition",
    "InternalErrorCode",
    "ErrorDescription",
    "ErrorContextDescription",
    "BytesTransferred",
    "FilesTotal",
    "FilesTransferred",
    "ModificationTime",
    "TransferCompletionTime",
    "FileList",
    "NotifyFlags",
    "NotifyCommandLine",
    "CustomHeaders",
    "AclFlags",
    "OwnerIntegrityLevel",
    "OwnerElevation",
    "PeerCachingFlags",
    "CostPolicy",
    "FileId",
    "FileSizeInCache",
    "PercentPeerCaching",
    "BytesFromPeers",
    "BytesFromHttp",
    "BytesFromCacheServer",
    "BytesFromLanPeers",
    "BytesFromLinkLocalPeers",
    "BytesFromGroupPeers",
    "BytesFromInternetPeers",
    "BytesToLanPeers",
    "BytesToLinkLocalPeers",
    "BytesToGroupPeers",
    "BytesToInternetPeers",
    "DownloadDuration",
    "HttpConnectionCount",
    "CacheServerConnectionCount",
    "LanConnectionCount",
    "LinkLocalConnectionCount",
    "GroupConnectionCount",
    "InternetConnectionCount",
    "DownloadMode",
    "SourceURL",
    "CacheHost",
    "NumPeers",
    "PredefinedCallerApplication",
    "ExpireOn",
    "IsPinned",
}
"""What monitors of BITS and of Delivery Optimization show, but for what the first columns show under other names."""


def cell(shown: Job, name: str) -> str:
    return COLUMNS[AT[name]].text(Row(shown))


def test_every_documented_field_has_a_column() -> None:
    assert DOCUMENTED - {column.documented for column in COLUMNS} == set()


def test_what_a_service_does_not_give_is_unavailable_and_never_nothing_or_zero() -> None:
    bare = Row(job(1, S.QUEUED))
    given = {"id", "origin", "priority", "job_state", "done", "files", "files_done", "modified"}
    no_error = {"error_code", "error_name", "error_text"}
    for field in SUPPORT:
        words = field.text(bare)
        if field.name in no_error:
            assert words == "", f"{field.name}: that there is no error is known"
        else:
            assert (words == "unavailable") is (field.name not in given), field.name


def test_what_a_service_reports_is_shown_by_its_documented_name_without_secrets() -> None:
    told = job(
        1,
        reported={
            "TransientErrorCount": "0",
            "BytesFromPeers": "3000000000",
            "SourceURL": "https://anna:secret@dl.example.com/a?token=secret",
            "CustomHeaders": "Authorization: Bearer secret\r\nX-Mine: secret",
            "ProxyList": "http://anna:secret@proxy:3128",
        },
    )
    assert cell(told, "TransientErrorCount") == "0"
    assert cell(told, "BytesFromPeers") == "3.0 GB"
    assert cell(told, "SourceURL") == "https://dl.example.com/a?…"
    assert cell(told, "CustomHeaders") == "Authorization: …, X-Mine: …"
    assert "secret" not in cell(told, "ProxyList")


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_every_column_sorts_whatever_is_missing(column: Any) -> None:
    rows = [
        Row(job(1)),
        Row(job(2, S.ERROR, error_code=0x80190194, owner="anna", description="x", waiting_reason="y")),
        Row(job(3, reported={field.documented: "b" for field in SUPPORT if field.documented})),
        Row(job(4, reported={field.documented: "5" for field in SUPPORT if field.documented})),
    ]
    assert len(sorted(rows, key=column.key)) == 4
    assert column.title()


def visible(window: MainWindow) -> list[str]:
    """The shown columns from left to right."""
    header = window.table.horizontalHeader()
    order = sorted(range(len(COLUMNS)), key=header.visualIndex)
    return [COLUMNS[at].name for at in order if not header.isSectionHidden(at)]


def test_at_first_there_are_few_columns_and_support_sees_all(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1)])) as window:
            assert visible(window) == list(FIRST_ORDER)
            window.list.columns.show_preset(Preset.SUPPORT)
            assert len(visible(window)) == len(COLUMNS)
            assert visible(window)[: len(FIRST_ORDER)] == list(FIRST_ORDER)
            window.list.columns.show_preset(Preset.USER)
            assert visible(window) == list(FIRST_ORDER)

    run(test())


def test_columns_are_hidden_moved_and_resized_and_kept_that_way(run: Run) -> None:
    async def test() -> None:
        kept: list[Settings] = []
        async with opened(ScriptedBackend([job(1), job(2)])) as window:
            window.settings_changed.connect(kept.append)
            header = window.table.horizontalHeader()
            window.list.columns.show_column(AT["created"], is_shown=False)
            window.list.columns.show_column(AT["owner"], is_shown=True)
            header.moveSection(header.visualIndex(AT["size"]), 0)
            header.resizeSection(AT["state"], 222)
            window.table.sortByColumn(AT["name"], Qt.SortOrder.DescendingOrder)
            seen = visible(window)
            assert seen[0] == "size"
        async with opened(ScriptedBackend([job(1), job(2)]), settings=kept[-1]) as window:
            assert visible(window) == seen
            assert window.table.columnWidth(AT["state"]) == 222
            await until(lambda: [row.job.display_name for row in window.model.rows] == ["job 2", "job 1"])
            window.list.columns.reset()
            assert visible(window) == list(FIRST_ORDER)
            assert window.table.columnWidth(AT["state"]) == COLUMNS[AT["state"]].width
            assert window.model.order.is_grouped

    run(test())


@pytest.mark.parametrize(
    "damaged",
    [
        *("x", "[]", "{}", '{"sort": 5}', '{"sort": [], "descending": 1, "columns": [["name", 1]]}'),
        '{"sort": "none of ours", "descending": false, "columns": [["nobody", 5, true]]}',
    ],
)
def test_damaged_columns_are_the_first_ones_again(run: Run, damaged: str) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1)]), settings=Settings(FOLDER, columns=damaged)) as window:
            assert visible(window) == list(FIRST_ORDER)

    run(test())


def test_a_column_that_is_new_since_the_last_time_is_hidden_and_can_be_shown(run: Run) -> None:
    async def test() -> None:
        kept = json.dumps({"sort": "", "descending": False, "columns": [["state", 90, True], ["name", 9, False]]})
        async with opened(ScriptedBackend([job(1)]), settings=Settings(FOLDER, columns=kept)) as window:
            assert visible(window) == ["state", "name"], "the name is never hidden"
            window.list.columns.show_column(AT["size"], is_shown=True)
            assert visible(window) == ["state", "name", "size"]
            window.list.columns.show_column(AT["name"], is_shown=False)
            assert "name" in visible(window)

    run(test())


def test_the_third_press_on_a_title_brings_the_groups_back(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1), job(2)]), is_grouped=True) as window:
            await until(lambda: len(window.model.rows) == 2)
            header = window.table.horizontalHeader()
            assert header.isSortIndicatorClearable()
            orders = []
            for _ in range(3):
                press(header, AT["name"])
                orders.append((window.model.order.column, window.model.order.descending))
            assert orders == [(AT["name"], False), (AT["name"], True), (GROUPED, False)]

    run(test())


def press(header: QHeaderView, section: int) -> None:
    """What Qt does when a title is pressed: not QTest, which lets the loop run within this coroutine."""
    header.sectionClicked.emit(section)
    is_new = header.sortIndicatorSection() != section
    if not is_new and header.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder:
        header.setSortIndicator(GROUPED, Qt.SortOrder.AscendingOrder)
    else:
        header.setSortIndicator(section, Qt.SortOrder.AscendingOrder if is_new else Qt.SortOrder.DescendingOrder)


def test_menus_offer_all_of_it_to_the_keyboard(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend([job(1), job(2)])) as window:
            await until(lambda: len(window.model.rows) == 2)
            columns = part(window, QMenu, "columnsMenu")
            columns.aboutToShow.emit()
            titles = [action.text() for action in columns.actions() if action.isCheckable()]
            assert titles == [column.title() for column in USER]
            next(action for action in columns.actions() if action.text() == "Size").trigger()
            assert "size" not in visible(window)
            next(action for action in columns.actions() if action.objectName() == "supportPresetAction").trigger()
            assert len(visible(window)) == len(COLUMNS)
            next(action for action in columns.actions() if action.objectName() == "resetColumnsAction").trigger()
            assert visible(window) == list(FIRST_ORDER)
            sorting = part(window, QMenu, "sortMenu")
            sorting.aboutToShow.emit()
            next(action for action in sorting.actions() if action.text() == "Name").trigger()
            sorting.aboutToShow.emit()
            next(action for action in sorting.actions() if action.text() == "Backwards").trigger()
            assert [row.job.display_name for row in window.model.rows] == ["job 2", "job 1"]
            sorting.aboutToShow.emit()
            assert next(action.text() for action in sorting.actions() if action.isChecked()) == "Name"

    run(test())
