"""What Claude knows of the site: passages beside the question, and tools for what they miss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sitechat import history
from sitechat.driver import ToolResult
from sitechat.exchange import ToolCall
from sitechat.history import Document
from sitechat.knowledge.searching import Found, look, open_page, search

if TYPE_CHECKING:
    from sitechat.knowledge.audience import User
    from sitechat.knowledge.index import Index

PASSAGES = 10
"""Passages that go along with a question: ten small ones found more than five large ones."""

LONGEST_PAGE = 20
"""Passages of a part of a page; a longer page is opened in parts, and Claude is told so."""

DEFINITIONS: Sequence[dict[str, Any]] = (
    {
        "name": "search_site",
        "description": (
            "Searches this website's pages. Use it when the passages that came with the question "
            "do not hold the answer. Write the query in the site's language: the words that the "
            "answering page will have, with spelling mended and references to earlier messages "
            "put in full."
        ),
        "input_schema": {
            "type": "object",
            "properties": {"query": {"type": "string", "description": "Words to search for."}},
            "required": ["query"],
        },
    },
    {
        "name": "open_page",
        "description": (
            "Reads a page of this website as a whole, by an address that a search result or the "
            "visitor's page has. Other addresses can't be opened. A long page comes in parts."
        ),
        "input_schema": {
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
    },
)


def find(
    index: Index,
    question: str,
    *,
    user: User,
    previous: str,
    page_url: str,
    language: str,
    limit: int = PASSAGES,
) -> list[Found]:
    """The site's passages that fit the question as it was typed, of those that the user may see.

    Without another limit they are those that go along with a message.
    """
    return look(
        index,
        question,
        user=user,
        previous=previous,
        page_url=page_url,
        language=language,
        limit=limit,
    )


def passages(
    index: Index, question: str, *, user: User, previous: str, page_url: str, language: str
) -> list[Document]:
    """What `find` finds, as it goes along with a message."""
    found = find(
        index, question, user=user, previous=previous, page_url=page_url, language=language
    )
    return list(map(_document, found))


class SiteTools:
    """The tools `search_site` and `open_page`, for what one user may see."""

    def __init__(self, *, user: User, language: str, citations: bool) -> None:
        self._user = user
        self._language = language
        self._citations = citations

    def status(self, call: ToolCall) -> tuple[str, str | Promise]:
        if call.name == "open_page":
            return "reading", _("Reading a page…")
        return "searching", _("Searching the site…")

    def run(self, call: ToolCall, shown: int) -> ToolResult:
        if call.name == "search_site":
            query = call.input.get("query")
            if not isinstance(query, str) or not query.strip():
                return _failed('"query" must be a string of words to search for.')
            found = search(query, user=self._user, language=self._language, limit=PASSAGES)
            documents = list(map(_document, found))
            return self._result(documents, shown, "No page of the site fits these words.")
        if call.name == "open_page":
            return self._open(call.input.get("url"), call.input.get("part", 1), shown)
        return _failed("There is no such tool.")

    def _open(self, url: object, part: object, shown: int) -> ToolResult:
        if not isinstance(url, str):
            return _failed('"url" must be the address of a page of this website.')
        if not isinstance(part, int) or isinstance(part, bool) or part < 1:
            return _failed('"part" must be a whole number; the first part is 1.')
        page = open_page(url, user=self._user) or []
        parts = -(-len(page) // LONGEST_PAGE)
        some = page[(part - 1) * LONGEST_PAGE : part * LONGEST_PAGE]
        none = f"The page has {parts} parts." if page else "The site has no such page."
        result = self._result(list(map(_document, some)), shown, none)
        if part < parts:
            told = f'This is part {part} of {parts} of the page. Open it with "part": {part + 1}'
            # A result that holds search results may hold nothing else, so the last one says it.
            blocks = result.content[-1]["content"] if self._citations else result.content
            blocks.append(history.text_block(f"{told} to read on."))
        return result

    def _result(self, documents: list[Document], shown: int, none: str) -> ToolResult:
        content = history.document_blocks(documents, citations=self._citations, first=shown + 1)
        return ToolResult(content or [history.text_block(none)], documents)


def _failed(message: str) -> ToolResult:
    return ToolResult([history.text_block(message)], [], failed=True)


def _document(found: Found) -> Document:
    return Document(
        title=found.title or found.url, url=found.url, text=found.text, headings=found.headings
    )
