"""nginx in front of a site, with its default buffering and gzip."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.sites import free_port
from tests.waiting import until

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

SILENCE = 90.0
"""Seconds that Claude is silent. nginx closes connections that are idle for 60 seconds."""

CONFIGURATION = """
daemon off;
{user}
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
    {beside_server}
    server {{
        listen 127.0.0.1:{port};
        {in_server}
        location {below} {{
            proxy_pass http://127.0.0.1:{upstream}{stripped};
            proxy_http_version {version};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""


class Nginx:
    """An nginx process in front of the site at a port.

    With `below`, such as "/shop/", the site is under that prefix, which nginx removes.
    `beside_server` and `in_server` are additional lines of the configuration.
    """

    def __init__(
        self,
        upstream: int,
        folder: Path,
        version: str = "1.0",
        *,
        below: str = "/",
        beside_server: str = "",
        in_server: str = "",
    ) -> None:
        self.port = free_port()
        self._folder = folder
        folder.mkdir()
        self._file = folder / "nginx.conf"
        self._file.write_text(
            CONFIGURATION.format(
                folder=folder,
                # If started as root, its workers would run as nobody, without access to the folder.
                user="user root;" if os.getuid() == 0 else "",
                port=self.port,
                upstream=upstream,
                version=version,
                below=below,
                stripped="/" if below != "/" else "",
                beside_server=beside_server,
                in_server=in_server,
            )
        )

    def start(self) -> Self:
        path = shutil.which("nginx") or "/usr/sbin/nginx"
        self._process = subprocess.Popen([path, "-c", str(self._file), "-p", str(self._folder)])
        until(self._is_up, 20, every=0.02, failure="nginx did not start")
        return self

    def _is_up(self) -> bool:
        assert self._process.poll() is None, (self._folder / "error.log").read_text()
        return (self._folder / "nginx.pid").exists()

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
