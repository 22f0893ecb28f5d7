"""The Preferences dialog: what is chosen holds at once, bad input can't be saved, and what is laid down stays."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QComboBox,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QWidget,
)

from domonitor import app, settings
from domonitor.backends.engine import EngineSettings, ProxyKind
from domonitor.backends.guarded import GuardedBackend
from domonitor.backends.scripted import ScriptedBackend
from domonitor.settings import Settings
from domonitor.ui import folder_check, preferences, theme
from domonitor.ui.main_window import MainWindow
from domonitor.ui.preferences import PreferencesDialog
from tests.conftest import LayDown
from tests.ui.conftest import Run
from tests.ui.gallery import Stretched
from tests.ui.opened import FOLDER, opened, part, until
from tests.ui.test_contrast import contrast

NAMES = (
    *("download_folder", "existing", "auto_complete", "speed_limit", "proxy", "autostart", "tray", "holds_off_sleep"),
    *("theme", "log_level"),
)
BY_ADMINISTRATOR = "Set by your administrator"
LOCKED = frozenset(NAMES) - {"existing", "theme", "log_level"}


def shown(window: MainWindow) -> PreferencesDialog:
    part(window, QAction, "preferencesAction").trigger()
    return part(window, PreferencesDialog, "preferencesDialog")


def button(dialog: PreferencesDialog, which: QDialogButtonBox.StandardButton) -> QPushButton:
    (box,) = dialog.findChildren(QDialogButtonBox)
    return box.button(which)


def ok(dialog: PreferencesDialog) -> QPushButton:
    return button(dialog, QDialogButtonBox.StandardButton.Ok)


def note(dialog: PreferencesDialog, name: str) -> str:
    label = part(dialog, QLabel, f"{name}Note")
    return label.text() if label.isVisible() else ""


async def save(window: MainWindow, dialog: PreferencesDialog) -> None:
    ok(dialog).click()
    await until(lambda: not window.findChildren(PreferencesDialog))


def test_it_shows_what_is_chosen_and_cancel_changes_nothing(run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        chosen = Settings(
            str(tmp_path), auto_complete=False, theme="dark", existing="replace", holds_off_sleep=False,
            proxy="socks5h://proxy:1080", log_level="debug", autostart=True, tray=True, speed_limit=1_500_000,
        )  # fmt: skip
        async with opened(ScriptedBackend(), settings=chosen) as window:
            kept: list[Settings] = []
            window.settings_changed.connect(kept.append)
            dialog = shown(window)
            assert part(dialog, QLineEdit, "folderEdit").text() == str(tmp_path)
            assert part(dialog, QComboBox, "existingBox").currentText() == "replace it"
            ticked = {name: part(dialog, QCheckBox, f"{name}Box").isChecked() for name in NAMES if name in TICKS}
            assert ticked == {"auto_complete": False, "autostart": True, "tray": True, "holds_off_sleep": False}
            assert part(dialog, QSpinBox, "speedLimitBox").text() == "1,500 kB/s"
            assert part(dialog, QLineEdit, "proxyEdit").text() == "socks5h://proxy:1080"
            assert part(dialog, QComboBox, "themeBox").currentText() == "Dark"
            assert note(dialog, "log_level") == "From the next start."
            part(dialog, QCheckBox, "trayBox").click()
            dialog.reject()
            assert kept == []

    run(test())


TICKS = {"auto_complete", "autostart", "tray", "holds_off_sleep"}


def test_what_is_chosen_is_kept_and_holds_at_once(run: Run, tmp_path: Path, qapp: QApplication) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend(), settings=Settings(FOLDER, theme="light")) as window:
            kept: list[Settings] = []
            window.settings_changed.connect(kept.append)
            dialog = shown(window)
            part(dialog, QLineEdit, "folderEdit").setText(str(tmp_path))
            part(dialog, QComboBox, "existingBox").setCurrentText("keep it, don't download")
            for name in TICKS:
                part(dialog, QCheckBox, f"{name}Box").click()
            part(dialog, QSpinBox, "speedLimitBox").setValue(250)
            part(dialog, QComboBox, "proxyBox").setCurrentText("None")
            part(dialog, QComboBox, "themeBox").setCurrentText("Dark")
            part(dialog, QComboBox, "log_levelBox").setCurrentText("Only failures")
            await save(window, dialog)
            expected = Settings(
                str(tmp_path), auto_complete=False, theme="dark", existing="refuse", holds_off_sleep=False,
                proxy="none", log_level="error", autostart=True, tray=True, speed_limit=250_000,
            )  # fmt: skip
            assert {name: getattr(kept[0], name) for name in NAMES} == {name: getattr(expected, name) for name in NAMES}
            assert len(kept) == 1
            assert theme.is_dark(qapp.palette())
            assert part(window, QAction, "darkThemeAction").isChecked()
            assert not part(window, QAction, "autoCompleteAction").isChecked()
            adding = window.add_downloads("https://a.de/1.bin")
            assert adding.folder_edit.text() == str(tmp_path)
            assert adding.existing_box.currentText() == "keep it, don't download"
            adding.reject()
            await until(lambda: window.free_space._folder == tmp_path)

    run(test())


class Telling(ScriptedBackend):
    """An engine that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__((), "engine")
        self.told: list[EngineSettings] = []
        self.came = threading.Event()

    def choose(self, settings: EngineSettings) -> None:
        self.told.append(settings)


