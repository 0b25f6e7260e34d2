"""Cases for `chat_eval` from a conversation, with its questions and cited sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from sitechat.engine.unknown_phrases import says_unknown
from sitechat.models import Conversation, Message, Role, Status

MAX_CASES = 200
"""Maximum number of cases in a suite. A longer conversation gives the newest cases."""

ANSWERED = (Status.COMPLETE, Status.TRUNCATED)


def suite_from_conversation(conversation: Conversation) -> dict[str, Any]:
    """Return the data of a suite file, with a case for each answered or refused question.

    Questions that the visitor has replaced, and questions whose replies failed or were stopped,
    have no case. The answers of the conversation meet all expectations. If an answer was wrong, the
    owner corrects its case.
    """
    suite: dict[str, Any] = {"cases": [*_cases(conversation)][-MAX_CASES:]}
    return suite if conversation.bot == "default" else {"bot": conversation.bot, **suite}


def _cases(conversation: Conversation) -> Iterator[dict[str, Any]]:
    earlier: list[dict[str, str]] = []
    question: Message | None = None
    for message in conversation.messages.order_by("position"):
        if message.role == Role.USER:
            question = None if message.replaced else message
        elif message.role == Role.ASSISTANT and question is not None and question.text.strip():
            case = _case(question, message, earlier)
            if case is not None:
                yield case
            if message.status in ANSWERED and message.text.strip():
                earlier = [*earlier, {"ask": question.text, "answer": message.text}]
            question = None


def _case(
    question: Message, reply: Message, earlier: list[dict[str, str]]
) -> dict[str, Any] | None:
    """Return the case of a question; None if its reply failed or was stopped.

    Args:
        question: The visitor's message.
        reply: The reply to it.
        earlier: The questions and answers before it, with the keys of `after` in a suite file.
    """
    is_unknown = reply.did_not_know or says_unknown(reply.text)
    case: dict[str, Any] = {"ask": question.text}
    if earlier:
        case["after"] = earlier
    if reply.status == Status.REFUSED or (reply.status in ANSWERED and is_unknown):
        return {**case, "must_refuse": True}
    if reply.status not in ANSWERED:
        return None
    case["must_refuse"] = False
    cited = list(dict.fromkeys(filter(None, map(_path, reply.sources))))
    return {**case, "must_cite": cited} if cited else case


def _path(source: Any) -> str:
    """Return the path of a cited page, which is the same on a development server."""
    url = source.get("url") if isinstance(source, dict) else None
    try:
        return urlsplit(url).path if isinstance(url, str) else ""
    except ValueError:
        return ""
