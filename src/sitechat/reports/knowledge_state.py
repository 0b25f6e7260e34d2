"""The state of the index and trial searches, for the site's owner.

The admin's list of pages shows both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.utils.functional import Promise

from sitechat.conf import conf
from sitechat.conversations import site_passages
from sitechat.conversations.message_body import parse_message
from sitechat.errors import ChatError
from sitechat.knowledge import approved_search, index
from sitechat.knowledge.index.index_files import has_fts5
from sitechat.knowledge.searching import Found, Query, search_index
from sitechat.models import IndexState, Page
from sitechat.safe_text import visible

TRIAL_PASSAGES = 2 * site_passages.PASSAGES
"""Maximum number of passages that a trial finds, whether they are sent with the question or not."""


@dataclass(frozen=True)
class SourceFigures:
    """The pages of one source."""

    source: str
    """The label of the source."""
    pages: int
    """Pages that the chat knows."""
    words: int
    failed: int
    """Pages that could not be read, or were left out, at the last attempt."""
    newest: datetime | None
    """When the newest page of the source was indexed; None if no page was."""


@dataclass(frozen=True)
class Knowledge:
    """The state of the stored pages and of this machine's index."""

    sources: Sequence[SourceFigures]
    changed: datetime | None
    """When the stored pages last changed; None if they never did."""
    can_search: bool
    """Whether SQLite has full-text search."""
    embeds: bool
    """Whether the site has an embedder."""
    passages: int
    """Passages in this machine's index."""
    vectors: int
    """Vectors in this machine's index."""
    bytes: int
    """The size of this machine's index."""
    up_to_date: bool
    """Whether this machine's index contains the stored pages."""

    @property
    def pages(self) -> int:
        """The number of pages of all sources."""
        return sum(source.pages for source in self.sources)

    @property
    def words(self) -> int:
        """The number of words of all sources."""
        return sum(source.words for source in self.sources)

    @property
    def failed(self) -> int:
        """The number of pages of all sources that could not be read."""
        return sum(source.failed for source in self.sources)


def knowledge_report() -> Knowledge:
    """Return the current state.

    This reads all rows of pages, and may update this machine's index.
    """
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
    """The result of a trial search."""

    sent: Sequence[Found] = ()
    """The passages that are sent with the question, in this order."""
    not_sent: Sequence[Found] = ()
    """The next passages, in their order."""
    refused: str | Promise = ""
    """Why the chat would reject the question; empty if it would not."""
    searches: bool = True
    """Whether the bot uses the site's pages."""


def trial(question: str, *, previous: str, page_url: str, language: str, bot: str) -> Trial:
    """Validate a question as the message of an anonymous visitor, and search as for this visitor.

    Args:
        question: The question.
        previous: The visitor's previous message, or "".
        page_url: The page that the visitor is on, or "".
        language: The visitor's language.
        bot: A name in CHAT_BOTS; empty for the default bot.

    Returns:
        The passages that were found. There are none if the chat would reject the question, or if
        the bot does not use the site's pages. Without an index, there are only approved answers.
    """
    body: dict[str, Any] = {"message": question, "page": {"url": page_url}}
    if bot:
        body["bot"] = bot
    try:
        message = parse_message(body)
    except ChatError as error:
        return Trial(refused=error.as_dict()["message"])
    if not message.bot.search:
        return Trial(searches=False)
    query = Query(
        message.text,
        previous=previous,
        page_url=message.page.url if message.page else "",
        language=language,
        sources=message.bot.sources,
    )
    answers = approved_search.find(query, message.bot.name)
    current = index.current()
    if current is None:
        return Trial(answers)
    sent = search_index(current, query, site_passages.PASSAGES - len(answers))
    not_sent = [
        found for found in search_index(current, query, TRIAL_PASSAGES) if found not in sent
    ]
    return Trial([*answers, *sent], not_sent)