@pytest.mark.parametrize("is_guarded", [False, True])
def test_the_engine_is_told_of_its_limit_and_its_proxy_and_of_nothing_else(run: Run, is_guarded: bool) -> None:
    async def test() -> None:
        engine = Telling()
        async with opened(GuardedBackend(engine) if is_guarded else engine) as window:
            dialog = shown(window)
            part(dialog, QCheckBox, "trayBox").click()
            await save(window, dialog)
            dialog = shown(window)
            part(dialog, QSpinBox, "speedLimitBox").setValue(1)
            part(dialog, QComboBox, "proxyBox").setCurrentText("This one:")
            part(dialog, QLineEdit, "proxyEdit").setText("http://proxy.example:3128")
            await save(window, dialog)
            await until(lambda: engine.told)
            (told,) = engine.told
            assert (told.bytes_per_second, told.proxy.kind) == (1_024, ProxyKind.FIXED)
            assert told.proxy.address == "http://proxy.example:3128"

    run(test())


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "Choose a folder"),
        ("some/where", "the whole path"),
        (str(Path("/nowhere/at all").absolute()), "not there"),
        (__file__, "no folder"),
        (f"{FOLDER}/a\0b", "not there|can be called that"),
    ],
)
def test_a_folder_that_can_not_be_used_is_said_in_place_and_not_saved(run: Run, typed: str, problem: str) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            kept: list[Settings] = []
            window.settings_changed.connect(kept.append)
            dialog = shown(window)
            part(dialog, QLineEdit, "folderEdit").setText(typed)
            await until(lambda: any(each in note(dialog, "download_folder") for each in problem.split("|")))
            assert not ok(dialog).isEnabled()
            assert kept == []
            part(dialog, QLineEdit, "folderEdit").setText(FOLDER)
            assert (note(dialog, "download_folder"), ok(dialog).isEnabled()) == ("", True)
            dialog.reject()

    run(test())


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder in which nobody can make a file")
def test_a_folder_that_can_not_be_written_is_found_when_it_is_to_be_saved(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            dialog = shown(window)
            part(dialog, QLineEdit, "folderEdit").setText("/proc")
            ok(dialog).click()
            await until(lambda: note(dialog, "download_folder"))
            assert dialog.isVisible()
            assert not ok(dialog).isEnabled()
            dialog.reject()

    run(test())


def test_a_disk_that_does_not_answer_holds_neither_window_nor_dialog(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        answers, asked = threading.Event(), threading.Event()

        def wait(folder: Path, *, is_tried: bool) -> str:
            asked.set()
            answers.wait(10)
            return "It is too late."

        monkeypatch.setattr(preferences, "problem_on_disk", wait)
        async with opened(ScriptedBackend()) as window:
            kept: list[Settings] = []
            window.settings_changed.connect(kept.append)
            dialog = shown(window)
            part(dialog, QLineEdit, "folderEdit").setText(str(Path("/somewhere/far").absolute()))
            await until(asked.is_set)
            part(dialog, QLineEdit, "folderEdit").setText(str(Path("/somewhere/further").absolute()))
            ok(dialog).click()
            await until(lambda: not ok(dialog).isEnabled())
            dialog.reject()
            await until(lambda: not window.findChildren(PreferencesDialog))
            answers.set()
            assert kept == []

    run(test())


def test_a_folder_is_tried_without_a_trace(tmp_path: Path) -> None:
    assert folder_check.problem_on_disk(tmp_path, is_tried=True) == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("", "Give the address"),
        ("none", "Give the address"),
        ("http://me:secret@proxy:80", "A login can't be kept"),
        ("proxy:3128", "no proxy's address"),
        ("ftp://proxy:21", "no proxy's address"),
        ("http://proxy:99999", "no proxy's address"),
        ("http://", "no proxy's address"),
    ],
)
def test_a_proxy_that_can_not_be_used_is_said_in_place_and_not_saved(run: Run, typed: str, problem: str) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            dialog = shown(window)
            part(dialog, QComboBox, "proxyBox").setCurrentText("This one:")
            part(dialog, QLineEdit, "proxyEdit").setText(typed)
            assert problem in note(dialog, "proxy")
            assert not ok(dialog).isEnabled()
            part(dialog, QComboBox, "proxyBox").setCurrentText("None")
            assert (note(dialog, "proxy"), ok(dialog).isEnabled()) == ("", True)
            dialog.reject()

    run(test())


