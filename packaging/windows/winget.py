"""The manifest by which winget installs the program, in the three files that it is made of."""

import hashlib
from pathlib import Path

PACKAGE = "domonitor.domonitor"
SCHEMA = "1.6.0"

CODES = {87: "invalidParameter", 740: "custom", 1150: "systemNotSupported", 1602: "cancelledByUser"}
CODES |= {1603: "custom", 1618: "packageInUse", 1638: "downgrade"}
"""What the installer's exit codes mean, in winget's words. Source: the schema of its installer manifests."""


def write(folder: Path, version: str, address: str, setup: Path) -> None:
    """Writes the files. address: where the installer will be found."""
    folder.mkdir(parents=True, exist_ok=True)
    sha256 = hashlib.sha256(setup.read_bytes()).hexdigest().upper()
    head = [f"PackageIdentifier: {PACKAGE}", f"PackageVersion: {version}"]
    installer = [
        *head,
        "InstallerType: nullsoft",
        "MinimumOSVersion: 10.0.17763.0",
        "UpgradeBehavior: install",
        "ProductCode: domonitor",
        "InstallerSwitches:",
        '  Log: /LOG="<LOGPATH>"',
        "  InstallLocation: /D=<INSTALLPATH>",
        "ExpectedReturnCodes:",
    ]
    for code, response in CODES.items():
        installer += [f"- InstallerReturnCode: {code}", f"  ReturnResponse: {response}"]
    installer.append("Installers:")
    for scope, switch in (("user", "/CurrentUser"), ("machine", "/AllUsers")):
        installer += [
            "- Architecture: x64",
            f"  Scope: {scope}",
            f"  InstallerUrl: {address}",
            f"  InstallerSha256: {sha256}",
            "  InstallerSwitches:",
            f"    Custom: {switch}",
            *(["  ElevationRequirement: elevationRequired"] if scope == "machine" else []),
        ]
    locale = [
        *head,
        "PackageLocale: en-US",
        "Publisher: The domonitor authors",
        "PackageName: domonitor",
        "License: MIT",
        "ShortDescription: One window on the download jobs of every service, with plain words for every error.",
    ]
    files = {
        "": ("version", [*head, "DefaultLocale: en-US"]),
        ".installer": ("installer", installer),
        ".locale.en-US": ("defaultLocale", locale),
    }
    for name, (kind, lines) in files.items():
        lines = [*lines, f"ManifestType: {kind}", f"ManifestVersion: {SCHEMA}"]
        (folder / f"{PACKAGE}{name}.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
