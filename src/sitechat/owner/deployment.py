"""The calls of a deployed chat, asked from outside.

Plain sockets of the standard library, so that nothing smooths over when bytes arrive.
"""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from time import perf_counter
from typing import Any
from urllib.parse import quote, urlsplit

TIMEOUT = 90.0
"""Seconds that nothing may come for."""

HOST = re.compile(r"[\w.:%-]+", re.ASCII)
IN_PATHS = "/%!$&'()*+,;=:@~"
"""What may stand in a path as it is."""


@dataclass
class Answer:
    """A response, and when its pieces came, in seconds after the request."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    arrivals: list[float] = field(default_factory=list)
    error: str = ""

    def json(self) -> dict[str, Any]:
        try:
            data = json.loads(self.body)
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}

    @property
    def code(self) -> str:
        return str(self.json().get("error", ""))


class Deployment:
    """The chat below a URL."""

    def __init__(self, url: str, bot: str = "") -> None:
        """Raises ValueError for what is no address of a site."""
        try:
            parts = urlsplit(url if "//" in url else f"https://{url}")
            # Browsers write hosts and paths in ASCII.
            host, self.port = (parts.hostname or "").encode("idna").decode(), parts.port
        except ValueError:
            host = ""
        if not HOST.fullmatch(host) or parts.scheme not in ("http", "https"):
            raise ValueError(
                f"{url!r} is no address of a site, such as https://example.org/api/."
            ) from None
        self.scheme, self.host = parts.scheme, host
        self.bot = bot
        self.path = quote(parts.path.rstrip("/"), safe=IN_PATHS) + "/chat/"

    @property
    def origin(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + (f":{self.port}" if self.port is not None else "")

    @property
    def is_local(self) -> bool:
        """Whether it is asked on this machine, which servers trust more than others."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def get(self, path: str = "", **headers: str) -> Answer:
        return self._ask("GET", path or self.path, None, headers)

    def post(self, data: dict[str, Any], **headers: str) -> Answer:
        body = json.dumps({**data, **({"bot": self.bot} if self.bot else {})}).encode()
        return self._ask("POST", self.path, body, {"Content-Type": "application/json", **headers})

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        secure = self.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self.host, self.port, timeout=TIMEOUT)
        answer = Answer()
        sent = {"User-Agent": "chat_doctor", "Accept-Encoding": "gzip, br"}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        began = perf_counter()
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            answer.status = response.status
            answer.headers = {name.lower(): value for name, value in response.getheaders()}
            while piece := response.read1(65536):
                answer.body += piece
                answer.arrivals.append(perf_counter() - began)
        except (OSError, http.client.HTTPException) as error:
            answer.error = f"{type(error).__name__}: {error}"
        finally:
            connection.close()
        return answer
