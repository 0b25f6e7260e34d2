"""Trial questions to a bot from the admin, which are answered as to an anonymous visitor."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.db import DatabaseError
from django.utils.translation import gettext as _

from sitechat.errors import ChatError
from sitechat.models import Asker, Status
from sitechat.runtime import database
from sitechat.runtime.safe_logging import get_logger

if TYPE_CHECKING:
    from sitechat.engine.live_reply import LiveReply
    from sitechat.payloads.messages import CitedPage

logger = get_logger("sitechat.reports")

MAX_QUESTIONS = 3
"""Maximum number of questions that are asked at once."""

TIME_LIMIT = 25
"""Seconds for all answers together. Many servers end a request after 30 seconds."""


@dataclass
class TrialAnswer:
    """A question and what the bot answered."""

    question: str
    text: str = ""
    sources: list[CitedPage] = field(default_factory=list)
    problem: str = ""
    """Why the answer is missing or incomplete; empty if it is complete."""
    did_not_know: bool = False
    """Whether Claude has marked the answer, because it lacks the requested information."""
    dollars: float = 0.0


def ask(
    questions: Sequence[str],
    bot: str,
    instructions: str | None = None,
    *,
    within: float = TIME_LIMIT,
) -> list[TrialAnswer]:
    """Ask up to MAX_QUESTIONS questions, one after the other. The answers cost money.

    Args:
        questions: The questions.
        bot: The bot that answers.
        instructions: Instructions to add to the system prompt; None for the saved ones.
        within: Seconds for all answers together. An answer that is not complete by then is cut off,
            and the questions after it are not asked. Their `problem` says so.

    Returns:
        An answer, or a problem, for each of the first MAX_QUESTIONS questions. An exception of a
        method of the bot, or of the database, is logged, and is a problem of its question only.
    """
    # Imported here to keep the start fast: the admin imports this module, and asking imports most
    # of the package.
    from sitechat.reports import asking_bots

    answers = [TrialAnswer(question) for question in questions[:MAX_QUESTIONS]]
    asking_bots.run(_ask_all(answers, bot, instructions, monotonic() + within))
    return answers


async def _ask_all(
    answers: Sequence[TrialAnswer], bot: str, instructions: str | None, until: float
) -> None:
    # Imported here to keep the start fast, as in `ask`.
    from sitechat.reports import asking_bots

    for answer in answers:
        if monotonic() >= until:
            answer.problem = _(
                "Not asked: the earlier answers took too long. Ask this question alone."
            )
            continue
        live = None
        try:
            asking_bots.check_configured()
            live = await sync_to_async(_compose)(answer.question, bot, instructions)
            await asking_bots.answer(live, until=until)
        except ChatError as error:
            answer.problem = str(error.as_dict()["message"])
        except Exception as error:
            logger.exception("A question from the admin to the bot %r failed", bot)
            is_of_bot = live is None and not isinstance(error, DatabaseError)
            answer.problem = _bot_failure(error) if is_of_bot else _failure()
        else:
            answer.problem = _problem(live)
        if live is not None:
            answer.text = live.reply.text
            answer.sources = live.reply.sources
            answer.did_not_know = live.reply.did_not_know
            answer.dollars = float(live.spent.dollars)


def _compose(question: str, bot: str, instructions: str | None) -> LiveReply:
    """Return the reply to a question, which is not started."""
    # Imported here to keep the start fast, as in `ask`.
    from sitechat.reports import asking_bots

    # A savepoint keeps the transaction of the request usable if the database raises an error.
    with database.atomic() if database.in_transaction() else nullcontext():
        message = asking_bots.parse_question(question, bot)
        return asking_bots.compose_question(message, Asker.ADMIN, instructions=instructions)


def _bot_failure(error: Exception) -> str:
    return _("The code of the bot failed: %(error)s. The log has the details.") % {
        "error": type(error).__name__
    }


def _failure() -> str:
    return f"{ChatError.message} " + _("See the site's log.")


def _problem(live: LiveReply) -> str:
    """Return why an answer that has ended is missing or incomplete; "" if it is complete."""
    # Imported here to keep the start fast, as in `ask`.
    from sitechat.reports import asking_bots

    ending = live.ending
    assert ending is not None  # noqa: S101 - the reply has ended
    if ending.error is not None:
        return asking_bots.failure_reason(ending.error, live.request.model)
    if ending.status == Status.STOPPED:
        return _("The answer took too long, so it was cut off. Visitors get the whole answer.")
    if ending.status != Status.COMPLETE:
        return str(Status(ending.status).label)
    return ""
