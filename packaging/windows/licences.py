"""All licences of what the Windows program is made of, in one text."""

from pathlib import Path

HERE = Path(__file__).resolve().parent

SHIPPED = (
    *("annotated_doc", "colorama", "platformdirs", "pycurl", "pyinstaller", "pyside6_essentials", "qasync", "rich"),
    *("shellingham", "shiboken6", "typer", "typing_extensions"),
)
"""Packages that are in the program, whole or in part."""

NAMES = ("licen", "copying", "notice")

RULE = "=" * 100


def gathered(root: Path, python: Path, site: Path) -> str:
    """The text. root: the checkout. python: the folder of Python itself. site: that of its packages.

    Raises SystemExit where a package has no licence text.
    """
    parts = [("domonitor", (root / "LICENSE").read_text(encoding="utf-8"))]
    parts.append(("Python, with the libraries in it", (python / "LICENSE.txt").read_text(encoding="utf-8")))
    for name in SHIPPED:
        (told,) = site.glob(f"{name}-*.dist-info")
        version = told.name.removesuffix(".dist-info").rpartition("-")[2]
        parts.append((f"{name} {version}", _texts(told)))
    texts = sorted((HERE / "licences").glob("*.txt"), key=lambda path: path.name)
    parts += [(path.stem, path.read_text(encoding="utf-8")) for path in texts]
    return "\n".join(f"{RULE}\n{title}\n{RULE}\n\n{text.strip()}\n" for title, text in parts)


def _texts(told: Path) -> str:
    """What a package says of its licence."""
    metadata = (told / "METADATA").read_text(encoding="utf-8").partition("\n\n")[0]
    said = [line for line in metadata.splitlines() if line.startswith(("License:", "License-Expression:"))]
    files = sorted(
        path
        for path in told.rglob("*")
        # Qt's commercial licence is not the one by which it is passed on here.
        if path.is_file() and any(name in path.name.lower() for name in NAMES) and "Commercial" not in path.name
    )
    if not files and not said:
        raise SystemExit(f"{told.name} comes without a licence.")
    return "\n\n".join([*said, *(path.read_text(encoding="utf-8", errors="replace").strip() for path in files)])
