"""Installs what was built as its users and administrators do, uses, renews and removes it, and looks what is left."""

import json
import re
import subprocess
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dev
import making
import signing
import wine
from origin import Origin
from trial import Failure, Snapshot, Trial, difference, trial, until

KEY = r"Software\Microsoft\Windows\CurrentVersion\Uninstall\domonitor"
RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"

WINES_OWN = re.compile(
    r"\+ user: (Console.*|Software\\\\Microsoft\\\\Windows\\\\CurrentVersion\\\\Uninstall)"
    r"|[+-] (user|system): Software\\\\Microsoft\\\\SystemCertificates(\\\\\w+)*"
    r"|! system: System\\\\CurrentControlSet\\\\(Control\\\\(Class|DeviceClasses)|Hardware Profiles)\\\\.*"
    r"|! user: Software\\\\Wine\\\\Fonts .*"
)
"""Registry keys that every Windows has, and Wine once a program has had a console, certificates or an installer; and
the screen and its fonts, which Wine writes down anew at each log-in."""

DOWNLOAD_BYTES = 24 << 20
SLOW, SLOWER = 2 << 20, 1 << 18
"""Bytes a second of the download in whose midst the program is renewed: until then, and meanwhile."""


@dataclass(frozen=True)
class Built:
    """What is checked. former: the same program's folder as an older version, whose number is former_number."""

    folder: Path
    setup: Path
    archive: Path
    former: Path
    former_number: str
    number: str
    signer: signing.Signer


def run(built: Built) -> int:
    """Does all of it and prints each step; the exit code."""
    place = wine.cache() / "check"
    former = making.OUT / f"domonitor-{built.former_number}-setup.exe"
    by_system = making.OUT / "as-the-system-setup.exe"
    steps: list[tuple[str, Callable[[], str]]] = []
    with trial(place, dev.PYTHON, dev.quietly) as machine:
        checks = Checks(built, machine, former, by_system)
        steps = [
            ("two more installers, for the check alone", checks.more_installers),
            ("signatures", checks.signatures),
            ("a clean machine", checks.remember),
            (f"{built.former_number} for one user, silently", checks.install_former),
            ("doctor", checks.doctor),
            ("get", checks.get),
            ("BITS", checks.bits),
            (f"renewed to {built.number} in mid-download, window open", checks.renew),
            ("the window", checks.window),
            ("switches and refusals", checks.refusals),
            ("uninstalled, data kept", checks.uninstall),
            ("for all users, into a folder of one's own", checks.install_for_all),
            ("uninstalled, data removed", checks.uninstall_for_all),
            ("by the system", checks.by_the_system),
            ("the portable copy", checks.portable),
        ]
        for name, step in steps:
            started_s = time.monotonic()
            try:
                said = step()
            except (Failure, OSError, subprocess.TimeoutExpired, LookupError, ValueError) as failure:
                print(f"{time.monotonic() - started_s:7.1f} s   FAILED {name}: {failure}", flush=True)
                return 1
            print(f"{time.monotonic() - started_s:7.1f} s   ok {name}{said and ': '}{said}", flush=True)
    print(f"All {len(steps)} steps are well. Pictures lie in {making.relative(making.OUT)}.")
    return 0


