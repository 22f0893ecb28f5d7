"""Builds the Windows program, its installer, its portable copy and its winget manifest.

    python3 packaging/windows/build.py [--check]

On Linux through Wine, on Windows with the Python that runs it (there makensis and signtool must be installed). What it
makes lies in build/windows. --release refuses to leave anything unsigned. --check installs what was built, uses, renews
and removes it, on Linux only.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import dev  # noqa: E402  beside the folder of this file
import licences  # noqa: E402
import making  # noqa: E402
import prefix  # noqa: E402
import signing  # noqa: E402
import winget  # noqa: E402

FORMER = "0.0.9"
"""As which the check builds the program once more, to bring it up to date."""


def main(arguments: list[str]) -> int:
    """Builds, and checks where that is asked for; the exit code."""
    chosen = _parsed(arguments)
    dev.prepare()
    tools = ["makensis", *(["osslsigncode"] if chosen.certificate or chosen.check else [])]
    making.install_tools(tuple(tools), dev.quietly)
    signer = signing.Signer(chosen.certificate, chosen.key, chosen.timestamp, chosen.sign_with)
    if chosen.check and not chosen.release:
        import certificate

        signer = certificate.make(making.OUT / "certificate")
    is_signing = signer != signing.Signer()
    if chosen.release and not is_signing:
        sys.exit("A release is signed: name --certificate and --key, or --sign-with.")
    number = making.version()
    setup = making.OUT / f"domonitor-{number}-setup.exe"
    archive = making.OUT / f"domonitor-{number}-portable.zip"

    with _step("program"), making.workbench(dev.PYTHON, dev.quietly) as bench:
        made = making.program(bench, dev.PYTHON, FORMER if chosen.check else "")
        text = licences.gathered(making.ROOT, bench.home, bench.site)
    with _step("signatures") if is_signing else _step("copy, not signed"):
        folder = _shipped(made, making.OUT / "domonitor", text, signer if is_signing else None)
    with _step("installer"):
        making.installer(folder, number, signer.as_command() if is_signing else "", setup)
    with _step("portable copy"):
        making.portable(folder, archive)
    winget.write(making.OUT / "winget", number, f"{chosen.address.rstrip('/')}/{setup.name}", setup)
    if chosen.release and (bare := signing.unsigned([*signing.signable(folder), setup])):
        sys.exit(f"Not signed: {', '.join(path.name for path in bare)}")
    _tell(folder, setup, archive)
    if not chosen.check:
        return 0
    import check

    former = _shipped(made.with_name("domonitor-former"), making.OUT / "former", text, signer)
    return check.run(check.Built(folder, setup, archive, former, FORMER, number, signer))


def _shipped(made: Path, folder: Path, text: str, signer: signing.Signer | None) -> Path:
    """A copy of what PyInstaller made, with the licences, signed where there is a signer."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(made, folder)
    (folder / "LICENSES.txt").write_text(text, encoding="utf-8")
    stand_ins = {f"{source.stem}.dll" for source in prefix.STUBS}
    if any(path.name.lower() in stand_ins for path in folder.rglob("*")):
        sys.exit("Stand-ins for parts of Windows have come into the program. Leave them out in bundle.spec.")
    for file in signing.signable(folder) if signer else ():
        signer.sign(file)
    return folder


def _tell(folder: Path, setup: Path, archive: Path) -> None:
    unpacked = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"\n{unpacked / 1e6:7.1f} MB  {'unpacked':64}  {folder.name}/")
    for path in (setup, archive):
        data = path.read_bytes()
        print(f"{len(data) / 1e6:7.1f} MB  {making.hash_of(data)}  {path.name}")
    print(f"{'':11}{'winget manifest':64}  winget/")
    print(f"in {making.relative(making.OUT)}, for Windows 10 version 1809 and newer, x64", flush=True)


class _step:  # noqa: N801  reads as a statement
    """Says what is done, and how long it took."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._started_s = time.monotonic()

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            print(f"{time.monotonic() - self._started_s:7.1f} s   {self._name}", flush=True)


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="install, use, renew and remove what was built")
    parser.add_argument("--release", action="store_true", help="fail where anything is not signed")
    parser.add_argument("--certificate", default="", metavar="PEM", help="of the publisher; osslsigncode signs with it")
    parser.add_argument("--key", default="", metavar="PEM", help="the certificate's key")
    parser.add_argument("--timestamp", default="", metavar="ADDRESS", help="of the server that says when it was signed")
    parser.add_argument("--sign-with", default="", metavar="COMMAND", help="signs the file that is appended to it")
    parser.add_argument(
        "--address", default="https://downloads.example", help="where the installer will be published, for winget"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except prefix.Unavailable as reason:
        sys.exit(str(reason))
