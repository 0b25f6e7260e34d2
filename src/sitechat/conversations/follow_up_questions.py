"""Follow-up questions, chosen from the headings of the passages. This module does no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rapidfuzz import fuzz, utils

from sitechat.claude.messages import SearchResult

MAX_QUESTIONS = 3
"""Maximum number of follow-up questions."""

MAX_LENGTH = 100
"""Maximum characters of a follow-up question."""

MIN_SIMILARITY = 80
"""Minimum similarity (0 to 100) at which two questions count as the same."""

QUESTION_MARKS = ("?", "\uff1f", "\u061f")
"""The question marks of Latin scripts, of East Asian scripts, and of Arabic."""


def follow_ups(passages: Sequence[SearchResult], *, asked: Iterable[str]) -> list[str]:
    """Return questions that are headings or titles of the passages, and were not asked yet.

    There are at most MAX_QUESTIONS, in the order of the passages.

    Args:
        passages: The passages that are sent with the visitor's question.
        asked: The visitor's questions in the conversation.
    """
    earlier = list(asked)
    questions: list[str] = []
    for passage in passages:
        for text in (*reversed(passage.headings), passage.title):
            question = " ".join(text.split())
            if not question.endswith(QUESTION_MARKS) or len(question) > MAX_LENGTH:
                continue
            if any(_is_same(question, other) for other in (*earlier, *questions)):
                continue
            questions.append(question)
            if len(questions) == MAX_QUESTIONS:
                return questions
    return questions


def _is_same(question: str, other: str) -> bool:
    similarity = fuzz.token_set_ratio(question, other, processor=utils.default_process)
    return similarity >= MIN_SIMILARITY
