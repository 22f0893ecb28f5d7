"""Draws the program's icon into a file for Windows, with Qt: icon.py SVG ICO.

An .ico file is a directory of pictures; Windows reads each of them as PNG, as it does since Vista.
"""

import struct
import sys
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SIZES = (16, 20, 24, 32, 40, 48, 64, 256)
"""Those that the taskbar, lists and dialogs show at 100 to 200 percent, and the largest one."""


def main(drawing: Path, icon: Path) -> None:
    """Writes the icon."""
    QGuiApplication(["icon", "-platform", "offscreen"])
    renderer = QSvgRenderer(str(drawing))
    if not renderer.isValid():
        sys.exit(f"{drawing} can't be drawn.")
    icon.write_bytes(packed([picture(renderer, size) for size in SIZES]))


def picture(renderer: QSvgRenderer, size: int) -> bytes:
    """The drawing at that size, as PNG."""
    image = QImage(size, size, QImage.Format.Format_ARGB32)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return data.data()


def packed(pictures: list[bytes]) -> bytes:
    """The file of them."""
    at = 6 + 16 * len(pictures)
    directory = struct.pack("<HHH", 0, 1, len(pictures))
    for size, data in zip(SIZES, pictures, strict=True):
        side = size % 256  # 0 says 256
        directory += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(data), at)
        at += len(data)
    return directory + b"".join(pictures)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
