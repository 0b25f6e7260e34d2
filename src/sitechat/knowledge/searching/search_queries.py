"""The queries for indexed pages: search for passages, open a page, check addresses."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.urls import get_script_prefix

from sitechat.knowledge import index as indexes
from sitechat.knowledge.audience import audiences_of
from sitechat.knowledge.page_addresses import is_address
from sitechat.knowledge.searching import recheck
from sitechat.knowledge.searching.links import Links, links_in
from sitechat.knowledge.searching.page_translations import translations_of
from sitechat.knowledge.searching.ranking import Ranked, rank
from sitechat.knowledge.searching.search_scope import Scope
from sitechat.models import Page, Passage, url_hash

if TYPE_CHECKING:
    from sitechat.knowledge.audience import User

MAX_QUERY_LENGTH = 2000
"""Maximum characters of a question that are searched for. The rest is ignored."""
_MAX_PER_PAGE = 3
"""Maximum number of results from one page, as long as other pages match."""
_MAX_OF_CURRENT_PAGE = 3
"""Maximum number of results from the page that the visitor is on, which come first."""


@dataclass(frozen=True)
class Found:
    """A passage of a page that the visitor may see, or an approved answer."""

    title: str
    headings: tuple[str, ...]
    """The headings above the passage; for an approved answer, the question that it answers."""
    url: str
    """The page's address, as a link for the visitor; may be "" for an approved answer."""
    text: str
    score: float = 0.0
    """How well the passage matches; 0 if no search found it. Scores of different searches can't be
    compared."""
    page: int = 0
    """The page's primary key; 0 for an approved answer or a page that is not indexed."""
    approved: bool = False
    """Whether this is an approved answer, not a passage of a page."""


@dataclass(frozen=True)
class Query:
    """A question and its context."""

    text: str
    user: User = None
    previous: str = ""
    """The visitor's previous message, for follow-up questions."""
    page_url: str = ""
    """The page that the visitor is on."""
    language: str = ""
    """The visitor's language, used if the language of the question is uncertain."""
    prefix: str = field(default_factory=get_script_prefix)
    """The prefix of the visitor's paths; see `Links.prefix`."""
    sources: Sequence[str] = ()
    """Labels of sources, or prefixes of addresses, to search in; empty for all pages."""


def search(
    query: str,
    *,
    user: User,
    previous: str = "",
    page_url: str = "",
    language: str = "",
    limit: int = 10,
    sources: Sequence[str] = (),
) -> list[Found]:
    """Return the passages that match a question best and that the user may see.

    Any text is a valid query. Approved answers are not searched. If nothing has been indexed, this
    costs one small database query.

    Args:
        query: The question or words.
        user: The user who asks; None for an anonymous visitor.
        previous: The visitor's previous message, for follow-up questions.
        page_url: The page that the visitor is on, whose passages come first.
        language: The visitor's language, used if the language of the question is uncertain.
        limit: Maximum number of passages to return.
        sources: Labels of sources, or prefixes of addresses, to search in; empty for all pages.
    """
    index = indexes.current()
    if index is None:
        return []
    wanted = Query(query, user, previous, page_url, language, sources=sources)
    return search_index(index, wanted, limit)


def search_index(index: indexes.Index, query: Query, limit: int) -> list[Found]:
    """Search in a given index; see `search`.

    The result is empty if the index can't be read. A damaged index is deleted.
    """
    text, previous = query.text[:MAX_QUERY_LENGTH], query.previous[:MAX_QUERY_LENGTH]
    if limit < 1:
        return []
    try:
        scope = Scope(audiences_of(query.user, index.audiences), query.sources)
        ranked = rank(index, text, previous, query.language, scope)
        links = links_in(index, query.prefix)
        current = _current_page(index, query, links, scope, ranked)
    except (sqlite3.DatabaseError, indexes.Damaged) as error:
        indexes.discard_damaged(index, error)
        return []
    chosen = _choose(ranked, current, limit)
    passages = _visible_passages(chosen, query.user)
    pages = {passage.page_id: passage.page for passage in passages}
    unpublished = recheck.hide_unpublished(list(pages.values()), links.prefix)
    if unpublished:
        if current in unpublished:
            current = None
        chosen = _choose([each for each in ranked if each.page not in unpublished], current, limit)
        passages = _visible_passages(chosen, query.user)
    scores = {each.passage: each.score for each in chosen}
    return [
        Found(
            passage.page.title,
            tuple(passage.headings),
            links.link_to(passage.page.url),
            passage.text,
            scores[passage.pk],
            passage.page_id,
        )
        for passage in passages
    ]


