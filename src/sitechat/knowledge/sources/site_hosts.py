"""The hosts of this site, and the form in which addresses are stored.

A page of the main host is stored as a path. A page of another host of the site is stored with its
host, so that equal paths on two hosts are two pages.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from django.apps import apps
from django.conf import settings
from django.http.request import validate_host

from sitechat.knowledge.reading import Unreadable
from sitechat.knowledge.sources.base import registry

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_USUAL_PORTS = ("", "80", "443")


@dataclass(frozen=True)
class Location:
    """The location of a page: the host with its port, and the path with its query."""

    host: str
    path: str


@dataclass
class Hosts:
    """The hosts of this site, from `ALLOWED_HOSTS`, the sites framework and sources."""

    main: list[str] = field(default_factory=lambda: list(_main_hosts()))
    """The names of the main host. Pages are requested from the first of these names."""
    others: set[str] = field(default_factory=lambda: set(_other_hosts()))
    """The other hosts of the site, with their ports. Each of them has its own pages."""

    def __post_init__(self) -> None:
        names = set(map(bare_name, self.main))
        self.others = {host.lower() for host in self.others if not self._is_named(host, names)}

    @property
    def public(self) -> str:
        """The first name of the main host that is not local, or else its first name."""
        real = [host for host in self.main if not _is_local(name_of(host))]
        return (real or self.main)[0]

    def is_main(self, host: str) -> bool:
        """Return whether a host is the main host, with or without `www.`, at any port."""
        return host.lower() not in self.others and bare_name(host) in map(bare_name, self.main)

    def is_own(self, host: str) -> bool:
        """Return whether a host belongs to this site. "*" in `ALLOWED_HOSTS` is ignored."""
        if self.is_main(host) or host.lower() in self.others:
            return True
        allowed = [name for name in settings.ALLOWED_HOSTS if name and name != "*"]
        return validate_host(name_of(host), allowed)

    def locate(self, url: str, base: Location, *, is_redirect: bool = False) -> Location | None:
        """Return the location of an address; None if it is not on this site, or not http(s).

        Args:
            url: The address in a page, a sitemap or a redirect.
            base: The location of the page, the sitemap or the redirect that contains the address.
            is_redirect: Whether the address is the target of a redirect. If `ALLOWED_HOSTS` allows
                "*", links to unknown hosts count as links to the base's host, but redirects to
                unknown hosts leave the site.

        Raises:
            Unreadable: The address is not valid.
        """
        try:
            written = urlsplit(url.strip())
            parts = urlsplit(urljoin(self.absolute(base), url.strip()))
            host = parts.netloc.rpartition("@")[2]
            parts.port  # noqa: B018 (raises if it is not a number)
        except ValueError as error:
            raise Unreadable(f"not an address: {error}") from error
        if parts.scheme not in ("http", "https") or (written.scheme and not written.netloc):
            return None
        if not self.is_own(host):
            # If ALLOWED_HOSTS contains "*", any host may belong to the site.
            if "*" not in settings.ALLOWED_HOSTS or is_redirect:
                return None
            host = base.host
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Location(host.lower(), path)

    def address(self, location: Location) -> str:
        """Return the stored form of a location: the path, or on other hosts the absolute URL."""
        return location.path if self.is_main(location.host) else self.absolute(location)

    def absolute(self, location: Location) -> str:
        """Return the absolute URL of a location."""
        return f"{_scheme(location.host)}://{location.host}{location.path}"

    def are_same(self, host: str, other: str) -> bool:
        """Return whether two hosts serve the same pages."""
        if self.is_main(host):
            return self.is_main(other)
        return _without_usual_port(host) == _without_usual_port(other)

    @staticmethod
    def _is_named(host: str, names: set[str]) -> bool:
        return ":" not in host and bare_name(host) in names


def public_origin() -> str:
    """Return the origin under which people open this site, such as `https://example.org`.

    It comes from `ALLOWED_HOSTS`, the sites framework, Wagtail, `CSRF_TRUSTED_ORIGINS` or the hosts
    of sources, in this order. Only the owner can set these. The host of a request is not used,
    because visitors can choose it if `ALLOWED_HOSTS` contains "*". A local name in
    `ALLOWED_HOSTS`, such as "localhost", is used only if there is no other host.

    Returns:
        The origin; "" if none of these contains a host.
    """
    host = next(_public_hosts(), "")
    if not host:
        return ""
    # A trusted origin with the same host has the right scheme and port.
    trusted = (
        origin for origin in _trusted_origins() if name_of(urlsplit(origin).netloc) == name_of(host)
    )
    return next(trusted, f"{_scheme(host)}://{host}").rstrip("/").lower()


def _public_hosts() -> Iterator[str]:
    """Yield the hosts of this site in the owner's settings and data, the most important first."""
    allowed = _allowed_names()
    yield from (name for name in allowed if not _is_local(name_of(name)))
    # Django creates a row "example.com" in each new database.
    yield from (domain for domain in _site_domain() if domain != "example.com")
    yield from (host for host in wagtail_hosts() if not _is_local(name_of(host)))
    yield from (urlsplit(origin).netloc for origin in _trusted_origins())
    yield from (host for host in _other_hosts() if not _is_local(name_of(host)))
    yield from allowed


