"""What the registry of the Wine prefix has to say; runs on its Python. Wine leaves out what no Windows is without."""

import struct
import winreg

FONT = "DejaVu Sans"
FONT_PIXELS = 12  # 9 points at 96 dots per inch, as Windows has them

CLASSES = r"Software\Microsoft\WindowsRuntime\ActivatableClassId\Windows.UI.ViewManagement"


def main() -> None:
    """Writes it."""
    # Nobody is there to read that a program has crashed, and to close the window.
    put(winreg.HKEY_CURRENT_USER, r"Software\Wine\WineDbg", "ShowCrashDialog", 0)
    for name in ("UISettings", "AccessibilitySettings"):
        put(winreg.HKEY_LOCAL_MACHINE, f"{CLASSES}.{name}", "DllPath", r"C:\windows\system32\uisettings.dll")
    # What Wine names as the system's font is not there, and Qt takes any other one for it.
    for name in ("Caption", "Icon", "Menu", "Message", "SmCaption", "Status"):
        put(winreg.HKEY_CURRENT_USER, r"Control Panel\Desktop\WindowMetrics", f"{name}Font", font())


def font() -> bytes:
    """Source: wingdi.h, LOGFONTW: height and weight, and at its end the name."""
    return struct.pack("<5i8B64s", -FONT_PIXELS, 0, 0, 0, 400, *[0] * 8, FONT.encode("utf-16-le"))


def put(root: int, path: str, name: str, value: int | str | bytes) -> None:
    """Writes one value."""
    kind = {int: winreg.REG_DWORD, str: winreg.REG_SZ, bytes: winreg.REG_BINARY}[type(value)]
    with winreg.CreateKey(root, path) as key:
        winreg.SetValueEx(key, name, 0, kind, value)


main()