class Checks:
    """The steps, in the order in which they must be done. Each returns what is worth knowing, or raises Failure."""

    def __init__(self, built: Built, machine: Trial, former: Path, by_system: Path) -> None:
        self._built, self._machine = built, machine
        self._former, self._by_system = former, by_system
        self._before: Snapshot = {}
        self._own = machine.local / "Programs" / "domonitor"
        self._downloads = machine.user / "Downloads"

    def more_installers(self) -> str:
        """The older version, and the one that takes whoever runs it for the system; packed fast."""
        sign = self._built.signer.as_command()
        making.installer(self._built.former, self._built.former_number, sign, self._former, is_fast=True)
        making.installer(self._built.folder, self._built.number, "", self._by_system, is_fast=True, as_system=True)
        return ""

    def signatures(self) -> str:
        """Each program file and the installer are signed, by whom they should be."""
        files = [*signing.signable(self._built.folder), self._built.setup]
        self._verify(files)
        return f"{len(files)} files"

    def remember(self) -> str:
        """The machine as it is before anything is installed."""
        self._run("cmd", "/c", "ver")
        self._before = self._machine.snapshot()
        return f"{len(self._before)} files and values"

    def install_former(self) -> str:
        """As a user does who wants everything, with a log."""
        log = self._machine.drive / "install.log"
        said = f"/LOG={self._machine.as_windows_says(log)}"
        self._install(self._former, "/S", "/Desktop", "/Autostart", "/Path", said)
        if "Done" not in log.read_text(encoding="utf-16"):
            raise Failure("The log does not say that it is done.")
        log.unlink()
        self._expect_installed("HKCU", self._own, self._built.former_number)
        for link in (self._menu() / "domonitor.lnk", self._machine.user / "Desktop" / "domonitor.lnk"):
            if not link.exists():
                raise Failure(f"{link} is missing.")
        if "domonitor-gui.exe" not in (self._machine.value("HKCU", RUN, "domonitor") or ""):
            raise Failure("It does not start at log-in.")
        if "Programs\\domonitor" not in (self._machine.value("HKCU", "Environment", "Path") or ""):
            raise Failure("It is not in PATH.")
        self._verify([self._own / "uninstall.exe"])
        return ""

    def doctor(self) -> str:
        """The installed program finds nothing wrong with this machine."""
        checks = json.loads(self._domonitor("doctor", "--json"))["checks"]
        if bad := [f"{check['name']}: {check['found']}" for check in checks if check["level"] != "ok"]:
            raise Failure("; ".join(bad))
        return f"{len(checks)} checks"

    def get(self) -> str:
        """A file comes whole."""
        with Origin(1 << 20) as origin:
            self._domonitor("get", origin.address("small.bin"), *self._into_downloads())
            if (self._downloads / "small.bin").read_bytes() != origin.content:
                raise Failure("The file is another one.")
        return ""

    def bits(self) -> str:
        """The system's own service is watched and used, and nothing of it is left."""
        if self._bits_jobs():
            raise Failure("There are jobs of BITS already.")
        with Origin(1 << 20) as origin:
            address = origin.address("by-bits.bin")
            self._domonitor("add", address, "--service", "bits", "--keep-open", *self._into_downloads())
            until(lambda: [job["state"] for job in self._bits_jobs()] == ["transferred"], "BITS to fetch the file")
            (job,) = self._bits_jobs()
            self._domonitor("complete", job["id"])
            if (self._downloads / "by-bits.bin").read_bytes() != origin.content:
                raise Failure("The file is another one.")
        return f"{job['name']}, {job['state']}, completed"

    def _bits_jobs(self) -> list[dict[str, str]]:
        jobs: list[dict[str, str]] = json.loads(self._domonitor("list", "--service", "bits", "--json"))["jobs"]
        return jobs

    def renew(self) -> str:
        """What ran is ended and goes on, and no byte that had arrived is fetched again but the last ones."""
        machine = self._machine
        with Origin(DOWNLOAD_BYTES, SLOW) as origin:
            self._domonitor("add", origin.address("big.bin"), *self._into_downloads())
            machine.start(self._own / "domonitor-gui.exe")
            machine.picture(dev.PYTHON, making.OUT / f"window-{self._built.former_number}.png")
            until(lambda: origin.given > DOWNLOAD_BYTES // 4, "the download to be under way")
            before = origin.given
            origin.per_second = SLOWER
            started_s = time.monotonic()
            self._install(self._built.setup, "/S")
            took_s = time.monotonic() - started_s
            origin.per_second = None
            self._expect_installed("HKCU", self._own, self._built.number)
            until(lambda: machine.processes("domonitor-gui.exe"), "the window to be open again")
            until(lambda: (self._downloads / "big.bin").exists(), "the download to end")
            if (self._downloads / "big.bin").read_bytes() != origin.content:
                raise Failure("The file is another one.")
            again = origin.given - DOWNLOAD_BYTES
            if len(origin.asked) < 2 or again > DOWNLOAD_BYTES // 4:
                raise Failure(f"{again} bytes were fetched twice, asked for: {origin.asked}.")
        if machine.value("HKCU", RUN, "domonitor") is None:
            raise Failure("The choice to start at log-in is lost.")
        return f"{took_s:.0f} s, after {before >> 20} of {DOWNLOAD_BYTES >> 20} MiB, {again >> 10} KiB fetched twice"

    def window(self) -> str:
        """It is drawn; how long it takes from its start, and how long from source by the Python that built it."""
        times: dict[str, list[float]] = {"installed": [], "from source": []}
        with making.workbench(dev.PYTHON, dev.quietly) as bench:
            for _ in range(3):
                for name, program in (("installed", [str(self._own / "domonitor-gui.exe")]), ("from source", [])):
                    self._domonitor("installer", "make-way")
                    self._machine.log_out()
                    self._machine.log_in()
                    started_s = time.time()
                    self._machine.start(*(program or [str(bench.home / "python.exe"), "-m", "domonitor"]))
                    file = making.OUT / f"window-{name.replace(' ', '-')}.png"
                    took_s, colours = self._machine.picture(dev.PYTHON, file, from_s=started_s)
                    times[name].append(took_s)
        self._domonitor("installer", "make-way")
        ours, source = sorted(times["installed"])[1], sorted(times["from source"])[1]
        return f"after {ours:.2f} s; from source {source:.2f} s; {colours} colours"

    def refusals(self) -> str:
        """Each says by its exit code why."""
        for code, setup, *switches in (
            (1638, self._former, "/S"),
            (87, self._built.setup, "/S", "/AllUsers", "/CurrentUser"),
            (87, self._by_system, "/S", "/CurrentUser"),
        ):
            got, _ = self._machine.run(setup, *switches)
            if got != code % 256:  # more does not come through from Wine
                raise Failure(f"{setup.name} {' '.join(switches)} ended with {got} instead of {code}.")
        return "downgrade 1638, both switches 87, /CurrentUser by the system 87"

    def uninstall(self) -> str:
        """Nothing is left but what was downloaded, and the user's data."""
        self._uninstall("HKCU")
        return self._expect_only(self._downloads, self._machine.local / "domonitor")

    def install_for_all(self) -> str:
        """As an administrator does, and once more over itself."""
        folder = self._machine.drive / "Program Files" / "our tools" / "domonitor"
        place = f"/D={self._machine.as_windows_says(folder)}".split(" ")
        self._install(self._built.setup, "/S", "/AllUsers", "/Path", *place)
        self._expect_installed("HKLM", folder, self._built.number)
        self._install(self._built.setup, "/S", "/AllUsers")
        self._expect_installed("HKLM", folder, self._built.number)
        code, said = self._machine.run(folder / "domonitor.exe", "explain", "0x80072EE7")
        if code or "80072EE7" not in said.upper():
            raise Failure(f"explain ended with {code}: {said}")
        return ""

    def uninstall_for_all(self) -> str:
        """Nothing is left but what was downloaded."""
        self._uninstall("HKLM", "/RemoveData")
        return self._expect_only(self._downloads)

    def by_the_system(self) -> str:
        """The system needs no switch to install for all."""
        folder = self._machine.drive / "Program Files" / "domonitor"
        self._install(self._by_system, "/S")
        self._expect_installed("HKLM", folder, self._built.number)
        self._uninstall("HKLM")
        return self._expect_only(self._downloads)

    def portable(self) -> str:
        """It writes beside itself, but for the key by which its own processes meet."""
        place = self._machine.drive / "stick"
        with zipfile.ZipFile(self._built.archive) as archive:
            archive.extractall(place)
        program = place / "domonitor" / "domonitor.exe"
        with Origin(1 << 20) as origin:
            code, said = self._machine.run(program, "get", origin.address("carried.bin"), *self._into_downloads())
        if code or not (place / "domonitor" / "data" / "engine").is_dir():
            raise Failure(f"It ended with {code}, or its data lies elsewhere: {said}")
        self._machine.run(program, "engine", "stop")
        profile = self._machine.local / "domonitor"
        if [path.name for path in profile.iterdir()] != ["hosts"]:
            raise Failure("It has written into the user's own data.")
        return self._expect_only(self._downloads, place, profile)

    def _run(self, program: Path | str, *arguments: str) -> str:
        code, said = self._machine.run(program, *arguments)
        if code:
            raise Failure(f"{Path(program).name} {' '.join(arguments)} ended with {code}: {said.strip()}")
        return said

    def _domonitor(self, *arguments: str) -> str:
        said = self._run(self._own / "domonitor.exe", *arguments)
        return said[said.index("{") :] if "--json" in arguments else said

    def _into_downloads(self) -> tuple[str, str]:
        return "-d", self._machine.as_windows_says(self._downloads)

    def _install(self, setup: Path, *switches: str) -> None:
        self._run(setup, *switches)

    def _expect_installed(self, root: str, folder: Path, number: str) -> None:
        said = {
            "DisplayVersion": number,
            "InstallLocation": self._machine.as_windows_says(folder),
            "Publisher": "The domonitor authors",
        }
        for name, value in said.items():
            if (found := self._machine.value(root, KEY, name)) != value:
                raise Failure(f"{name} is {found} instead of {value}.")
        size_kb = int(self._machine.value(root, KEY, "EstimatedSize") or "0", 16)
        if not 10_000 < size_kb < 200_000:
            raise Failure(f"EstimatedSize is {size_kb} KB.")
        told = self._run(folder / "domonitor.exe", "--version").split()
        if told[-1] != number:
            raise Failure(f"It says that it is {told[-1]}.")

    def _uninstall(self, root: str, *more: str) -> None:
        """By the line that the registry has for it, as the tools of administrators do."""
        line = self._machine.value(root, KEY, "QuietUninstallString") or ""
        program, _, rest = line.removeprefix('"').partition('" ')
        switches, _, place = rest.partition("_?=")
        self._run(program, *switches.split(), *more, *f"_?={place}".split(" "))
        folder = self._machine.drive.joinpath(*place.split("\\")[1:])
        until(lambda: not folder.exists(), f"{place} to be gone")

    def _expect_only(self, *left: Path) -> str:
        """Against the machine as it was; files may be left in these folders and in the one for temporary files."""
        after = self._machine.snapshot()
        named = [self._machine.as_windows_says(path) for path in left]
        parts = [part for name in named for part in (f"+ {name}", f"! {name}")]
        parts += [f"+ {self._machine.as_windows_says(self._machine.local / 'Temp')}"]
        found = [line for line in difference(self._before, after) if not line.startswith(tuple(parts))]
        stray = [line for line in found if not WINES_OWN.fullmatch(line)]
        if stray:
            raise Failure("This is left:\n" + "\n".join(stray[:60]))
        return "nothing else is left in files or registry"

    def _menu(self) -> Path:
        return self._machine.user / "AppData" / "Roaming" / "Microsoft" / "Windows" / "Start Menu" / "Programs"

    def _verify(self, files: list[Path]) -> None:
        for file in files:
            arguments = ["osslsigncode", "verify", "-CAfile", self._built.signer.certificate, "-in", str(file)]
            done = subprocess.run(arguments, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Failure(f"{file.name} is not signed as it should be: {done.stdout.strip()[-300:]}")
