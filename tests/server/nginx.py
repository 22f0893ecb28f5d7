"""A real nginx on loopback, in front of a folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.server.programs import free_port, needed, running
from tests.server.tls import authority_pem, server_pem

LIMIT_BYTES = 800 * 1024
"""A second, over each connection to /limited/."""
USER, PASSWORD = "anna", "geheim"

_CONFIGURATION = """\
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    default_type application/octet-stream;
    log_format one "$connection $server_protocol $status $ssl_protocol/$http_range $request_uri";
    access_log {folder}/access.log one;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxied;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 100000;
    ssl_certificate {folder}/server.pem;
    ssl_certificate_key {folder}/server.pem;
    server {{ listen 127.0.0.1:{plain}; include {folder}/places; }}
    server {{ listen 127.0.0.1:{secure} ssl; include {folder}/places; }}
    server {{ listen 127.0.0.1:{second} ssl http2; include {folder}/places; }}
}}
"""

_PLACES = """\
root {folder}/files;
location /limited/ {{ alias {folder}/files/; limit_rate {limit}; }}
location /private/ {{ alias {folder}/files/; auth_basic "files"; auth_basic_user_file {folder}/users; }}
location /passed/ {{ rewrite ^/passed/(.*)$ /$1 redirect; }}
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as nginx saw it, once it was over. range: "-" for none."""

    connection: int
    protocol: str
    status: int
    range: str
    path: str


@dataclass(frozen=True, slots=True)
class Nginx:
    """files: the folder that it serves, under / as it is, /limited/ with 800 KiB/s to a connection, /private/ with a
    password, and /passed/ by a redirect. plain: its address by HTTP/1.1, secure: the same by https, second: by https
    and HTTP/2. ca_file: whom to trust for them.
    """

    folder: Path
    plain: str
    secure: str
    second: str

    @property
    def files(self) -> Path:
        return self.folder / "files"

    @property
    def ca_file(self) -> Path:
        return self.folder / "authority.pem"

    @property
    def asked(self) -> list[Asked]:
        """All requests that are over, in the order of their ends."""
        lines = [line.split(" ", 4) for line in (self.folder / "access.log").read_text().splitlines()]
        return [
            Asked(int(number), protocol, int(status), tls_and_range.partition("/")[2], path)
            for number, protocol, status, tls_and_range, path in lines
        ]


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[Nginx]:
    """Runs one in the folder, which must be its own."""
    program = needed("nginx")
    ports = {"plain": free_port(), "secure": free_port(), "second": free_port()}
    (folder / "files").mkdir(parents=True)
    (folder / "server.pem").write_bytes(server_pem())
    (folder / "authority.pem").write_bytes(authority_pem())
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    (folder / "places").write_text(_PLACES.format(folder=folder, limit=LIMIT_BYTES))
    (folder / "nginx.conf").write_text(_CONFIGURATION.format(folder=folder, **ports))
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with running(command, ports["plain"], folder / "words"):
        yield Nginx(
            folder,
            f"http://127.0.0.1:{ports['plain']}",
            f"https://127.0.0.1:{ports['secure']}",
            f"https://127.0.0.1:{ports['second']}",
        )
