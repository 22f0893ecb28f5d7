"""The window as a whole: what it says, how it looks, what it keeps, and how it ends."""

from __future__ import annotations

import asyncio
import time

import pytest
from PySide6.QtGui import QAction, QColor, QPalette
from PySide6.QtWidgets import QApplication, QFrame, QLabel, QTableView, QWidget

from domonitor.backends.scripted import ScriptedBackend
from domonitor.jobs.change import Change, Health, HealthState
from domonitor.jobs.error import CopyError, ErrorContext
from domonitor.jobs.job import FileProgress, JobFile, JobKey
from domonitor.jobs.state import JobState
from domonitor.settings import Settings, Theme
from domonitor.ui import theme
from domonitor.ui.empty import EmptyPage
from domonitor.ui.tasks import TaskOwner
from tests.ui.conftest import Run
from tests.ui.opened import FOLDER, job, label, opened, part, texts, until

S = JobState
NAMES = ["mainWindow", "jobTable", "summaryLabel", "errorPanel", "detailsPanel", "fileTable", "errorHeadline"]
NAMES += ["errorMeaning", "errorRemedy", "errorContext", "errorFile", "errorCode"]
ACTIONS = ["resumeAction", "suspendAction", "completeAction", "cancelAction", "addAction"]


def test_what_others_rely_on_has_its_name_and_speaks(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            for name in NAMES:
                widget = window if name == window.objectName() else part(window, QWidget, name)
                assert widget.accessibleName(), name
            for name in ACTIONS:
                action = part(window, QAction, name)
                assert action.text()
                assert not action.icon().isNull()
                assert action.shortcut().toString()
            dialog = window.add_downloads()
            for name in ("addressEdit", "folderEdit"):
                assert part(dialog, QWidget, name).accessibleName()
            assert dialog.objectName() == "addDialog"
            dialog.reject()

    run(test())


def test_what_a_service_has_to_say_is_told(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend()
        async with opened(service) as window:
            service.publish(Change(notices=("The list was begun anew.",)))
            await until(lambda: window.notices.message == "The list was begun anew.")
            assert window.notices.isVisible()

    run(test())


def test_an_empty_window_says_what_to_do_until_there_is_a_job(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend()
        async with opened(service) as window:
            assert part(window, EmptyPage, "emptyPage").isVisible()
            assert label(window, "summaryLabel") == "Nothing is being downloaded"
            service.publish(Change((job(1, S.ERROR, error_code=0x80190194),)))
            await until(lambda: label(window, "summaryLabel") == "1 needs you")
            assert part(window, QTableView, "jobTable").isVisible()
            assert not window.table.selectionModel().hasSelection(), "nobody but the user chooses"
            service.publish(Change(removals={JobKey("scripted", "1"): job(1, S.CANCELLED)}))
            await until(lambda: window.clear_action.isEnabled())
            window.clear_action.trigger()
            assert part(window, EmptyPage, "emptyPage").isVisible()

    run(test())


def test_health_is_a_word_a_shape_and_a_reason(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.QUEUED)])
        async with opened(service) as window:
            health = part(window, QLabel, "health-scripted")
            await until(lambda: health.accessibleName() == "scripted: running.")
            shape = sign(health)
            service.publish(Change(health=Health(HealthState.UNAVAILABLE, "The service is stopped.")))
            await until(lambda: "not reachable" in label(window, "health-scripted"))
            assert health.toolTip() == "The service is stopped."
            assert health.accessibleName().endswith("not reachable. The service is stopped.")
            assert sign(health) != shape
            assert window.model.rows[0].is_stale
            assert label(window, "healthReason") == "The service is stopped."
            service.publish(Change(health=Health()))
            await until(lambda: label(window, "healthReason") == "")

    run(test())


def sign(health: QLabel) -> str:
    """The shape between name and words."""
    return health.text().partition(">")[2][0]


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("look", ["light", "dark"])
def test_each_state_is_painted(run: Run, state: S, look: str) -> None:
    async def test() -> None:
        shown = job(1, state, error_code=0x80190194 if state in (S.ERROR, S.TRANSIENT_ERROR) else None)
        service = ScriptedBackend([shown, job(2, state, progress=(5, None, 1, 4))])
        async with opened(service, settings=Settings(FOLDER, theme=look)) as window:
            await until(lambda: window.model.rowCount() == 2)
            picture = window.table.viewport().grab().toImage()
            row = window.table.visualRect(window.model.index(0, 1))
            painted = {
                picture.pixel(x, y) for x in range(row.left(), row.left() + 200) for y in range(row.top(), row.bottom())
            }
            assert len(painted) > 2, "icon and words beside the ground"

    run(test())


def test_the_files_of_the_chosen_job_are_listed_and_end_with_it(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.TRANSFERRING, progress=(50, 100, 0, 1))])
        service.files_by_job["1"] = (JobFile("https://a.de/f?t=1", "/tmp/f.bin", FileProgress(100, 50)),)
        async with opened(service) as window:
            await until(lambda: texts(window))
            window.choose(JobKey("scripted", "1"))
            files = part(window, QTableView, "fileTable").model()
            await until(lambda: files.rowCount() == 1)
            assert [files.index(0, at).data() for at in range(5)] == ["f.bin", "Under way", "50 %", "50 B", "100 B"]
            assert files.index(0, 5).data() == "https://a.de/f?…"
            done = job(1, S.ACKNOWLEDGED, progress=(100, 100, 1, 1))
            service.publish(Change(removals={JobKey("scripted", "1"): done}))
            await until(lambda: files.index(0, 1).data() == "Complete")
            assert files.index(0, 2).data() == "100 %"

    run(test())


