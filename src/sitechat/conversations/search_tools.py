"""The tools `search_site` and `open_page`. Claude finds further passages of the site with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import get_script_prefix
from django.utils.translation import gettext_lazy as _

from sitechat.claude.messages import SearchResult, search_result_blocks, text_block
from sitechat.conversations.site_passages import find_passages, search_result
from sitechat.engine.tool_interface import ToolRefused, ToolResult
from sitechat.knowledge.index import current as current_index
from sitechat.knowledge.searching import Query
from sitechat.knowledge.searching import open_page as open_page_at
from sitechat.tools import Tool

if TYPE_CHECKING:
    from sitechat.knowledge.audience import User

MAX_PAGE_SIZE = 20
"""Maximum passages in one result of `open_page`. Claude opens a longer page part by part."""


@dataclass(frozen=True)
class SiteSearch:
    """Searches and reads the pages of the site that one user may see, for the two tools."""

    user: User
    language: str
    citations: bool
    prefix: str | None = None
    """The prefix of all paths of the site; None for the prefix of the current request."""
    sources: Sequence[str] = ()
    """The sources of the pages (`Chatbot.sources`); empty for all sources."""
    bot: str = "default"
    """The name of the bot that is asked."""

    @property
    def _prefix(self) -> str:
        return get_script_prefix() if self.prefix is None else self.prefix

    def find(self, query: str) -> list[SearchResult]:
        """Return the passages that match a query; [] if no pages are indexed."""
        index = current_index()
        if index is None:
            return []
        asked = Query(
            query,
            self.user,
            language=self.language,
            prefix=self._prefix,
            sources=self.sources,
        )
        return find_passages(index, asked, bot=self.bot)

    def read(self, url: str) -> list[SearchResult]:
        """Return the passages of a page; [] if the site has no page there that the user may see."""
        page = open_page_at(url, user=self.user, prefix=self._prefix, sources=self.sources)
        return list(map(search_result, page or []))


@dataclass(frozen=True)
class SitePassages:
    """Passages of the site as the result of a tool."""

    passages: list[SearchResult]
    citations: bool
    if_none: str = ""
    """The text for Claude if there are no passages."""
    note: str = ""
    """A text for Claude after the passages; "" for no text."""

    def as_result(self, passages_sent: int) -> ToolResult:
        """Return the result for Claude. It numbers the passages from `passages_sent` + 1."""
        first = passages_sent + 1
        content = search_result_blocks(self.passages, citations=self.citations, first=first)
        if self.note:
            # A tool result with search results must not contain other blocks.
            blocks = content[-1]["content"] if self.citations else content
            blocks.append(text_block(self.note))
        return ToolResult(content or [text_block(self.if_none)], self.passages)


def _search_site(site: SiteSearch, query: str) -> SitePassages:
    """Search the site, for Claude. Raise ToolRefused if the query is empty."""
    if not query.strip():
        raise ToolRefused('"query" must be a string of words to search for.')
    if_none = "No page of the site fits these words."
    return SitePassages(site.find(query), site.citations, if_none)


def _open_page(site: SiteSearch, url: str, part: int = 1) -> SitePassages:
    """Read a part of a page, for Claude. Raise ToolRefused if the part is below 1."""
    if part < 1:
        raise ToolRefused('"part" must be a whole number; the first part is 1.')
    page = site.read(url)
    parts = -(-len(page) // MAX_PAGE_SIZE)
    shown = page[(part - 1) * MAX_PAGE_SIZE : part * MAX_PAGE_SIZE]
    note = ""
    if part < parts:
        note = (
            f'This is part {part} of {parts} of the page. Open it with "part": {part + 1} to '
            "read on."
        )
    if_none = f"The page has {parts} parts." if page else "The site has no such page."
    return SitePassages(shown, site.citations, if_none, note)


search_site = Tool(
    _search_site,
    "search_site",
    status=_("Searching the site…"),
    phase="searching",
    description=(
        "Searches this website's pages. Use it when the passages that came with the question "
        "do not hold the answer. Write the query in the site's language: the words that the "
        "answering page will have, with spelling mended and references to earlier messages "
        "put in full."
    ),
    schema={
        "type": "object",
        "properties": {"query": {"type": "string", "description": "Words to search for."}},
        "required": ["query"],
    },
)

open_page = Tool(
    _open_page,
    "open_page",
    status=_("Reading a page…"),
    phase="reading",
    description=(
        "Reads a page of this website as a whole, by an address that a search result or the "
        "visitor's page has. Other addresses can't be opened. A long page comes in parts."
    ),
    schema={
        "type": "object",
        "properties": {
            "url": {"type": "string", "description": "The page's address."},
            "part": {
                "type": "integer",
                "description": "Which part of a long page to read; the first is 1.",
            },
        },
        "required": ["url"],
    },
)

SITE_TOOLS = (search_site, open_page)
"""Both tools. Their schemas are written out, so that they do not need pydantic."""