def test_defaults_are_restored_but_for_what_is_laid_down(run: Run, tmp_path: Path) -> None:
    async def test() -> None:
        chosen = Settings(
            str(tmp_path), auto_complete=False, theme="light", tray=True, speed_limit=5_000, window="AAAA"
        )
        async with opened(ScriptedBackend(), settings=chosen, locked=frozenset({"tray"})) as window:
            kept: list[Settings] = []
            window.settings_changed.connect(kept.append)
            dialog = shown(window)
            Settings().folder().mkdir(parents=True, exist_ok=True)
            button(dialog, QDialogButtonBox.StandardButton.RestoreDefaults).click()
            await save(window, dialog)
            expected = Settings(tray=True, window="AAAA", columns=chosen.columns)
            assert {name: getattr(kept[-1], name) for name in NAMES} == {
                name: getattr(expected, name) for name in NAMES
            }
            assert kept[-1].window == "AAAA"

    run(test())


def test_a_limit_that_is_no_round_number_stays_while_nobody_touches_it(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend(), settings=Settings(FOLDER, speed_limit=123_456)) as window:
            kept: list[Settings] = []
            window.settings_changed.connect(kept.append)
            await save(window, shown(window))
            assert kept[-1].speed_limit == 123_456

    run(test())


def test_what_is_laid_down_is_switched_off_and_says_so_in_every_way(run: Run) -> None:
    async def test() -> None:
        chosen = Settings(FOLDER, theme="light", proxy="http://proxy.example:3128", speed_limit=2_000_000)
        async with opened(ScriptedBackend(), settings=chosen, locked=LOCKED) as window:
            kept: list[Settings] = []
            window.settings_changed.connect(kept.append)
            dialog = shown(window)
            parts = {
                "download_folder": [(QLineEdit, "folderEdit"), (QPushButton, "browseButton")],
                "speed_limit": [(QSpinBox, "speedLimitBox")],
                "proxy": [(QComboBox, "proxyBox"), (QLineEdit, "proxyEdit")],
            } | {name: [(QCheckBox, f"{name}Box")] for name in TICKS}
            assert parts.keys() == LOCKED
            for name, widgets in parts.items():
                assert note(dialog, name) == BY_ADMINISTRATOR, name
                for kind, object_name in widgets:
                    widget: QWidget = part(dialog, kind, object_name)
                    assert not widget.isEnabled(), object_name
                    assert widget.toolTip() == widget.accessibleDescription() == BY_ADMINISTRATOR, object_name
            button(dialog, QDialogButtonBox.StandardButton.RestoreDefaults).click()
            assert part(dialog, QLineEdit, "proxyEdit").text() == "http://proxy.example:3128"
            part(dialog, QComboBox, "themeBox").setCurrentText("Dark")
            await save(window, dialog)
            assert {name: getattr(kept[-1], name) for name in LOCKED} == {
                name: getattr(chosen, name) for name in LOCKED
            }
            assert kept[-1].theme == "dark"

    run(test())


def test_what_is_laid_down_is_so_in_menu_and_add_dialog_too(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend(), locked=frozenset({"auto_complete", "download_folder"})) as window:
            action = part(window, QAction, "autoCompleteAction")
            assert (action.isEnabled(), action.toolTip(), action.statusTip()) == (False, *[BY_ADMINISTRATOR] * 2)
            adding = window.add_downloads("https://a.de/1.bin")
            assert not adding.folder_edit.isEnabled()
            assert adding.folder_edit.toolTip() == BY_ADMINISTRATOR
            assert part(adding, QLabel, "addFolderNote").text() == BY_ADMINISTRATOR
            assert adding.add_button.isEnabled()
            adding.reject()

    run(test())


