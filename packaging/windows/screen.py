"""Waits until there is something on the screen and saves a picture of it: screen.py FILE

Prints when it was first seen, in seconds of the system's clock, and how many colours the picture has.
"""

import sys
import time

from PySide6.QtGui import QColor, QGuiApplication, QImage

WAITS_S, LOOK_S = 60.0, 0.02
SETTLES_S = 3.0
"""So long after the first sight the picture is taken: everything is drawn by then."""

LEAST_COLOURS = 8


def main(file: str) -> int:
    """Takes the picture; the exit code."""
    app = QGuiApplication(["screen"])
    screen = app.primaryScreen()
    until_s = time.monotonic() + WAITS_S
    while colours(seen := screen.grabWindow(0).toImage()) < LEAST_COLOURS:
        if time.monotonic() > until_s:
            sys.stderr.write(f"Nothing is on the screen after {WAITS_S:.0f} s.\n")
            return 1
        time.sleep(LOOK_S)
    at_s = time.time()
    time.sleep(SETTLES_S)
    seen = screen.grabWindow(0).toImage()
    if not seen.save(file):
        sys.stderr.write(f"{file} can't be written.\n")
        return 1
    print(at_s, colours(seen))
    return 0


def colours(image: QImage) -> int:
    """How many there are in every eighth line and column."""
    return len(
        {QColor(image.pixel(x, y)).rgb() for y in range(0, image.height(), 8) for x in range(0, image.width(), 8)}
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
