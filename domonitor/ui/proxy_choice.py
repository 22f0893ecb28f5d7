"""The choice of the proxy: as the environment says, none, or one by its address."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from domonitor.settings import is_valid
from domonitor.ui import text


class ProxyChoice(QWidget):
    """Three ways, and the address for the third. Its values are those of Settings.proxy.

    Signals: changed(), with each key that is typed.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._way = QComboBox()
        self._way.setObjectName("proxyBox")
        self._way.addItem(text.tr("As the environment says"), "")
        self._way.addItem(text.tr("None"), "none")
        self._way.addItem(text.tr("This one:"), None)
        self._address = QLineEdit()
        self._address.setObjectName("proxyEdit")
        self._address.setAccessibleName(text.tr("Address of the proxy"))
        self._address.setPlaceholderText("http://proxy.example:3128")
        self._address.setMinimumWidth(200)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._way)
        row.addWidget(self._address, 1)
        self.setFocusProxy(self._way)
        self._way.currentIndexChanged.connect(self._follow)
        self._address.textChanged.connect(self.changed)

    def show_proxy(self, proxy: str) -> None:
        """Fills in what the settings say."""
        at = self._way.findData(proxy)
        self._way.setCurrentIndex(at if at >= 0 else self._way.count() - 1)
        self._address.setText("" if at >= 0 else proxy)
        self._follow()

    def proxy(self) -> str:
        """What is chosen."""
        way: str | None = self._way.currentData()
        return self._address.text().strip() if way is None else way

    def problem(self) -> str:
        """What is wrong with it, "" for nothing."""
        if self._way.currentData() is not None:
            return ""
        address = self._address.text().strip()
        if not address or address == "none":
            return text.tr("Give the address of the proxy, such as http://proxy.example:3128.")
        if "@" in address:
            return text.tr("A login can't be kept here. Leave out what stands before the @.")
        if not is_valid("proxy", address):
            return text.tr(
                "This is no proxy's address. It looks like http://proxy.example:3128; https://, socks5:// and "
                "socks5h:// are possible too."
            )
        return ""

    def _follow(self) -> None:
        self._address.setEnabled(self.isEnabled() and self._way.currentData() is None)
        self.changed.emit()