def test_the_theme_changes_at_once_and_is_kept(run: Run, qapp: QApplication) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend(), settings=Settings(FOLDER, theme="light")) as window:
            kept: list[Settings] = []
            window.settings_changed.connect(kept.append)
            assert not theme.is_dark(window.palette())
            part(window, QAction, "darkThemeAction").trigger()
            await until(lambda: theme.is_dark(window.palette()))
            assert kept[-1].theme == Theme.DARK
            part(window, QAction, "lightThemeAction").trigger()
            await until(lambda: not theme.is_dark(window.palette()))
            assert part(window, QAction, "lightThemeAction").isChecked()

    run(test())


def test_where_the_system_is_of_high_contrast_the_colours_are_its_own(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    theme.apply("dark")
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == "#22252b"
    monkeypatch.setattr(theme, "_is_of_high_contrast", lambda hints: True)
    theme.apply("dark")
    for kind in ("", "QPushButton", "QLineEdit"):
        palette = QApplication.palette(kind) if kind else qapp.palette()
        assert palette == qapp.style().standardPalette()
    monkeypatch.undo()
    theme.apply("light")


def test_what_has_a_ground_of_its_own_follows_the_theme_too(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(1, S.ERROR, error_code=0x80190194)])
        service.errors["1"] = CopyError(ErrorContext.REMOTE_FILE, 0x80190194)
        async with opened(service, settings=Settings(FOLDER, theme="light")) as window:
            await until(lambda: window.model.rowCount() == 1)
            window.choose(JobKey("scripted", "1"))
            panel = part(window, QFrame, "errorPanel")
            await until(panel.isVisible)
            window.notices.tell("The list was begun anew.")
            for name, own in (("dark", theme.DARK), ("light", theme.LIGHT)):
                part(window, QAction, f"{name}ThemeAction").trigger()
                await until(lambda own=own: ground(panel) == own.danger_back)
                assert ground(window.notices) == own.warning_back

    run(test())


def ground(widget: QWidget) -> str:
    """The colour of its upper right corner."""
    return widget.grab().toImage().pixelColor(widget.width() - 3, 3).name()


def test_a_window_that_follows_the_system_does_so_while_it_runs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        applied: list[str] = []
        async with opened(ScriptedBackend(), settings=Settings(FOLDER, theme="system")) as window:
            monkeypatch.setattr(theme, "apply", applied.append)
            hints = QApplication.styleHints()
            hints.colorSchemeChanged.emit(hints.colorScheme())
            assert applied == ["system"]
            part(window, QAction, "lightThemeAction").trigger()
            hints.colorSchemeChanged.emit(hints.colorScheme())
            assert applied == ["system", "light"]

    run(test())


