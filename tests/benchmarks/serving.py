"""What the benchmarks share: a server in a process of its own, and a wait for the engine's end."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum
from multiprocessing.connection import Connection
from pathlib import Path

from domonitor.backends.engine import EngineManager, RemoteManager
from tests.server import Answer, Origin, Pattern, Resource, Tls
from tests.server.programs import free_port, running
from tests.server.tls import authority_pem, server_pem

_NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;
events {{ worker_connections 1024; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; default_type application/octet-stream;
    client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
    uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.pem;
    server {{ listen 127.0.0.1:{port}{speaks}; root {folder}; limit_rate {limit}; }}
}}
"""


class Speaks(Enum):
    """What a server speaks, in nginx's words."""

    HTTP_1 = ""
    HTTPS = " ssl"
    HTTP_2 = " ssl http2"


@contextmanager
def server(size: int, speaks: Speaks = Speaks.HTTP_1, *, connection_bytes_per_s: int = 0) -> Iterator[str]:
    """The address of a file of that size, on a server in a process of its own.

    It is nginx where that is installed; HTTP/2 is spoken by nginx alone. This process, and whatever it starts, trusts
    it meanwhile. connection_bytes_per_s: to each connection it sends no faster, 0 for no limit.
    """
    with ExitStack() as stack:
        if shutil.which("nginx"):
            url = stack.enter_context(_by_nginx(size, speaks, connection_bytes_per_s))
        else:
            assert speaks is not Speaks.HTTP_2, "this needs nginx"
            tls = None if speaks is Speaks.HTTP_1 else Tls.TRUSTED
            resource = Resource(Pattern(size, seed=1), throttle_bytes_per_s=connection_bytes_per_s or None)
            url = stack.enter_context(_by_origin(resource, tls))
        yield url


@contextmanager
def _trusting(authority: str | None) -> Iterator[None]:
    before = os.environ.get("SSL_CERT_FILE")
    if authority is not None:
        os.environ["SSL_CERT_FILE"] = authority
    try:
        yield
    finally:
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before
        elif authority is not None:
            del os.environ["SSL_CERT_FILE"]


@contextmanager
def _by_nginx(size: int, speaks: Speaks, connection_bytes_per_s: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        folder.chmod(0o755)
        with (folder / "file").open("wb") as file:
            file.writelines(Pattern(size, seed=1).views(0, size))
        (folder / "server.pem").write_bytes(server_pem())
        (folder / "authority.pem").write_bytes(authority_pem())
        conf = _NGINX.format(folder=folder, port=port, speaks=speaks.value, limit=connection_bytes_per_s)
        (folder / "conf").write_text(conf)
        command = ["nginx", "-c", str(folder / "conf"), "-p", str(folder)]
        with running(command, port, folder / "said"), _trusting(str(folder / "authority.pem")):
            yield f"http{'s' if speaks.value else ''}://127.0.0.1:{port}/file"


def for_curl() -> list[str]:
    """What curl has to be told to trust such a server: it does not look where the others do."""
    authority = os.environ.get("SSL_CERT_FILE")
    return ["--cacert", authority] if authority else []


def _serve(pipe: Connection, resource: Resource, tls: Tls | None) -> None:
    with Origin(tls=tls) as origin:
        pipe.send((origin.add("/file", resource), None if tls is None else str(origin.ca_file)))
        pipe.recv()


@contextmanager
def _by_origin(resource: Resource, tls: Tls | None = None) -> Iterator[str]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, resource, tls))
    process.start()
    theirs.close()  # so that a server that can't start is noticed
    try:
        url, authority = ours.recv()
        with _trusting(authority):
            yield url
    finally:
        ours.send("end")
        process.join()


@contextmanager
def busy_server() -> Iterator[str]:
    """The address of a file that is never there: 503 at each attempt."""
    with _by_origin(Resource(faults=[Answer(503)])) as url:
        yield url


def wait_until(manager: EngineManager | RemoteManager, condition: Callable[[], bool]) -> None:
    """Returns once the condition holds, which is asked after each change."""
    changed = threading.Event()
    reader = manager.add_reader(changed.set)
    while not condition():
        changed.wait()
        changed.clear()
    manager.remove_reader(reader)
