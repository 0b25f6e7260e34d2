"""Requests to a deployed site, sent as a visitor's browser sends them.

The HTTP client is a dependency of the Anthropic SDK. The arrival time of each part of a response is
kept, to detect buffering.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import ip_address
from time import perf_counter
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    import ssl

    import httpx2

TIMEOUT = 90.0
"""Maximum seconds to wait for the next data of a response."""

CONNECT_TIMEOUT = 10.0
"""Maximum seconds to connect."""

MAX_BODY = 10_000_000
"""Bytes after which the rest of a response is ignored."""

MAX_REDIRECTS = 5
HOST = re.compile(r"(?:[\w-]+\.)*[\w-]+\.?|[0-9a-fA-F]*:[0-9a-fA-F:.]+(?:%\w+)?", re.ASCII)
"""A host name or IP address."""

USER_AGENT = "sitechat-chat_doctor"
STREAM_ENCODINGS = "gzip, br"
"""`Accept-Encoding` of calls that are answered with a stream, as browsers send it.

The other calls accept what the HTTP client can decode.
"""


@dataclass
class SiteResponse:
    """A response of the site, or the reason why there is none."""

    url: str = ""
    status: int = 0
    """The HTTP status; 0 if there is no response."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Header values by lower-case name."""
    body: bytes = b""
    arrivals: list[float] = field(default_factory=list)
    """When the parts of the body arrived, in seconds after the request."""
    cookies: Mapping[str, str] = field(default_factory=dict)
    connected: bool = True
    """Whether the connection was established."""
    error: str = ""
    """The reason if the response is missing or incomplete."""
    cure: str = ""
    """What to do about the error, if known."""

    def json(self) -> dict[str, Any]:
        """Return the body's JSON object; empty if the body is not a JSON object."""
        try:
            data = json.loads(self.body)
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}

    @property
    def code(self) -> str:
        """The chat's error code, or ""."""
        return str(self.json().get("error", ""))

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")


class DeployedSite:
    """The site at an address."""

    def __init__(self, address: str) -> None:
        """Parse the address.

        Args:
            address: The address of a page, or the prefix of the chat's URLs. Without a scheme,
                https is tried first, then http; for this machine the other way around.

        Raises:
            ValueError: The address is not valid.
        """
        import httpx2

        self._guesses = ["https", "http"]
        try:
            if "://" in address:
                self.url = httpx2.URL(address)
                self._guesses = [self.url.scheme]
            else:
                self.url = httpx2.URL(f"http://{address.removeprefix('//')}")
        except (httpx2.InvalidURL, ValueError):
            self.url = httpx2.URL()
        if not _is_web(self.url):
            raise ValueError(
                _(
                    "%(address)r is not the address of a site, such as example.org or "
                    "https://example.org/shop/."
                )
                % {"address": address}
            )
        if self.is_local:
            self._guesses.reverse()
        user, _colon, password = self.url.userinfo.decode().partition(":")
        self._auth = httpx2.BasicAuth(user, password) if user else None
        self.url = self.url.copy_with(userinfo=b"", fragment=None)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """The TLS context of all requests.

        It is kept, because reading all certificates takes longer than most requests.
        """
        import httpx2

        return httpx2.create_ssl_context(trust_env=not self.is_local)

    @property
    def is_local(self) -> bool:
        """Whether the site runs on this machine. Servers often trust requests from it more."""
        try:
            return ip_address(self.url.host).is_loopback
        except ValueError:
            return self.url.host == "localhost" or self.url.host.endswith(".localhost")

    def open(self) -> SiteResponse:
        """Load the page at the address, and keep the scheme with which the connection succeeded.

        If there is no connection, return the error of the first scheme.
        """
        answers = []
        for scheme in self._guesses:
            url = self.url.copy_with(scheme=scheme)
            answers.append(self.get(str(url), follow_redirects=True))
            if answers[-1].connected:
                self.url, self._guesses = url, [scheme]
                return answers[-1]
        return answers[0]

    def get(
        self, url: str, headers: Mapping[str, str] | None = None, *, follow_redirects: bool = False
    ) -> SiteResponse:
        """Send a GET request, as `send` does."""
        return self.send("GET", url, None, headers or {}, follow_redirects=follow_redirects)

    def send(
        self,
        method: str,
        url: str,
        data: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        *,
        cookies: Mapping[str, str] | None = None,
        follow_redirects: bool = False,
    ) -> SiteResponse:
        """Send a request without a session, and read the response.

        Args:
            method: The HTTP method.
            url: The address.
            data: The values of a JSON body; None for no body.
            headers: Headers in addition to those of a browser.
            cookies: The cookies of an earlier response, to continue its session.
            follow_redirects: Whether to follow redirects, as browsers do for pages.

        Returns:
            The response. Errors are in its `error`, never raised.
        """
        import httpx2

        answer = SiteResponse(url=url)
        sent = {"User-Agent": USER_AGENT, **headers}
        if method == "POST":
            sent["Accept-Encoding"] = STREAM_ENCODINGS
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        with self._client(follow_redirects=follow_redirects) as client:
            started = perf_counter()
            try:
                with client.stream(method, url, json=data, headers=sent) as response:
                    _read(response, answer, started)
                    answer.cookies = dict(client.cookies)
            except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.CookieConflict) as error:
                answer.connected = not isinstance(
                    error, (httpx2.ConnectError, httpx2.ConnectTimeout)
                )
                answer.error, answer.cure = _explain(error)
        return answer

    def _client(self, *, follow_redirects: bool) -> httpx2.Client:
        import httpx2

        return httpx2.Client(
            timeout=httpx2.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT),
            follow_redirects=follow_redirects,
            max_redirects=MAX_REDIRECTS,
            auth=self._auth,
            verify=self._tls,
            trust_env=not self.is_local,
        )


