"""What the chat asks of the site's pages: `search` and `open_page`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from . import index as indexes
from .audience import audiences_of
from .models import Page, Passage, url_hash
from .ranking import Ranked, rank

if TYPE_CHECKING:
    from .audience import User

LONGEST_QUERY = 2000
_PER_PAGE = 3
"""The most passages of one page among the results, while there are others."""
_OF_CURRENT_PAGE = 3


@dataclass(frozen=True)
class Found:
    """A passage of a page that the visitor may see.

    `url` is the page's address as the site gave it, `headings` what the passage stands under,
    `score` how well it fits, comparable within one search only.
    """

    title: str
    headings: tuple[str, ...]
    url: str
    text: str
    score: float = 0.0


def search(
    query: str,
    *,
    user: User,
    previous: str = "",
    page_url: str = "",
    language: str = "",
    limit: int = 10,
) -> list[Found]:
    """The passages that fit a question best, of those that the user may see.

    `previous` is the visitor's turn before, for follow-ups; `page_url` the page that the visitor
    is on, whose passages come first; `language` the visitor's, used where the question's own can't
    be told. Any text is a valid query. Costs one small query where nothing has been indexed.
    """
    index = indexes.current()
    if index is None:
        return []
    return look(
        index,
        query,
        user=user,
        previous=previous,
        page_url=page_url,
        language=language,
        limit=limit,
    )


def look(
    index: indexes.Index,
    query: str,
    *,
    user: User,
    previous: str,
    page_url: str,
    language: str,
    limit: int,
) -> list[Found]:
    """What `search` finds in the present index."""
    query, previous = query[:LONGEST_QUERY], previous[:LONGEST_QUERY]
    if limit < 1:
        return []
    try:
        allowed = audiences_of(user, index.audiences)
        ranked = rank(index, query, previous, language, allowed)
    except (sqlite3.DatabaseError, indexes.Damaged):
        indexes.discard(index)
        return []
    here = _page_at(page_url, user)
    return _found(_chosen(ranked, here.pk if here else None, limit), user)


def open_page(url: str, *, user: User) -> list[Found] | None:
    """All passages of a page in their order; None for an address that isn't indexed for the user.

    `url` may be as visitors' browsers and the model give it: with the site's host, or a fragment.
    """
    page = _page_at(url, user)
    if page is None:
        return None
    return [
        Found(page.title, tuple(passage.headings), page.url, passage.text)
        for passage in page.passages.defer("vector").order_by("number")
    ]


def existing(urls: Iterable[str], *, user: User) -> set[str]:
    """Which of the addresses, as `Found.url` has them, are pages that the user may see now."""
    hashes = [url_hash(url) for url in urls]
    if not hashes:
        return set()
    pages = Page.objects.filter(url_hash__in=hashes).exclude(content_hash="")
    return {
        url
        for url, audience in pages.values_list("url", "audience")
        if audiences_of(user, audience)
    }


def _page_at(url: str, user: User) -> Page | None:
    pages = {page.url: page for page in Page.objects.filter(
        url_hash__in=[url_hash(spelling) for spelling in _spellings(url)]
    ).exclude(content_hash="")}  # fmt: skip
    for spelling in _spellings(url):
        page = pages.get(spelling)
        if page is not None and audiences_of(user, page.audience):
            return page
    return None


def _spellings(url: str) -> list[str]:
    """How an address may be stored: as given, without fragment, host or query, with a slash."""
    url = url.strip()
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    if not url or len(url) > 4000:
        return []
    whole = parts._replace(fragment="").geturl()
    bare = parts._replace(fragment="", query="").geturl()
    path = parts.path or "/"
    query = f"?{parts.query}" if parts.query else ""
    found = [url, whole, path + query, bare, path]
    found += [f"{path}/"] if not path.endswith("/") else [path.rstrip("/")]
    return list(dict.fromkeys(spelling for spelling in found if spelling))


def _chosen(ranked: Sequence[Ranked], here: int | None, limit: int) -> list[Ranked]:
    """The first `limit`, the current page's first, no page crowding out the others."""
    first: list[Ranked] = []
    if here is not None:
        first = [one for one in ranked if one.page == here][:_OF_CURRENT_PAGE]
        if not first:
            beginning = Passage.objects.filter(page=here).order_by("number")
            first = [Ranked(pk, here, 0.0) for pk in beginning.values_list("pk", flat=True)[:1]]
    taken = {one.passage for one in first}
    counts: dict[int, int] = {}
    rest: list[Ranked] = []
    over: list[Ranked] = []
    for one in ranked:
        if one.passage in taken:
            continue
        counts[one.page] = counts.get(one.page, 0) + 1
        (rest if counts[one.page] <= _PER_PAGE else over).append(one)
    return [*first, *rest, *over][:limit]


def _found(ranked: Iterable[Ranked], user: User) -> list[Found]:
    """The rows, asked from the database once more: what it no longer shows the user is dropped."""
    scores = {one.passage: one.score for one in ranked}
    passages = {
        passage.pk: passage
        for passage in Passage.objects.filter(pk__in=scores).select_related("page").defer("vector")
    }
    return [
        Found(
            passages[pk].page.title,
            tuple(passages[pk].headings),
            passages[pk].page.url,
            passages[pk].text,
            score,
        )
        for pk, score in scores.items()
        if pk in passages and audiences_of(user, passages[pk].page.audience)
    ]