def _contrast(one: str, other: str) -> float:
    def luminance(name: str) -> float:
        color = QColor(name)
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("look", [Theme.LIGHT, Theme.DARK])
def test_all_text_stands_out_from_what_it_stands_on(run: Run, look: Theme) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend(), settings=Settings(FOLDER, theme=look.value)) as window:
            palette = window.palette()
            own = theme.colors(palette)
            role = QPalette.ColorRole
            grounds = [palette.color(one).name() for one in (role.Window, role.Base, role.AlternateBase)]
            texts = [palette.color(one).name() for one in (role.WindowText, role.Text, role.Link)]
            texts += [own.muted, own.danger, own.warning, own.good, own.accent]
            pairs = [(text, ground) for text in texts for ground in grounds]
            pairs += [(own.danger, own.danger_back), (own.warning, own.warning_back)]
            pairs += [(own.muted, own.danger_back), (own.muted, own.warning_back)]
            pairs += [(palette.color(role.WindowText).name(), back) for back in (own.danger_back, own.warning_back)]
            pairs += [(palette.color(role.HighlightedText).name(), palette.color(role.Highlight).name())]
            assert {pair: _contrast(*pair) for pair in pairs if _contrast(*pair) < 4.5} == {}

    run(test())


def test_size_and_columns_are_kept(run: Run) -> None:
    async def test() -> None:
        kept: list[Settings] = []
        async with opened(ScriptedBackend([job(1)])) as window:
            window.settings_changed.connect(kept.append)
            window.resize(700, 560)
            window.table.setColumnWidth(0, 333)
            window.table.horizontalHeader().moveSection(0, 3)
            await until(lambda: window.table.isVisible())
            window.splitter.setSizes([200, 230])
            places = window.splitter.sizes()
        async with opened(ScriptedBackend([job(1)]), settings=kept[-1]) as window:
            assert (window.width(), window.height()) == (700, 560)
            assert window.table.columnWidth(0) == 333
            assert window.table.horizontalHeader().visualIndex(0) == 3
            await until(lambda: window.table.isVisible())
            assert window.splitter.sizes() == pytest.approx(places, abs=3)

    run(test())


@pytest.mark.parametrize("damaged", ["", "abc", "x y", "é é", "AAAA", "AAAA AAAA", "a b c"])
def test_a_damaged_layout_is_the_first_one_again(run: Run, damaged: str) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend(), settings=Settings(FOLDER, window=damaged)) as window:
            assert window.isVisible()
            assert window.width() == 1180

    run(test())


def test_the_choice_to_finish_by_themselves_is_kept(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            kept: list[Settings] = []
            window.settings_changed.connect(kept.append)
            part(window, QAction, "autoCompleteAction").trigger()
            assert not kept[-1].auto_complete

    run(test())


def test_closing_is_quick_while_everything_moves(run: Run) -> None:
    async def test() -> None:
        service = ScriptedBackend([job(number, S.TRANSFERRING) for number in range(2_000)])
        async with opened(service) as window:
            await until(lambda: window.model.rowCount() == 2_000)
            window.choose(JobKey("scripted", "7"))
            service.publish(Change(tuple(job(number, S.TRANSFERRING, progress=(9, 10, 0, 1)) for number in range(500))))
            began_s = time.monotonic()
            window.close()
            await window.closed.wait()
            await window.shut_down()
            assert time.monotonic() - began_s < 2
            window.tasks.start(asyncio.sleep(0), what="too late")

    run(test())


def test_a_task_that_is_ended_before_its_first_step_leaves_no_trace(run: Run) -> None:
    async def test() -> None:
        told: list[str] = []
        tasks = TaskOwner(told.append)
        tasks.start(asyncio.sleep(60), what="a long sleep")
        await tasks.close()
        assert told == []

    run(test())


@pytest.mark.expected_log("a bug in: breaking")
def test_a_bug_is_logged_and_told_without_a_traceback(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:

            async def breaking() -> None:
                raise ZeroDivisionError

            window.tasks.start(breaking(), what="breaking")
            await until(lambda: window.notices.message)
            assert window.notices.message == "Something went wrong inside domonitor. The log has the details."
            window.notices.clear()
            assert not window.notices.isVisible()

    run(test())


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_icons_are_sharp_at_every_scale(qapp: QApplication, ratio: float) -> None:
    drawn = theme.pixmap("resume", "#000000", 16, ratio)
    assert drawn.width() == round(16 * ratio)
    assert drawn.devicePixelRatio() == ratio
    picture = drawn.toImage()
    alphas = {picture.pixelColor(x, picture.height() // 2).alpha() for x in range(picture.width())}
    assert {0, 255} <= alphas, "edges that are not blurred over the whole picture"