def open_page(
    url: str, *, user: User, prefix: str | None = None, sources: Sequence[str] = ()
) -> list[Found] | None:
    """Return all passages of a page in order.

    Args:
        url: The page's address, which may contain the site's host or a fragment.
        user: The user who asks; None for an anonymous visitor.
        prefix: The prefix of the visitor's paths; by default that of the current request.
        sources: Labels of sources, or prefixes of addresses, to which the page must belong; empty
            for all pages.

    Returns:
        The passages; None if the page is not indexed or not in `sources`, if a recheck shows that
        it is no longer public, or if the user may not see it. Their `score` is 0.
    """
    links = links_in(indexes.current(), prefix)
    page = _page_at(url, user, links)
    if page is None or not is_address(page.url):
        return None
    if not Scope(frozenset(), sources).includes(page.url, page.source):
        return None
    if recheck.hide_unpublished([page], links.prefix):
        return None
    link = links.link_to(page.url)
    return [
        Found(page.title, tuple(passage.headings), link, passage.text, page=page.pk)
        for passage in page.passages.defer("vector").order_by("number")
    ]


def visible_urls(urls: Iterable[str], *, user: User, prefix: str | None = None) -> set[str]:
    """Return the addresses whose pages are indexed and visible to the user.

    Args:
        urls: Addresses in the form of `Found.url`.
        user: The user who asks; None for an anonymous visitor.
        prefix: The prefix of the visitor's paths; by default that of the current request.
    """
    urls = [url for url in urls if is_address(url)]
    if not urls:
        return set()
    links = links_in(indexes.current(), prefix)
    stored = {url: links.spellings(url) for url in urls}
    hashes = {url_hash(spelling) for spellings in stored.values() for spelling in spellings}
    pages = Page.objects.filter(url_hash__in=hashes).exclude(content_hash="")
    visible = {
        url
        for url, audience in pages.values_list("url", "audience")
        if audiences_of(user, audience) and is_address(url)
    }
    return {
        url
        for url, spellings in stored.items()
        if any(spelling in visible for spelling in spellings)
    }


def is_stored(url: str, prefix: str) -> bool:
    """Return whether a page with this address is stored, even if it has no text or is hidden."""
    links = links_in(indexes.current(), prefix)
    hashes = [url_hash(spelling) for spelling in links.spellings(url)]
    return Page.objects.filter(url_hash__in=hashes).exists()


def _page_at(url: str, user: User, links: Links) -> Page | None:
    """Return the page of an address; None if it is not indexed or the user may not see it."""
    spellings = links.spellings(url)
    if not spellings:
        return None
    hashes = [url_hash(spelling) for spelling in spellings]
    matching = Page.objects.filter(url_hash__in=hashes).select_related("snapshot")
    pages = {page.url: page for page in matching.exclude(content_hash="")}
    for spelling in spellings:
        page = pages.get(spelling)
        if page is not None and audiences_of(user, page.audience):
            return page
    return None


def _current_page(
    index: indexes.Index, query: Query, links: Links, scope: Scope, ranked: Sequence[Ranked]
) -> int | None:
    """Return the page that the visitor is on, or the translation of it that was found.

    The result is a primary key; None if the page is not indexed, not in the scope, or not visible
    to the user.
    """
    page = _page_at(query.page_url, query.user, links)
    if page is None or not scope.includes(page.url, page.source):
        return None
    translations = translations_of(index, page.pk, scope)
    return next((each.page for each in ranked if each.page in translations), page.pk)


def _choose(ranked: Sequence[Ranked], current: int | None, limit: int) -> list[Ranked]:
    """Return at most `limit` passages.

    The current page's best passages come first, or its first passage if none matches. Then come a
    few passages of each page, and then the others.
    """
    first: list[Ranked] = []
    if current is not None:
        first = [each for each in ranked if each.page == current][:_MAX_OF_CURRENT_PAGE]
        if not first:
            beginning = Passage.objects.filter(page=current).order_by("number")
            first = [Ranked(pk, current, 0.0) for pk in beginning.values_list("pk", flat=True)[:1]]
    taken = {each.passage for each in first}
    counts: dict[int, int] = {}
    rest: list[Ranked] = []
    surplus: list[Ranked] = []
    for each in ranked:
        if each.passage in taken:
            continue
        counts[each.page] = counts.get(each.page, 0) + 1
        (rest if counts[each.page] <= _MAX_PER_PAGE else surplus).append(each)
    return [*first, *rest, *surplus][:limit]


def _visible_passages(ranked: Iterable[Ranked], user: User) -> list[Passage]:
    """Read the passages from the database, without those that the user may no longer see."""
    numbers = [each.passage for each in ranked]
    rows = Passage.objects.filter(pk__in=numbers).select_related("page__snapshot").defer("vector")
    passages = {passage.pk: passage for passage in rows}
    return [
        passage
        for number in numbers
        if (passage := passages.get(number))
        and audiences_of(user, passage.page.audience)
        and is_address(passage.page.url)
    ]
