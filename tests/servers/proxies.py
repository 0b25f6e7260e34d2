"""nginx in front of a site, as sites have it: with its default buffering, and gzip."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.sites import free_port

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

SILENCE = 90.0
"""Seconds that Claude says nothing; nginx cuts a connection that is idle for 60."""

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    gzip on;
    gzip_proxied any;
    gzip_min_length 1;
    gzip_types text/plain text/event-stream application/json;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{upstream};
            proxy_http_version {version};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""


class Nginx:
    """A process of nginx before the site at a port."""

    def __init__(self, upstream: int, folder: Path, version: str = "1.0") -> None:
        self.port = free_port()
        self._folder = folder
        folder.mkdir()
        self._file = folder / "nginx.conf"
        self._file.write_text(
            CONFIGURATION.format(folder=folder, port=self.port, upstream=upstream, version=version)
        )

    def start(self) -> Self:
        path = shutil.which("nginx") or "/usr/sbin/nginx"
        self._process = subprocess.Popen([path, "-c", str(self._file), "-p", str(self._folder)])
        deadline = time.monotonic() + 20
        while not (self._folder / "nginx.pid").exists():
            assert self._process.poll() is None, (self._folder / "error.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()


def installed() -> bool:
    return bool(shutil.which("nginx") or Path("/usr/sbin/nginx").exists())
