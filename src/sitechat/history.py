"""From what is stored to what Claude is sent. Pure: no I/O, no clock.

Claude gets: the static system prompt, with a cache breakpoint at its end; the conversation,
trimmed in chunks so that its beginning stays the same for many turns, with a breakpoint behind
its last reply; then the newest message with all that is true for it alone: the visitor's page,
the owner's context and the passages that were found. Nothing that changes from turn to turn
stands before a breakpoint, and nothing that came from pages or visitors is in the system prompt.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

BREAKPOINT = {"type": "ephemeral"}

KEPT = frozenset({"complete", "truncated", "stopped", "interrupted"})
"""Ends of replies that Claude may see again. A refused one would be refused again."""


@dataclass(frozen=True)
class Turn:
    """A question and the reply that it got."""

    question: str
    reply: str
    status: str


@dataclass(frozen=True)
class Page:
    """The page that the visitor is on, by the visitor's word."""

    url: str = ""
    title: str = ""


@dataclass(frozen=True)
class Document:
    """A passage of the site that goes along with a question. `url` is what citations link to."""

    title: str
    url: str
    text: str
    headings: tuple[str, ...] = ()
    """What the passage stands under on its page."""


MARKS = (
    "Passages of the site stand above, each with a number. Mark each statement that rests on one "
    "with its number in brackets, such as [1]."
)


def first_turn(number: int, most: int) -> int:
    """The number of the first turn that goes along with turn `number` (both from 0).

    At most `most` turns go along. The window moves by half of that at a time, so that the
    beginning, and with it the cached prefix, stays the same for as many turns.
    """
    if most <= 0:
        return number
    if number <= most:
        return 0
    chunk = max(1, most // 2)
    return -(-(number - most) // chunk) * chunk


def kept(turns: Iterable[Turn]) -> list[Turn]:
    """The turns that Claude can be shown: both sides said something and nobody refused."""
    return [
        turn
        for turn in turns
        if turn.status in KEPT and turn.reply.strip() and turn.question.strip()
    ]


def messages(
    turns: Iterable[Turn],
    *,
    question: str,
    page: Page | None = None,
    context: str = "",
    documents: Sequence[Document] = (),
    citations: bool = True,
    caching: bool = True,
) -> list[dict[str, Any]]:
    """The `messages` of a request: alternating, beginning and ending with the visitor."""
    told: list[dict[str, Any]] = []
    for turn in kept(turns):
        told.append({"role": "user", "content": [text_block(turn.question)]})
        told.append({"role": "assistant", "content": [text_block(turn.reply)]})
    if told and caching:
        told[-1]["content"][-1]["cache_control"] = BREAKPOINT
    newest: list[dict[str, Any]] = []
    if page and (page.url or page.title):
        url, title = escape(page.url), escape(page.title)
        newest.append(text_block(f'<visitor_page url="{url}" title="{title}"></visitor_page>'))
    if context.strip():
        newest.append(text_block(f"<context>\n{context.strip()}\n</context>"))
    newest += document_blocks(documents, citations=citations)
    if documents and not citations:
        newest.append(text_block(MARKS))
    newest.append(text_block(question))
    return [*told, {"role": "user", "content": newest}]


def system(prompt: str, *, caching: bool = True) -> list[dict[str, Any]]:
    """The `system` of a request; empty where there is no prompt."""
    if not prompt.strip():
        return []
    block = text_block(prompt)
    if caching:
        block["cache_control"] = BREAKPOINT
    return [block]


def document_blocks(
    documents: Sequence[Document], *, citations: bool, first: int = 1
) -> list[dict[str, Any]]:
    """Passages as Claude cites them, or as numbered text for servers without citations."""
    if citations:
        return [
            {
                "type": "search_result",
                "source": document.url,
                "title": " > ".join([document.title or document.url, *document.headings]),
                "content": [text_block(document.text)],
                "citations": {"enabled": True},
            }
            for document in documents
        ]
    return [
        text_block(f'<passage n="{n}">{_inert(vars(document))}</passage>')
        for n, document in enumerate(documents, first)
    ]


def text_block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _inert(data: dict[str, Any]) -> str:
    """JSON in which no tag can be closed or opened."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