def _trusted_origins() -> list[str]:
    return [origin for origin in settings.CSRF_TRUSTED_ORIGINS if "*" not in origin]


def bare_name(host: str) -> str:
    """Return the name of a host without port and `www.`."""
    return name_of(host).removeprefix("www.")


def name_of(host: str) -> str:
    """Return the name of a host without its port, in lower case."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower()


def _without_usual_port(host: str) -> str:
    """Return a host without `www.`, and without the port if it is 80 or 443."""
    name = name_of(host)
    port = host[len(name) :].removeprefix(":")
    return name.removeprefix("www.") + ("" if port in _USUAL_PORTS else f":{port}")


def _scheme(host: str) -> str:
    """Return "http" for local hosts, as in development, and "https" for all others."""
    return "http" if _is_local(name_of(host)) else "https"


def _is_allowed_loopback(name: str) -> bool:
    """Return whether Django accepts requests for one of the names in `_LOOPBACK`."""
    if settings.DEBUG and not settings.ALLOWED_HOSTS:
        return True  # Django then accepts all loopback names
    return name in settings.ALLOWED_HOSTS


@lru_cache(maxsize=100)
def _is_local(name: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    return name in ("localhost", "testserver") or name.endswith(".localhost")


def _main_hosts() -> Iterator[str]:
    """Yield the names of the main host: the first allowed name and that of the current `Site`.

    If the first name is local, as in development, the first public name and the loopback names
    belong to the main host, too.
    """
    names = _allowed_names()
    main = names[0] if names else "localhost"
    yield main
    if _is_local(name_of(main)):
        yield from [name for name in names if not _is_local(name_of(name))][:1]
        yield from (name for name in _LOOPBACK if _is_allowed_loopback(name))
    yield from _site_domain()


def _allowed_names() -> list[str]:
    """Return the names in `ALLOWED_HOSTS`, without "*" and without IPv6 addresses.

    Names with a leading dot are left out. If all names have one, they are returned without it.
    """
    named = [name for name in settings.ALLOWED_HOSTS if name != "*" and not name.startswith("[")]
    return [name for name in named if not name.startswith(".")] or [name[1:] for name in named]


def _site_domain() -> Iterator[str]:
    """Yield the domain of the current `Site`, if the sites framework is installed."""
    if apps.is_installed("django.contrib.sites"):
        from django.contrib.sites import models as sites

        site = sites.Site.objects.filter(pk=getattr(settings, "SITE_ID", 1)).first()
        if site is not None and site.domain:
            yield site.domain.lower()


def _other_hosts() -> Iterator[str]:
    """Yield the hosts of sources and of Wagtail's sites."""
    for source in registry.all():
        host = getattr(source, "host", "")
        if isinstance(host, str) and host:
            yield host
    yield from wagtail_hosts()


def wagtail_hosts() -> list[str]:
    """Return the hosts of Wagtail's sites, the default site first; empty without Wagtail."""
    if not apps.is_installed("wagtail"):
        return []
    from wagtail.models import Site  # type: ignore[import-not-found,unused-ignore]

    rows = Site.objects.order_by("-is_default_site", "hostname", "port")
    return [
        name if str(port) in _USUAL_PORTS else f"{name}:{port}"
        for name, port in rows.values_list("hostname", "port")
    ]
