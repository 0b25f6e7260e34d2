"""Reading of single pages of the site that are public and allowed by robots.txt.

Sources use this for pages to index. During a search, `recheck` and `visited_page` use it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urljoin

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch
from django.utils import translation

from sitechat.knowledge.reading import Unreadable
from sitechat.knowledge.reading.html import forbids_indexing
from sitechat.knowledge.sources import page_validators
from sitechat.knowledge.sources.base import Document, KnownValidators, Rendered
from sitechat.knowledge.sources.head_links import head_links
from sitechat.knowledge.sources.rendering import FORMATS, Elsewhere, LocalSite, PageResponse
from sitechat.knowledge.sources.robots_rules import read_robots, robots_allow
from sitechat.knowledge.sources.same_content import have_same_content
from sitechat.knowledge.sources.site_hosts import Location

if TYPE_CHECKING:
    from protego import Protego


class LeftOut(Exception):
    """The page is not public, or must not be indexed. The message says why."""


class PublicPages:
    """The pages of one host of this site, as an anonymous visitor sees them.

    Args:
        site: The site.
        known: The validators of pages from the last run, by key.
        allows: Returns whether a location may be requested. It is called before each request for a
            page, also after redirects.
    """

    def __init__(
        self,
        site: LocalSite,
        known: KnownValidators | None = None,
        allows: Callable[[Location], bool] | None = None,
    ) -> None:
        self.site = site
        self._known = known if known is not None else {}
        self._allows = allows
        self._login_paths: dict[str, str] = {}

    def only(self, allows: Callable[[Location], bool]) -> PublicPages:
        """Return the same pages, limited to the locations that `allows` accepts."""
        return PublicPages(self.site, self._known, allows)

    def read(self, url: str, lastmod: str = "") -> Document:
        """Read a page. An error becomes the document's problem, never an exception.

        Args:
            url: The address.
            lastmod: The `<lastmod>` in the sitemap, or "".
        """
        location: Location | None = None
        try:
            location = self.site.locate(url)
            return self.document(location, lastmod)
        except (LeftOut, Elsewhere) as error:
            address = self.site.hosts.address(location) if location else url
            return Document(url=address, key=address, problem=str(error), gone=True)
        except Exception as error:  # the view may raise any exception
            address = self.site.hosts.address(location) if location else url
            return Document(url=address, key=address, problem=describe_error(error))

    def document(self, location: Location, lastmod: str = "") -> Document:
        """Read a page if it has changed since it was last read.

        If the page has a canonical address with almost the same content, it is read from there.

        Raises:
            LeftOut: The page is not public, has no text format, or must not be indexed.
            Elsewhere: The page redirects to another site.
            Unreadable: The page can't be read now.
        """
        key = self.site.hosts.address(location)
        known = self._known.get(key, {})
        if page_validators.has_same_lastmod(lastmod, known) and self.may_read(location):
            return Document(url=key, key=key, unchanged=True)
        response = self.get(location, conditions=page_validators.conditions(known))
        if response.status == 304:
            return Document(url=key, key=key, unchanged=True)
        format = FORMATS.get(response.content_type)
        if format is None:
            raise LeftOut(f"is {response.content_type or 'of no known type'}, not text")
        alternates: Mapping[str, str] = {}
        if format == "page":
            links = head_links(response.body)
            canonical = self._canonical(response, links.canonical)
            if canonical is not response:
                response, links, known = canonical, head_links(canonical.body), {}
            alternates = links.alternates
        if page_validators.has_same_body(response, known):
            return Document(url=key, key=key, unchanged=True)
        translations = self._translations(response.location, alternates) if format == "page" else ""
        return Document(
            url=self.site.hosts.address(response.location),
            key=key,
            text=response.body,
            format=format,
            charset=response.charset,
            served_language=self._own_language(response.location, alternates) or response.language,
            rendered=Rendered(translations, page_validators.validators_of(response, lastmod)),
        )

    def _canonical(self, response: PageResponse, canonical: str) -> PageResponse:
        """Return the response of the canonical address if it has almost the same content.

        The content is compared, because some sites wrongly declare the front page as the canonical
        address of every page.

        Args:
            response: The response of the page.
            canonical: The canonical address that the page declares, or "".
        """
        if canonical in ("", self.site.hosts.absolute(response.location)):
            return response
        try:
            location = self.site.locate(
                urljoin(self.site.hosts.absolute(response.location), canonical)
            )
            if location == response.location or not self.site.hosts.are_same(
                location.host, response.location.host
            ):
                return response
            other = self.get(location)
            return other if have_same_content(other, response) else response
        except (Elsewhere, LeftOut, Unreadable):
            return response

    def _translations(self, location: Location, alternates: Mapping[str, str]) -> str:
        """Return a hash that all translations of a page share; "" if it has no translations.

        It is computed from the `hreflang` links, or else from the path without its language.
        """
        own_address = self.site.hosts.address(location)
        others = {self._address(location, url) for url in alternates.values()} - {""}
        if others - {own_address}:
            return _digest(min(others | {own_address}))
        inner = self.site.inner(location)
        language = translation.get_language_from_path(inner)
        if not language:
            return ""
        without_language = inner[1:].partition("/")[2]
        return _digest(
            f"{self.site.hosts.address(Location(location.host, '/'))} {without_language}"
        )

    def _own_language(self, location: Location, alternates: Mapping[str, str]) -> str:
        """Return the language that a page declares for its own address by `hreflang`, or ""."""
        own_address = self.site.hosts.address(location)
        own = [
            code for code, url in alternates.items() if self._address(location, url) == own_address
        ]
        return own[0] if len(own) == 1 else ""

    def get(
        self,
        location: Location,
        *,
        obeys_robots: bool = True,
        conditions: Mapping[str, str] | None = None,
    ) -> PageResponse:
        """Return the site's response for a public page, after redirects.

        Args:
            location: The page.
            obeys_robots: Whether to check robots.txt.
            conditions: Headers of a conditional request. The response may then have status 304.

        Raises:
            LeftOut: The page is not public, or must not be indexed.
            Elsewhere: The page redirects to another site.
            Exception: A streaming response raised another exception.
            Unreadable: The response is an error or can't be read, or robots.txt can't be read.
        """

        def check(visited: Sequence[Location]) -> None:
            if obeys_robots and not self.may_read(visited[-1]):
                raise LeftOut("robots.txt disallows it")
            if self._asks_for_login([location.path for location in visited]):
                raise LeftOut("visitors must log in to see it")
            if self._allows is not None and not self._allows(visited[-1]):
                raise LeftOut(f"leads to {visited[-1].path[:200]!r}, which is no page for visitors")

        response = self.site.get(location, follow=True, conditions=conditions, check=check)
        if response.status in (401, 403, 404, 410):
            raise LeftOut(f"answers {response.status} to an anonymous visitor")
        if response.status != 200 and not (response.status == 304 and conditions):
            raise Unreadable(f"answers {response.status}")
        if forbids_indexing(response.headers.get("X-Robots-Tag", "")):
            raise LeftOut("says noindex")
        return response

    def may_read(self, location: Location) -> bool:
        """Return whether robots.txt allows a page.

        Raises:
            Unreadable: robots.txt can't be read.
        """
        return robots_allow(self.robots, self.site, location)

    @cached_property
    def robots(self) -> Protego:
        """The rules of robots.txt.

        Raises:
            Unreadable: It can't be read, so its rules are unknown.
        """
        return read_robots(self.site)

    def _asks_for_login(self, visited: list[str]) -> bool:
        """Return whether redirects led to the login page.

        A page whose query contains an earlier address also counts as a login page, because Django's
        redirects to the login page have this form.
        """
        for number, path in enumerate(visited):
            without_query, _, query = path.partition("?")
            if without_query == self._login_path(without_query):
                return True
            for following in parse_qs(query).get(REDIRECT_FIELD_NAME, []) if number else []:
                target = self._path(following)
                if target and unquote(target) in [unquote(before) for before in visited[:number]]:
                    return True
        return False

    def _login_path(self, path: str) -> str:
        """Return the path of the login page, in the language of a path."""
        language = translation.get_language_from_path(path) or settings.LANGUAGE_CODE
        login = self._login_paths.get(language)
        if login is None:
            login = self._login_paths[language] = self._resolved_login_path(language)
        return login

    def _resolved_login_path(self, language: str) -> str:
        """Return the path of LOGIN_URL in a language; "" if it is not a page of this site."""
        try:
            with self.site.environment(), translation.override(language):
                login = resolve_url(settings.LOGIN_URL)
        except (NoReverseMatch, TypeError):  # LOGIN_URL is not a page of this site
            return ""
        return self._path(login).partition("?")[0]

    def _address(self, base: Location, url: str) -> str:
        """Return the stored form of a link; "" if it does not lead to a page of the site."""
        try:
            location = self.site.locate(urljoin(self.site.hosts.absolute(base), url))
        except (Unreadable, ValueError):
            return ""
        return self.site.hosts.address(location)

    def _path(self, url: str) -> str:
        try:
            return self.site.locate(url).path
        except Elsewhere:
            return ""


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def describe_error(error: Exception) -> str:
    """Return a description of an error for the site's owner."""
    return str(error) if isinstance(error, Unreadable) else f"{type(error).__name__}: {error}"