def _read(response: httpx2.Response, answer: SiteResponse, started: float) -> None:
    """Read a response into `answer`, which keeps the parts that arrive before an error."""
    answer.url, answer.status = str(response.url), response.status_code
    answer.headers = {name.lower(): value for name, value in response.headers.items()}
    # A decoder would delay parts of a stream.
    is_stream = answer.content_type == "text/event-stream"
    for piece in response.iter_raw() if is_stream else response.iter_bytes():
        answer.body += piece
        answer.arrivals.append(perf_counter() - started)
        if len(answer.body) > MAX_BODY:
            break


def _is_web(url: httpx2.URL) -> bool:
    """Return whether the address is a valid web address."""
    named = url.scheme in ("http", "https") and HOST.fullmatch(url.raw_host.decode())
    return bool(named) and (url.port is None or 0 < url.port < 2**16)


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address, as browsers send them in Origin."""
    import httpx2

    parts = httpx2.URL(url)
    return f"{parts.scheme}://{parts.netloc.decode()}"


def _explain(error: Exception) -> tuple[str, str]:
    """Return a description of the error, and what to do about it ("" if that is not known)."""
    import socket
    import ssl

    import httpx2

    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) and cause not in causes:
        causes.append(cause)
    text = f"{type(error).__name__}: {error}".strip(": ")
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _("the certificate is not valid: %(reason)s") % {
                "reason": cause.verify_message
            }, (_("Browsers refuse it, too. Renew it, or install the whole chain."))
        if isinstance(cause, socket.gaierror):
            return _("the host has no address"), _("Check the name and its DNS entry.")
        if isinstance(cause, ConnectionRefusedError):
            return _("the connection was refused"), _("Check that a server listens there.")
    if isinstance(error, httpx2.TimeoutException):
        return _("no answer in time (%(text)s)") % {"text": text}, _(
            "Check that the server runs, and that no firewall blocks it."
        )
    if isinstance(error, httpx2.TooManyRedirects):
        return _("it redirects in a circle"), (
            _("Behind a proxy that ends TLS, set SECURE_PROXY_SSL_HEADER.")
        )
    return text, ""
