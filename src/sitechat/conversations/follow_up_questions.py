"""Follow-up questions: headings of the found passages that are questions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz, utils

from sitechat.claude.messages import SearchResult

MAX_QUESTIONS = 3
MAX_LENGTH = 100
"""Maximum characters of a follow-up question."""

SAME = 80
"""Minimum likeness (0 to 100) of two questions that ask the same."""

QUESTION_MARKS = ("?", "\uff1f", "\u061f")


def follow_ups(documents: Sequence[SearchResult], *, asked: Iterable[str]) -> list[str]:
    """Return headings and titles of the passages that are questions and were not asked yet.

    Args:
        documents: The passages that are sent with the visitor's question.
        asked: The visitor's questions in the conversation.
    """
    known = list(asked)
    found: list[str] = []
    for document in documents:
        for text in (*reversed(document.headings), document.title):
            question = " ".join(text.split())
            if not question.endswith(QUESTION_MARKS) or len(question) > MAX_LENGTH:
                continue
            if any(_is_same(question, other) for other in (*known, *found)):
                continue
            found.append(question)
            if len(found) == MAX_QUESTIONS:
                return found
    return found


def _is_same(question: str, other: str) -> bool:
    return fuzz.token_set_ratio(question, other, processor=utils.default_process) >= SAME
