"""The visitor's answers to the question whether a tool may run.

If a tool has a question for the visitor, the reply ends before the tool runs. The row of the reply
(`Message`) shows the question. The row of the call (`ToolUse`) stores the continuation: the
conversation with Claude up to the call, as JSON. The visitor's answer makes the same reply run
again, in these steps:

1. `find_asked` finds the call.
2. `decide` loads the continuation, with the current system prompt and tools.
3. One transaction stores the answer, reserves the cost of the further requests, and marks the
   reply as running. If it is rolled back, the reservation is cancelled too.
4. The engine runs the call, or tells Claude that the visitor declined. Then Claude goes on.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from functools import partial

from django.contrib.auth import get_user_model
from django.db import IntegrityError
from django.utils import timezone

from sitechat import engine
from sitechat.chatbot import Chatbot
from sitechat.conversations import message_storing, offered_tools, prompt
from sitechat.conversations.replies import ReplyHandle, question_id
from sitechat.conversations.turn_limits import free_reply_slot, is_slot_taken
from sitechat.conversations.visit import Visit
from sitechat.engine import reservations
from sitechat.engine.continuation import Continuation, load
from sitechat.engine.live_reply import LiveReply
from sitechat.engine.reply import Reply
from sitechat.engine.reply_costs import Reserved
from sitechat.engine.tool_interface import Decision
from sitechat.errors import AlreadyDecided, NotFound, Overloaded
from sitechat.ledger import get_ledger
from sitechat.models import Message, Status, ToolState, ToolUse
from sitechat.runtime import database
from sitechat.runtime.process_identity import identity

ATTEMPTS = 5
"""Maximum attempts to store an answer while other messages of the visitor's address take the free
slots (see `turn_limits.free_reply_slot`)."""


def find_asked(visit: Visit, row: Message, use_id: uuid.UUID) -> ToolUse:
    """Return the call that one of the visitor's replies asks about.

    Args:
        visit: The visitor.
        row: The reply.
        use_id: The id of the call.

    Raises:
        NotFound: The reply has no such call, or another user was asked.
        AlreadyDecided: The call was decided before, or the time for an answer is over.
    """
    use = ToolUse.objects.filter(pk=use_id, reply=row).exclude(question="").first()
    if use is None or use.user != visit.account_key:
        raise NotFound
    if not ToolUse.objects.open().filter(pk=use.pk).exists():
        raise AlreadyDecided(reply=str(row.pk))
    return use


def decide(
    visit: Visit,
    row: Message,
    use: ToolUse,
    bot: Chatbot,
    *,
    approve: bool,
    loop: asyncio.AbstractEventLoop | None,
    words: prompt.BotWords | None = None,
) -> ReplyHandle:
    """Store the visitor's answer, and continue the reply.

    Args:
        visit: The visit of the answer. Tools get its request.
        row: The reply that asks, with its conversation.
        use: The tool call in question.
        bot: The bot of the conversation.
        approve: Whether the visitor agrees to the call.
        loop: The server's event loop, which runs the reply; None under WSGI.
        words: The results of the bot's own methods; None if they have not been called.

    Raises:
        AlreadyDecided: The call was decided in the meantime, or another version of the package has
            stored the continuation.
        NotFound: The conversation was deleted in the meantime.
        RateLimited, BudgetExhausted, Overloaded: The limits have no room, the ledger does not
            answer, or too many messages of the address arrive at once. The answer is not stored, so
            the visitor can answer again.
        PoolFull: No thread can start to run the reply. The answer is not stored.
        Exception: A method of the bot has raised it. The answer is not stored.
    """
    engine.ensure_loop(loop)
    tools = offered_tools.offer(visit, bot)
    if words is None:
        words = prompt.bot_words_sync(bot, visit.request)
    request = prompt.template(bot, words, tools, row.conversation_id)
    try:
        continuation = load(use.continuation, request, words.context)
    except (ValueError, KeyError, TypeError):
        raise AlreadyDecided(reply=str(row.pk)) from None
    reply = _running_reply(row)  # before a reservation that nothing would settle after an error
    reserved = _store(visit, row, use, continuation, approve=approve)
    live = LiveReply(
        reply,
        continuation.round.request,
        conversation_id=row.conversation_id,
        bot=bot,
        reserved=reserved,
        visitor=visit.visitor,
        tools=tools,
        command=visit.command,
        account=visit.account_key,
    )
    # The row has this text already, so checkpoints write only what follows.
    live.checkpointed = (len(reply), len(reply.citations))
    live.continuation, live.tool_calls = continuation, continuation.tool_calls
    live.decision = Decision(use.pk, approve, partial(_is_same_user, visit, use))
    engine.start(live, loop=loop)
    return ReplyHandle(live.reply, live)


def _running_reply(row: Message) -> Reply:
    """Return the state of a reply that continues with the text and sources of its row.

    Raises:
        NotFound: The conversation was deleted in the meantime.
    """
    return Reply(
        id=str(row.pk),
        message_id=str(question_id(row)),
        text=row.text,
        sources=row.sources,
        citations=row.citations,
        suggestions=row.suggestions,
        offer=row.offer or "",
    )


def _store(
    visit: Visit, row: Message, use: ToolUse, continuation: Continuation, *, approve: bool
) -> Reserved:
    """Store the answer and mark the reply as running; return the reservation.

    The transaction is retried after conflicts with other requests. See `decide` for the errors.
    """
    store = partial(_store_once, visit, row, use, continuation, approve=approve)
    for _attempt in range(ATTEMPTS):
        reserved = _unless_slot_is_taken(store)
        if reserved is not None:
            return reserved
    raise Overloaded(retry_after=1)


def _unless_slot_is_taken(store: Callable[[], Reserved]) -> Reserved | None:
    """Run the transaction `store`; return None if another request has taken its slot."""
    try:
        return database.retry(store)
    except IntegrityError as error:
        if not is_slot_taken(error):
            raise
    return None


def _store_once(
    visit: Visit, row: Message, use: ToolUse, continuation: Continuation, *, approve: bool
) -> Reserved:
    """Store the answer and mark the reply as running, in one transaction. See `_store`."""
    reserved: Reserved | None = None
    try:
        with database.atomic():
            try:
                message_storing.lock(row.conversation)
            except message_storing.ConversationDeleted:
                raise NotFound from None
            by = f"user {visit.account_key}" if visit.account_key else "visitor"
            state = ToolState.APPROVED if approve else ToolState.DECLINED
            if not ToolUse.objects.open().filter(pk=use.pk).close(state, by=by):
                raise AlreadyDecided(reply=str(row.pk))
            slot = free_reply_slot(visit.visitor.ip, guess=False)
            reserved = reservations.reserve(visit.visitor, continuation.round.request)
            Message.objects.filter(pk=row.pk).update(
                status=Status.RUNNING,
                running_in=row.conversation_id,
                slot=slot,
                reserved=reserved,
                process=identity(),
                confirm=None,
                error=None,
                stop_at=None,
                suspected=None,
                updated=timezone.now(),
            )
    except BaseException:
        if reserved is not None:
            # Without limits there are no claims (None) to cancel.
            get_ledger().cancel_after_rollback(reserved["claims"] or [], database.alias())
        raise
    return reserved


def _is_same_user(visit: Visit, use: ToolUse) -> bool:
    """Return whether the user who was asked still exists and is active.

    `find_asked` has already compared the visitor with this user. If an anonymous visitor was asked,
    return whether the visitor is anonymous.
    """
    if not use.user:
        return visit.account is None
    user = get_user_model()._default_manager.filter(pk=use.user).first()
    return user is not None and getattr(user, "is_active", True)
