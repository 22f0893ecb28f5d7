"""The words of domonitor.words.text, said in the language and with the numbers of the user's Qt."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QLocale

from domonitor.words.language import Language, speak
from domonitor.words.text import *  # noqa: F403

speak(Language(lambda text: QCoreApplication.translate("domonitor", text), lambda number: QLocale().toString(number)))
