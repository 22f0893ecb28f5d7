"""A certificate for the check: it says who signed, and nobody believes it."""

import subprocess
import sys
from pathlib import Path

import signing


def make(folder: Path) -> signing.Signer:
    """A signer with a new certificate, which is good for a day."""
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    said = ["-subj", "/CN=domonitor check", "-days", "1", "-addext", "extendedKeyUsage=codeSigning"]
    where = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(certificate)]
    done = subprocess.run(["openssl", "req", "-x509", *where, *said], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"No certificate can be made: {done.stderr}")
    return signing.Signer(str(certificate), str(key))
