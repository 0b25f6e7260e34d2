"""What the chat knows, for its owner: how much of what was indexed, and what a question finds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.utils.functional import Promise

from sitechat import parsing, site_tools
from sitechat.conf import conf
from sitechat.errors import ChatError
from sitechat.knowledge import index
from sitechat.knowledge.models import IndexState, Page, url_hash
from sitechat.knowledge.schema import has_fts5
from sitechat.knowledge.searching import Found
from sitechat.owner.safe_text import visible

LOOKED_AT = 2 * site_tools.PASSAGES
"""Passages that a trial shows: those that go along with the question, and as many after them."""


@dataclass(frozen=True)
class SourceFigures:
    """One source's pages; `failed` counts those that could not be read or were left out."""

    source: str
    pages: int
    words: int
    failed: int
    newest: datetime | None


@dataclass(frozen=True)
class Knowledge:
    """All that was indexed. Passages, vectors and bytes are those of this host's search index."""

    sources: Sequence[SourceFigures]
    changed: datetime | None
    can_search: bool
    embeds: bool
    passages: int
    vectors: int
    bytes: int
    up_to_date: bool

    @property
    def pages(self) -> int:
        return sum(source.pages for source in self.sources)

    @property
    def words(self) -> int:
        return sum(source.words for source in self.sources)

    @property
    def failed(self) -> int:
        return sum(source.failed for source in self.sources)


def knowledge() -> Knowledge:
    """The state of now. Reads each page's row once, and may bring this host's index up to date."""
    figures = (
        Page.objects.values_list("source")
        .order_by("source")
        .annotate(
            known=Count("pk", filter=~Q(content_hash="")),
            in_all=Sum("words"),
            failed=Count("pk", filter=~Q(error="")),
            newest=Max("indexed"),
        )
    )
    status = index.status()
    return Knowledge(
        sources=[SourceFigures(visible(source), *row) for source, *row in figures],
        changed=IndexState.objects.filter(pk=1).values_list("changed", flat=True).first(),
        can_search=has_fts5(),
        embeds=bool(conf.CHAT_EMBEDDER),
        passages=status["passages"],
        vectors=status["vectors"],
        bytes=status["bytes"],
        up_to_date=status["up_to_date"],
    )


@dataclass(frozen=True)
class Trial:
    """What the chat would do with a question; `refused` says why it would not take it."""

    sent: Sequence[Found] = ()
    """What goes along with the question, in this order."""
    further: Sequence[Found] = ()
    """The next best, which does not."""
    refused: str | Promise = ""
    searches: bool = True
    """False where the bot keeps the site's pages out."""
    pages: dict[str, int] = field(default_factory=dict)
    """The ids of the pages that were found, by address."""


def trial(question: str, *, previous: str, page_url: str, language: str, bot: str) -> Trial:
    """What a question would find, asked by somebody who is not logged in.

    It goes the way of a visitor's message: the same admission, the same search.
    """
    body: dict[str, Any] = {"message": question, "page": {"url": page_url}}
    if bot:
        body["bot"] = bot
    try:
        ask = parsing.parse_message(body)
    except ChatError as error:
        return Trial(refused=error.as_dict()["message"])
    if not ask.bot.search:
        return Trial(searches=False)
    here = index.current()
    if here is None:
        return Trial()
    find = partial(
        site_tools.find,
        here,
        ask.message,
        user=None,
        previous=previous,
        page_url=ask.page.url if ask.page else "",
        language=language,
    )
    sent = find()
    further = [one for one in find(limit=LOOKED_AT) if one not in sent]
    return Trial(sent, further, pages=_pages([*sent, *further]))


def _pages(found: Iterable[Found]) -> dict[str, int]:
    hashes = {url_hash(one.url) for one in found}
    return dict(Page.objects.filter(url_hash__in=hashes).values_list("url", "pk"))
