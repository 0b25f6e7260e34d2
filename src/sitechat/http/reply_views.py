"""The endpoints of one reply: follow it, stop it, rate it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from sitechat.chatbot import find_bot
from sitechat.conversations import replies
from sitechat.conversations.visit import Visit
from sitechat.http import admission, read_limits, request_parsing, visit_reader
from sitechat.http.dispatch import endpoint, varying_by_accept
from sitechat.http.reply_responses import RequestStream, header_values, headers_only
from sitechat.http.request_origins import check_origin
from sitechat.models import Message
from sitechat.payloads.messages import ShownReply
from sitechat.runtime.request_steps import RequestSteps


async def _reply(request: HttpRequest, steps: RequestSteps, reply_id: str) -> HttpResponseBase:
    """Respond with the reply as a stream, or as JSON to clients that poll."""
    read_limits.check_call(request, "reads")
    accepts = header_values(request.headers.get("Accept", ""))
    if "application/json" in accepts and "text/event-stream" not in accepts:
        return JsonResponse(await steps.run(partial(_current, request, reply_id)))
    if request.method == "HEAD":
        await steps.run(partial(_current, request, reply_id))
        return headers_only(request)
    stream = RequestStream(request)
    stream.follow(reply_id)
    try:
        handle, after = await steps.run(partial(_handle, request, reply_id, stream))
        return stream.respond(handle, after)
    except BaseException:
        stream.release()
        raise


def _current(request: HttpRequest, reply_id: str) -> ShownReply:
    """Return the reply as JSON, with the text after the characters that the client has."""
    visit = visit_reader.read_visit(request)
    row = find_reply(request, visit, reply_id)
    after = request_parsing.read_after(request)
    return replies.snapshot(visit, row).as_dict(after)


def _handle(
    request: HttpRequest, reply_id: str, stream: RequestStream
) -> tuple[replies.ReplyHandle, int]:
    """Take a slot if the reply is running. Return the reply, and how much of it the client has."""
    visit = visit_reader.read_visit(request)
    row = find_reply(request, visit, reply_id)
    after = request_parsing.read_after(request)
    handle = replies.follow(visit, row)
    if not handle.reply.finished:
        stream.take()
    return handle, after


async def _stop(request: HttpRequest, steps: RequestSteps, reply_id: str) -> HttpResponseBase:
    """Stop the reply, and respond with it as JSON."""
    check_origin(request)
    read_limits.check_call(request, "actions")
    return JsonResponse(await steps.run(partial(_stop_reply, request, reply_id)))


def _stop_reply(request: HttpRequest, reply_id: str) -> ShownReply:
    visit = visit_reader.read_visit(request)
    row = find_reply(request, visit, reply_id)
    replies.stop(row, request_parsing.read_stop(request))
    return replies.snapshot(visit, replies.refreshed(row)).as_dict()


async def _rate(request: HttpRequest, steps: RequestSteps, reply_id: str) -> HttpResponseBase:
    """Store the visitor's rating, and respond with it as JSON."""
    check_origin(request)
    read_limits.check_call(request, "actions")
    row = await steps.run(lambda: find_reply(request, visit_reader.read_visit(request), reply_id))
    sent = request_parsing.read_rating(request)
    if sent.comment:
        comment = await admission.clean_text(row.conversation.bot, sent.comment, steps)
        sent = replace(sent, comment=comment)
    await steps.run(partial(replies.rate, row, sent.rating, sent.comment))
    return JsonResponse({"reply": str(row.pk), "rating": sent.rating})


def find_reply(request: HttpRequest, visit: Visit, reply_id: str) -> Message:
    """Return the visitor's reply with this id; if `?bot=` names a bot, only a reply of this bot.

    Raises:
        InvalidRequest: The site has no such bot.
        NotFound: The visitor has no such reply.
    """
    name = request.GET.get("bot")
    return replies.find_reply(visit, reply_id, None if name is None else find_bot(name).name)


reply = endpoint(GET=varying_by_accept(_reply))
stop = endpoint(POST=_stop)
rating = endpoint(POST=_rate)
