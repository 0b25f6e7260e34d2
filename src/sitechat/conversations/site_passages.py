"""The choice of the passages of the site that are sent with a question or found by a tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sitechat.claude.messages import SearchResult
from sitechat.knowledge import approved_search
from sitechat.knowledge.searching import Found, Query, read_page, search_index

if TYPE_CHECKING:
    from sitechat.knowledge.index import Index
    from sitechat.models import SiteState

PASSAGES = 10
"""Maximum passages sent with a question. In measurements, ten small passages contained the answer
more often than five large ones."""


def find_passages(
    index: Index | None,
    query: Query,
    address_identity: str = "",
    *,
    bot: str = "default",
    site: SiteState | None = None,
) -> list[SearchResult]:
    """Return the passages for a query: approved answers, the visitor's page, then other pages.

    Args:
        index: The search index; None if nothing has been indexed, or if the bot does not search.
        query: The message, or the query of a tool.
        address_identity: `Visitor.ip`. It limits how often pages are read.
            With "" the visitor's page is not read.
        bot: The name of the bot that is asked.
        site: The state of the site's content; None to read it.
    """
    answers = approved_search.find(query, bot, site=site)
    visited = read_page(query, address_identity) if address_identity and query.page_url else []
    left = PASSAGES - len(visited) - len(answers)
    others = search_index(index, query, left) if index is not None else []
    return list(map(search_result, [*answers, *visited, *others]))


def search_result(passage: Found) -> SearchResult:
    """Return a passage in the form in which it is sent to Claude."""
    return SearchResult(
        title=passage.title or passage.url,
        url=passage.url,
        text=passage.text,
        headings=passage.headings,
        approved=passage.approved,
    )
