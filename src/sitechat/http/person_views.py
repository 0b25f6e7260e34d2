"""The endpoints about a person of the site: request a person, return to the bot, get updates."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _

from sitechat.chatbot import Chatbot, find_bot
from sitechat.claude.messages import VisitorPage
from sitechat.conf import conf
from sitechat.conversations import consent, own_conversations
from sitechat.engine.reply import Event
from sitechat.http import admission, read_limits, request_parsing, session_data, sse, visit_reader
from sitechat.http.admin_links import admin_link
from sitechat.http.dispatch import endpoint, varying_by_accept
from sitechat.http.reply_responses import (
    RequestStream,
    header_values,
    headers_only,
    on_server_loop,
    server_of,
)
from sitechat.http.request_origins import check_origin
from sitechat.http.update_stream import ReadUpdates, UpdateStream
from sitechat.payloads.updates import Updates
from sitechat.people import handoff, visitor_actions
from sitechat.people.person_options import person_options
from sitechat.people.visitor_updates import parse_cursor, updates
from sitechat.runtime.request_steps import RequestSteps


async def _ask(request: HttpRequest, steps: RequestSteps) -> HttpResponseBase:
    """Request a person for the visitor's conversation, and respond with 202."""
    check_origin(request)
    read_limits.check_call(request, "actions")
    bot = find_bot(request.GET.get("bot"))
    page = request_parsing.read_visitor_page(request)
    await admission.check_allowed(bot, request, steps)
    return JsonResponse(await steps.run(partial(_request_person, request, bot, page)), status=202)


def _request_person(request: HttpRequest, bot: Chatbot, page: VisitorPage) -> dict[str, Any]:
    """Ask for a person in the visitor's conversation, and return the JSON of the response."""
    visit = visit_reader.read_visit(request)
    consent.check(visit)
    conversation_id = request.GET.get("conversation")
    requested = visitor_actions.request_person(
        visit,
        bot,
        conversation_id,
        page,
        admin_url=partial(admin_link, request, "sitechat_handoff_change"),
    )
    if conversation_id is None:
        session_data.remember_accepted(request, visit, bot.name, requested.pk)
    return {
        "conversation": str(requested.pk),
        "person": handoff.as_dict(requested, person_options()),
    }


async def _leave(request: HttpRequest, steps: RequestSteps) -> HttpResponseBase:
    """Let the bot answer again: the visitor leaves a person, or no longer waits for a person."""
    check_origin(request)
    read_limits.check_call(request, "actions")
    bot = find_bot(request.GET.get("bot"))
    return JsonResponse(await steps.run(partial(_leave_person, request, bot)))


def _leave_person(request: HttpRequest, bot: Chatbot) -> dict[str, Any]:
    """End the handoff of the visitor's conversation, and return the JSON of the response."""
    visit = visit_reader.read_visit(request)
    ended = visitor_actions.leave_person(visit, bot, request.GET.get("conversation"))
    return {"person": handoff.as_dict(ended, person_options())}


async def _updates(request: HttpRequest, steps: RequestSteps) -> HttpResponseBase:
    """Respond with a stream of updates, or with JSON to clients that poll."""
    read_limits.check_call(request, "reads")
    wants_stream = "text/event-stream" in header_values(request.headers.get("Accept", ""))
    # One thread watches all handoffs of a process, which is not possible for isolated requests.
    if not (wants_stream and on_server_loop(request)) or conf.CHAT_REQUEST_ISOLATION:
        return JsonResponse(await steps.run(partial(_current_updates, request)))
    if request.method == "HEAD":
        await steps.run(partial(_current_updates, request))
        return headers_only(request)
    stream = RequestStream(request)
    try:
        conversation, read_updates, after = await steps.run(
            partial(_start_watching, request, stream)
        )
        if stream.slot is None:  # no stream is free, and the client can poll
            stream.release()
            return JsonResponse(await steps.run(partial(read_updates, after)))
        return sse.stream(
            UpdateStream(
                conversation,
                read_updates,
                after,
                steps=steps,
                slot=stream.slot,
                max_seconds=server_of(request).max_stream_seconds,
            )
        )
    except BaseException:
        stream.release()
        raise


def _current_updates(request: HttpRequest) -> Updates:
    """Return the updates after the client's cursor."""
    read_updates, after = _updates_reader(request)
    return read_updates(after)


def _start_watching(
    request: HttpRequest, stream: RequestStream
) -> tuple[UUID | None, ReadUpdates, int | None]:
    """Take a slot (see `stream_slots`) for a stream of updates, if a slot is free.

    Returns:
        The primary key of the conversation, or None if there is none; and the two values that
        `_updates_reader` returns.

    Raises:
        InvalidRequest: The site has no such bot, or a cursor is not valid.
        NotFound: The visitor has no such conversation.
        TooManyCalls: The conversation or the address has too many open streams.
        Overloaded: No slot is free, and the client can't poll.
    """
    read_updates, after = _updates_reader(request)
    visit = visit_reader.read_visit(request)
    bot = find_bot(request.GET.get("bot"))
    conversation = own_conversations.find(visit, bot.name, request.GET.get("conversation"))
    pk = None if conversation is None else conversation.pk
    stream.follow(f"updates:{pk}")
    stream.take()
    return pk, read_updates, after


def _updates_reader(request: HttpRequest) -> tuple[ReadUpdates, int | None]:
    """Return a function that reads updates, and the client's cursor.

    The cursor is the greater of `?after=` and `Last-Event-ID`; None if both are missing.

    Raises:
        InvalidRequest: One of the two is not a cursor, or the site has no such bot.
    """
    bot = find_bot(request.GET.get("bot"))
    given = [request.GET.get("after"), request.headers.get("Last-Event-ID")]
    cursors = [cursor for cursor in map(parse_cursor, given) if cursor is not None]
    visit = visit_reader.read_visit(request)
    conversation_id = request.GET.get("conversation")

    def read_updates(after: int | None) -> Updates:
        return updates(visit, own_conversations.find(visit, bot.name, conversation_id), after)

    return read_updates, max(cursors, default=None)


def delivery_response(
    request: HttpRequest, message: visitor_actions.DeliveredMessage
) -> HttpResponseBase:
    """Return the response to a message for a person: a stream that contains no reply."""
    text = _("%(name)s answers here.") % {"name": message.name or _("Support")}
    events: list[dict[str, Any]] = [
        {"message": message.message_id},
        {"status": "person", "text": text},
        {"done": "person"},
    ]
    body = sse.OPEN + b"".join(sse.encode(Event(data)) for data in events) + sse.DONE
    return sse.stream(_async_once(body) if on_server_loop(request) else _once(body))


def _once(body: bytes) -> Iterator[bytes]:
    yield body


async def _async_once(body: bytes) -> AsyncIterator[bytes]:
    yield body


person = endpoint(POST=_ask, DELETE=_leave)
conversation_updates = endpoint(GET=varying_by_accept(_updates))
