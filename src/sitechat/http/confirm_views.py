"""The endpoint by which a visitor approves or declines a tool call."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from django.http import HttpRequest, HttpResponseBase

from sitechat import claude
from sitechat.chatbot import Chatbot, find_bot
from sitechat.conversations import confirmation_answers, prompt, replies
from sitechat.conversations.visit import Visit
from sitechat.errors import InvalidRequest, NotFound
from sitechat.http import admission, read_limits, reply_views, request_parsing, visit_reader
from sitechat.http.dispatch import endpoint
from sitechat.http.reply_responses import RequestStream
from sitechat.http.request_origins import check_origin
from sitechat.models import Message, ToolUse
from sitechat.runtime import database
from sitechat.runtime.request_steps import RequestSteps


@dataclass(frozen=True)
class AskedReply:
    """A reply that waits for its visitor's decision, and the tool call to decide about."""

    visit: Visit
    row: Message
    use: ToolUse
    bot: Chatbot


async def _confirm(request: HttpRequest, steps: RequestSteps, reply_id: str) -> HttpResponseBase:
    """Store the visitor's decision, and return the continued reply as a stream, or 202 to poll."""
    check_origin(request)
    read_limits.check_call(request, "actions")
    decision = request_parsing.read_confirmation(request)
    asked = await steps.run(partial(_find, request, reply_id, decision))
    await admission.check_allowed(asked.bot, request, steps)
    words = None
    if prompt.has_own_methods(asked.bot):
        words = await prompt.bot_words(asked.bot, request, steps.call_method)
    stream = RequestStream(request)
    try:
        work = partial(_decide, request, asked, decision.approve, stream, steps, words)
        handle, after = await steps.run(work)
        return stream.respond(handle, after)
    except BaseException:
        stream.release()
        raise


def _find(
    request: HttpRequest, reply_id: str, decision: request_parsing.Confirmation
) -> AskedReply:
    """Look up the reply and the tool call that the visitor decides about.

    Raises:
        NotFound: The visitor has no such reply, or its bot was removed from the site.
        ChatError: The visitor can't decide about the tool call now, or Claude can't be called.
    """
    if not database.in_transaction():  # a test's transaction: start no other thread in it
        claude.warm_up()
    visit = visit_reader.read_visit(request)
    row = reply_views.find_reply(request, visit, reply_id)
    use = confirmation_answers.find_asked(visit, row, decision.use)
    try:
        bot = find_bot(row.conversation.bot)
    except InvalidRequest:  # the site has removed the bot
        raise NotFound from None
    admission.check_ready()
    return AskedReply(visit, row, use, bot)


def _decide(
    request: HttpRequest,
    asked: AskedReply,
    approve: bool,
    stream: RequestStream,
    steps: RequestSteps,
    words: prompt.BotWords | None,
) -> tuple[replies.ReplyHandle, int]:
    """Store the decision. Return the continued reply, and how many characters the client has.

    If the request names no number, the client is assumed to have all text so far.
    """
    stream.take()
    after = request_parsing.read_after(request, default=len(asked.row.text))
    handle = confirmation_answers.decide(
        asked.visit, asked.row, asked.use, asked.bot, approve=approve, loop=steps.loop, words=words
    )
    return handle, after


confirm = endpoint(POST=_confirm)
