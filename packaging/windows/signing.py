"""Signatures on Windows programs: signing.py --certificate PEM --key PEM [--timestamp ADDRESS] FILE…

Or with --with COMMAND. One step over every file, which build.py takes for the program and makensis for installer and
uninstaller. A signature of somebody else is replaced, so that a rule by publisher lets in all of domonitor or none.
"""

import argparse
import shlex
import struct
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SIGNED_KINDS = frozenset({".exe", ".dll", ".pyd"})
TRIES = 3
"""Servers of time stamps are not always there."""


@dataclass(frozen=True)
class Signer:
    """How files are signed: with a certificate and its key, by osslsigncode, or by a command that gets the file's name.

    timestamp: the address of a server that says when, so that signatures outlive the certificate; "" for none.
    """

    certificate: str = ""
    key: str = ""
    timestamp: str = ""
    command: str = ""

    def sign(self, file: Path) -> None:
        """Signs a file where it lies. Raises SystemExit where that fails."""
        if self.command:
            self._run([*shlex.split(self.command), str(file)], file)
            return
        signed = file.with_name(f"{file.name}.signed")
        told = ["-ts", self.timestamp] if self.timestamp else []
        arguments = ["osslsigncode", "sign", "-certs", self.certificate, "-key", self.key, "-h", "sha256", "-n"]
        self._run([*arguments, "domonitor", *told, "-in", str(file), "-out", str(signed)], file)
        signed.replace(file)

    def as_command(self) -> str:
        """The command line that signs a file whose name is appended to it."""
        given = {"--certificate": self.certificate, "--key": self.key, "--timestamp": self.timestamp}
        given["--with"] = self.command
        said = [part for name, value in given.items() if value for part in (name, value)]
        return shlex.join([sys.executable, str(Path(__file__).resolve()), *said])

    def _run(self, arguments: list[str], file: Path) -> None:
        for _ in range(TRIES):
            done = subprocess.run(arguments, capture_output=True, text=True, errors="replace", check=False)
            if done.returncode == 0:
                return
        sys.exit(f"{file.name} can't be signed: {(done.stderr or done.stdout).strip()}")


def signable(folder: Path) -> list[Path]:
    """The files in the folder that are to carry a signature."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SIGNED_KINDS)


def unsigned(files: Iterable[Path]) -> list[Path]:
    """Those without any signature."""
    return [file for file in files if not is_signed(file)]


def is_signed(file: Path) -> bool:
    """Whether a program carries a signature; whose is not looked at. Source: PE format, certificate table."""
    with open(file, "rb") as opened:
        head = opened.read(4096)
    (at,) = struct.unpack_from("<I", head, 0x3C)
    (magic,) = struct.unpack_from("<H", head, at + 24)
    directories = at + 24 + (112 if magic == 0x20B else 96)
    _, size = struct.unpack_from("<II", head, directories + 4 * 8)
    return size > 0


def main() -> None:
    """Signs the files that are named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--certificate", default="")
    parser.add_argument("--key", default="")
    parser.add_argument("--timestamp", default="")
    parser.add_argument("--with", dest="command", default="")
    chosen = parser.parse_args()
    signer = Signer(chosen.certificate, chosen.key, chosen.timestamp, chosen.command)
    for file in chosen.files:
        signer.sign(file)


if __name__ == "__main__":
    main()
