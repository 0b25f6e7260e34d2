"""Build the messages of a request. This module does no I/O and reads no clock.

A request has three parts:

1. The static system prompt, with a cache breakpoint at its end.
2. The conversation, with a breakpoint after the last reply. It is trimmed in chunks, so that its
   beginning stays the same for many turns.
3. The newest message, with the owner's context, the visitor's page and the passages found for it.

Content that changes with every turn comes after the breakpoints. Text from pages and visitors never
enters the system prompt. Visitors can't imitate the owner's context: its tags contain a random
word, and our own tags are escaped in all text from visitors, pages and models.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from sitechat.claude.prompt_notes import APPROVED, CONTEXT_NOTE, MARKS, NO_CONTEXT, PERSON_NOTE

BREAKPOINT = {"type": "ephemeral"}
"""The `cache_control` of a block up to which Claude caches the request."""

HOUR = "1h"
"""The `ttl` of a breakpoint that is cached for one hour; without a `ttl`, it is five minutes."""

KEPT = frozenset({"complete", "truncated", "stopped", "interrupted"})
"""Statuses of replies that are sent to Claude again. A refused reply would be refused again."""


@dataclass(frozen=True)
class Exchange:
    """A turn of the bot: a question and its reply."""

    question: str
    reply: str
    status: str
    """The status of the reply."""


@dataclass(frozen=True)
class PersonalExchange:
    """A turn of a person of the site: a visitor's message and an answer. Either may be empty."""

    question: str
    answer: str
    name: str
    """The name that the visitor saw."""


@dataclass(frozen=True)
class VisitorPage:
    """The page that the visitor is on, as reported by the browser."""

    url: str = ""
    title: str = ""


@dataclass(frozen=True)
class SearchResult:
    """A passage of the site that is sent with a question. Citations link to `url`."""

    title: str
    url: str
    text: str
    headings: tuple[str, ...] = ()
    """The headings above the passage on its page."""
    approved: bool = False
    """Whether it is an answer written by the site's staff. Then its `url` may be empty."""

    @property
    def source(self) -> str:
        """The address for Claude. An approved answer has a prefix that no page's address has."""
        return f"{APPROVED}{self.url}" if self.approved else self.url


OWN_TAGS = re.compile(
    r"<(?=\s*/?\s*"
    r"(?:site_context|visitor_page|passage|tool_output|site_person|visitor_to_person))",
    re.IGNORECASE,
)
"""The beginnings of our own tags, which are escaped in all other text."""


def is_kept(turn: Exchange) -> bool:
    """Return whether a turn is sent to Claude: it has a question, a reply, and a status in KEPT."""
    return turn.status in KEPT and bool(turn.reply.strip() and turn.question.strip())


def messages(
    turns: Iterable[Exchange | PersonalExchange],
    *,
    question: str,
    page: VisitorPage | None = None,
    context: str | None = None,
    context_word: str = "",
    passages: Sequence[SearchResult] = (),
    citations: bool = True,
    caching: bool = True,
) -> list[dict[str, Any]]:
    """Return the `messages` of a request. Roles alternate; the first and last one are "user".

    Turns that `is_kept` rejects are left out. Turns of a person go into the next "user" message.

    Args:
        turns: The earlier turns, oldest first.
        question: The visitor's question.
        page: The page that the visitor is on; None if it is not known.
        context: The owner's facts about the visitor, "" if there are no facts; None for bots
            without `Chatbot.context`.
        context_word: A random word for the tags around `context`, new in every request.
        passages: Passages to send.
        citations: Whether the server supports search results and citations.
        caching: Whether the server supports `cache_control`.
    """
    history: list[dict[str, Any]] = []
    personal: list[dict[str, Any]] = []
    for turn in turns:
        if isinstance(turn, PersonalExchange):
            personal += _personal_blocks(turn, first=not personal)
        elif is_kept(turn):
            asked = [*personal, text_block(without_tags(turn.question))]
            history.append({"role": "user", "content": asked})
            history.append({"role": "assistant", "content": [text_block(without_tags(turn.reply))]})
            personal = []
    if history and caching:
        history[-1]["content"][-1]["cache_control"] = BREAKPOINT
    newest = personal
    if context is not None:
        newest.append(context_block(context, context_word))
    if page and (page.url or page.title):
        url, title = escape(page.url), escape(page.title)
        newest.append(text_block(f'<visitor_page url="{url}" title="{title}"></visitor_page>'))
    newest += search_result_blocks(passages, citations=citations)
    if passages and not citations:
        newest.append(text_block(MARKS))
    newest.append(text_block(without_tags(question)))
    return [*history, {"role": "user", "content": newest}]


def _personal_blocks(turn: PersonalExchange, *, first: bool) -> list[dict[str, Any]]:
    """Return what a visitor and a person said, as blocks for the next message of the visitor."""
    texts = [PERSON_NOTE] if first else []
    if turn.question.strip():
        texts.append(f"<visitor_to_person>{without_tags(turn.question)}</visitor_to_person>")
    if turn.answer.strip():
        name = escape(turn.name)
        texts.append(f'<site_person name="{name}">{without_tags(turn.answer)}</site_person>')
    return [text_block(text) for text in texts]


def system(*prompts: str, caching: bool = True, for_hour: bool = False) -> list[dict[str, Any]]:
    """Return the `system` of a request: a block for each prompt that is not empty.

    Args:
        prompts: The texts.
        caching: Whether the server supports `cache_control`.
        for_hour: Whether the texts, and the tools before them, are cached for one hour.
    """
    blocks = [text_block(prompt) for prompt in prompts if prompt.strip()]
    if blocks and caching:
        blocks[-1]["cache_control"] = {**BREAKPOINT, "ttl": HOUR} if for_hour else BREAKPOINT
    return blocks


def context_block(context: str, word: str) -> dict[str, Any]:
    """Return the block with the owner's facts about the visitor, in a tag with a random word.

    If there are no facts (""), the block says so.
    """
    tag, facts = f"site_context_{word}", without_tags(context.strip()) or NO_CONTEXT
    return text_block(f"{CONTEXT_NOTE}\n<{tag}>\n{facts}\n</{tag}>")


def search_result_blocks(
    passages: Sequence[SearchResult], *, citations: bool, first: int = 1
) -> list[dict[str, Any]]:
    """Return passages as content blocks.

    Args:
        passages: The passages.
        citations: Whether the server supports search results. If not, the blocks are numbered text.
        first: The number of the first passage.
    """
    if citations:
        return [
            {
                "type": "search_result",
                "source": passage.source,
                "title": without_tags(
                    " > ".join([passage.title or passage.url, *passage.headings])
                ),
                "content": [text_block(without_tags(passage.text))],
                "citations": {"enabled": True},
            }
            for passage in passages
        ]
    return [
        text_block(f'<passage n="{n}">{_inert(_as_data(passage))}</passage>')
        for n, passage in enumerate(passages, first)
    ]


def without_tags(text: str) -> str:
    """Return the text with our own tags escaped."""
    return OWN_TAGS.sub("&lt;", text)


def text_block(text: str) -> dict[str, Any]:
    """Return a text as a content block."""
    return {"type": "text", "text": text}


def _as_data(passage: SearchResult) -> dict[str, Any]:
    """Return a passage as JSON values, with `approved` only if it is true."""
    data = {**vars(passage)}
    if not passage.approved:
        del data["approved"]
    return data


def _inert(data: dict[str, Any]) -> str:
    """Return JSON in which no tag can be opened or closed."""
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
