"""Conversion between stored addresses and the links that visitors see.

Stored addresses of the main host are paths without the `SCRIPT_NAME` of the site, because commands
do not always know it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.urls import Resolver404, get_script_prefix, resolve
from django.utils import translation

from sitechat.knowledge.index import Index, current
from sitechat.knowledge.page_addresses import without_prefix
from sitechat.knowledge.sources.site_hosts import Hosts, Location

_MAX_LENGTH = 4000


@dataclass(frozen=True)
class Links:
    """How stored addresses are written as links for one visitor."""

    prefix: str = field(default_factory=get_script_prefix)
    """The prefix of paths: the `SCRIPT_NAME` between slashes, or "/"."""
    hosts: Hosts | None = None
    """The site's hosts if pages of several hosts are stored, so that every link contains its host;
    None if all pages are of the main host."""

    def link_to(self, url: str) -> str:
        """Return a stored address as a link for the visitor."""
        if not url.startswith("/"):
            return url
        if self.prefix != "/" and _is_served_here(url):
            url = self.prefix[:-1] + url
        return self.hosts.absolute(Location(self.hosts.public, url)) if self.hosts else url

    def spellings(self, url: str) -> list[str]:
        """Return the forms in which an address may be stored, the most exact one first.

        The list is empty if `url` is empty, not a valid address or longer than 4,000 characters.
        Browsers and Claude may add the site's host or a fragment to `url`. They may also add or
        omit a query or the trailing slash.
        """
        url = url.strip()
        if not url or len(url) > _MAX_LENGTH:
            return []
        try:
            parts = urlsplit(url)
            location = (
                self.hosts.locate(url, Location(self.hosts.main[0], "/")) if self.hosts else None
            )
        except ValueError:
            return []
        path = without_prefix(parts.path or "/", self.prefix)
        query = f"?{parts.query}" if parts.query else ""
        forms = [url, parts._replace(fragment="").geturl()]
        if not self._is_of_site(parts):
            return forms
        if self.hosts and parts.netloc and not self.hosts.is_main(parts.netloc):
            if location is None:
                return forms
            absolute = self.hosts.absolute(Location(location.host, parts.path or "/"))
            forms += [absolute + query, absolute]
        else:
            without_query = parts._replace(fragment="", query="").geturl()
            forms += [path + query, without_query, path]
        last = forms[-1]
        forms.append(last.rstrip("/") if last.endswith("/") else f"{last}/")
        return [form for form in dict.fromkeys(forms) if form]

    def _is_of_site(self, parts: SplitResult) -> bool:
        """Return whether an address has no host or a host of the site, and no other scheme."""
        if parts.scheme not in ("", "http", "https"):
            return False
        host = parts.netloc.rpartition("@")[2]
        # If ALLOWED_HOSTS contains "*", any host may belong to the site.
        return not host or "*" in settings.ALLOWED_HOSTS or self._site_hosts.is_own(host)

    @cached_property
    def _site_hosts(self) -> Hosts:
        """The site's hosts, read once for all addresses because reading them may need a query."""
        return self.hosts or Hosts()


def links_in(index: Index | None, prefix: str | None = None) -> Links:
    """Return how links are written for a visitor.

    Args:
        index: The search index. If it has pages of several hosts, each link contains its host. None
            if nothing is indexed.
        prefix: The prefix of the visitor's paths; by default the prefix of the current request.
    """
    hosts = Hosts() if index is not None and index.has_hosts else None
    return Links(get_script_prefix() if prefix is None else prefix, hosts)


def current_links() -> Links:
    """Return how links are written for the visitor of the current request."""
    return links_in(current())


def _is_served_here(path: str) -> bool:
    """Return whether a URL pattern of this project matches a path, so that it needs the prefix."""
    language = translation.get_language_from_path(path)
    try:
        with translation.override(language or translation.get_language()):
            resolve(path.partition("?")[0])
    except Resolver404:
        return False
    return True
