"""Trial questions to a bot from the admin, which are answered as to an anonymous visitor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING

from asgiref.sync import sync_to_async
from django.db import DatabaseError
from django.utils.translation import gettext as _

from sitechat.errors import ChatError
from sitechat.models import Asker, Status
from sitechat.runtime.safe_logging import get_logger

if TYPE_CHECKING:
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
        An answer, or a problem, for each of the first MAX_QUESTIONS questions.

    Raises:
        Exception: A method of the bot has raised it, or the usage could not be stored.
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
        try:
            asking_bots.check_configured()
            message = await sync_to_async(asking_bots.parse_question)(answer.question, bot)
            live = await sync_to_async(asking_bots.compose_question)(
                message, Asker.ADMIN, instructions=instructions
            )
        except ChatError as error:
            answer.problem = str(error.as_dict()["message"])
            continue
        except DatabaseError:
            raise
        except Exception as error:  # of a method of the bot
            logger.exception("A method of the bot %r failed in a question from the admin", bot)
            answer.problem = _(
                "The code of the bot failed: %(error)s. The log has the details."
            ) % {"error": type(error).__name__}
            continue
        usage = await asking_bots.answer(live, until=until)
        answer.text = live.reply.text
        answer.sources = live.reply.sources
        answer.did_not_know = live.reply.did_not_know
        answer.dollars = float(usage.dollars)
        ending = live.ending
        if ending is not None and ending.error is not None:
            answer.problem = asking_bots.failure_reason(ending.error, live.request.model)
        elif usage.status == Status.STOPPED:
            answer.problem = _(
                "The answer took too long, so it was cut off. Visitors get the whole answer."
            )
        elif usage.status != Status.COMPLETE:
            answer.problem = str(Status(usage.status).label)