@pytest.mark.skipif(sys.platform == "win32", reason="there the registry has them: tests/windows/test_policies.py")
def test_the_program_obeys_and_keeps_the_user_s_own_choice(run: Run, lay_down: LayDown, tmp_path: Path) -> None:
    async def test() -> None:
        own = Settings(str(tmp_path), theme="light", speed_limit=9_000)
        settings.save(own, settings.settings_file())
        lay_down("speed_limit = 5000\nauto_complete = false")
        work = app._main(None, [], in_process=True, is_hidden=False)
        program = asyncio.get_running_loop().create_task(work)
        await until(lambda: any(each.isVisible() for each in windows()))
        (window,) = [each for each in windows() if each.isVisible()]
        chosen = window.choices.settings
        assert (chosen.speed_limit, chosen.auto_complete) == (5_000, False)
        assert window.choices.locked == {"speed_limit", "auto_complete"}
        dialog = shown(window)
        assert not part(dialog, QSpinBox, "speedLimitBox").isEnabled()
        part(dialog, QCheckBox, "trayBox").click()
        await save(window, dialog)
        stored = settings.load(settings.settings_file())
        assert (stored.speed_limit, stored.auto_complete, stored.tray) == (9_000, True, True)
        window.quit()
        await program
        settings.settings_file().unlink()

    run(test())


def windows() -> list[MainWindow]:
    return [each for each in QApplication.topLevelWidgets() if isinstance(each, MainWindow)]


@pytest.fixture(params=["English", "as long as German"])
def language(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[str]:
    stretched = Stretched()
    if request.param != "English":
        qapp.installTranslator(stretched)
    yield request.param
    qapp.removeTranslator(stretched)


@pytest.mark.parametrize("locked", [frozenset[str](), LOCKED])
def test_nothing_is_cut_off(run: Run, language: str, locked: frozenset[str]) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend(), locked=locked) as window:
            dialog = shown(window)
            if not locked:
                part(dialog, QLineEdit, "folderEdit").setText("some/where")
                part(dialog, QComboBox, "proxyBox").setCurrentIndex(2)
                part(dialog, QLineEdit, "proxyEdit").setText("http://proxy:99999")
            await until(dialog.isVisible)
            for widget in dialog.findChildren(QWidget):
                if not widget.isVisible():
                    continue
                if isinstance(widget, QLabel) and widget.wordWrap():
                    assert widget.height() >= widget.heightForWidth(widget.width()), widget.text()
                elif (
                    isinstance(widget, QLabel | QAbstractButton | QComboBox | QSpinBox) and widget.sizeHint().isValid()
                ):
                    assert widget.width() >= widget.sizeHint().width(), widget
                    assert widget.height() >= widget.minimumSizeHint().height(), widget
            assert dialog.height() < 700
            dialog.reject()

    run(test())


def test_every_field_has_a_key_of_its_own_and_is_reached_by_tab(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            dialog = shown(window)
            texts = [each.text() for each in dialog.findChildren(QLabel) if each.buddy() is not None]
            texts += [each.text() for each in dialog.findChildren(QAbstractButton) if each.text()]
            keys = [text[text.index("&") + 1].lower() for text in texts if "&" in text]
            assert len(keys) == len(set(keys)) >= len(NAMES) + 2
            part(dialog, QComboBox, "proxyBox").setCurrentIndex(2)
            part(dialog, QLineEdit, "proxyEdit").setText("http://proxy.example:3128")
            await until(dialog.isActiveWindow)
            part(dialog, QLineEdit, "folderEdit").setFocus()
            reached = set()
            for _ in range(30):
                focused = QApplication.focusWidget()
                assert focused is not None
                reached.add(focused.objectName() or focused.property("text"))
                QTest.keyClick(focused, Qt.Key.Key_Tab)
            wanted = {"folderEdit", "browseButton", "existingBox", "speedLimitBox", "proxyBox", "proxyEdit", "themeBox"}
            wanted |= {"log_levelBox", "&Restore defaults", "OK", "Cancel"} | {f"{name}Box" for name in TICKS}
            assert wanted <= reached
            for name in ("folderEdit", "existingBox", "speedLimitBox", "proxyBox", "proxyEdit", "themeBox"):
                assert part(dialog, QWidget, name).accessibleName()
            dialog.reject()

    run(test())


def test_its_key_opens_it(run: Run) -> None:
    async def test() -> None:
        async with opened(ScriptedBackend()) as window:
            assert part(window, QAction, "preferencesAction").shortcut().toString() == "Ctrl+,"
            shown(window).reject()

    run(test())


@pytest.mark.parametrize("chosen", ["light", "dark"])
def test_notes_and_problems_can_be_read(run: Run, chosen: str) -> None:
    async def test() -> None:
        async with opened(
            ScriptedBackend(), settings=Settings(FOLDER, theme=chosen), locked=frozenset({"tray"})
        ) as window:
            dialog = shown(window)
            part(dialog, QLineEdit, "folderEdit").setText("")
            ground = dialog.palette().color(QPalette.ColorRole.Window)
            for name in ("tray", "download_folder", "log_level"):
                label = part(dialog, QLabel, f"{name}Note")
                label.ensurePolished()
                assert contrast(label.palette().color(QPalette.ColorRole.WindowText), ground) >= 4.5, name
            dialog.reject()

    run(test())
