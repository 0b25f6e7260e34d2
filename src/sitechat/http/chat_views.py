"""The endpoints of `chat/` and `chat/conversations/`: send, show, list and delete.

The handlers serve WSGI and ASGI: they await database steps, see `sitechat.runtime.request_steps`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from sitechat import claude
from sitechat.chatbot import find_bot
from sitechat.conversations import (
    command_signature,
    consent,
    conversation_list,
    conversation_lookup,
    edited_bot_texts,
    erasure,
    history_pages,
    own_conversations,
    prompt,
    turn_limits,
    turns,
)
from sitechat.conversations.conversation_lookup import ConversationState, Turn
from sitechat.conversations.message_body import IncomingMessage
from sitechat.conversations.visit import Visit
from sitechat.errors import NotConfigured, PersonJoined
from sitechat.http import (
    admission,
    person_views,
    read_limits,
    request_parsing,
    session_data,
    session_saving,
    turn_queue,
    visit_reader,
)
from sitechat.http.chat_paths import chat_paths
from sitechat.http.dispatch import endpoint
from sitechat.http.reply_responses import RequestStream, server_of
from sitechat.http.request_origins import check_origin
from sitechat.http.widget_options import widget_options
from sitechat.knowledge.index import embeddings
from sitechat.ledger import get_ledger
from sitechat.ledger.claims import LimitLeft
from sitechat.models import Asker, Conversation
from sitechat.payloads.updates import ShownPerson
from sitechat.people import handoff, visitor_actions
from sitechat.people.contact_form import current_form
from sitechat.people.person_options import person_options
from sitechat.runtime import database
from sitechat.runtime.request_steps import RequestSteps
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.views")


@dataclass(frozen=True)
class IncomingTurn:
    """The visit and conversation of an incoming message; for a retry, also its earlier copy."""

    visit: Visit
    state: ConversationState
    turn: Turn | None
    """The turn that an earlier copy of the message has started; None if there is none."""
    delivered: visitor_actions.DeliveredMessage | None = None
    """The earlier copy of the message, if it was stored for a person."""
    is_personal: bool = False
    """Whether a person has joined and the message is new."""

    @property
    def asks_claude(self) -> bool:
        """Whether the message starts a new turn, in which Claude answers."""
        return self.turn is None and self.delivered is None and not self.is_personal


async def _send(request: HttpRequest, steps: RequestSteps) -> HttpResponseBase:
    chat_paths().add(request)
    read_limits.check_call(request, "messages")
    ticket = await turn_queue.enter(request) if steps.loop is not None else None  # WSGI: no loop
    try:
        return await _send_admitted(request, steps)
    finally:
        if ticket is not None:
            ticket.leave()


async def _send_admitted(request: HttpRequest, steps: RequestSteps) -> HttpResponseBase:
    """Check a message. Start its reply, or store it for a person. Return the response."""
    check_origin(request)
    message = request_parsing.read_message(request)
    bot = message.bot
    await admission.check_allowed(bot, request, steps)
    message = await admission.clean_message(message, steps)
    stream = RequestStream(request)
    try:
        begin = partial(_begin, request, message, stream, steps)
        if prompt.has_own_methods(bot):
            # The methods of the bot run between two steps, and only if the limits have room.
            incoming = await steps.run(partial(_find, request, message, check_room=True))
            if incoming.asks_claude:
                words = await prompt.bot_words(bot, request, steps.call_method)
                begin = partial(begin, words=words)
            visit, turn = await steps.run(partial(begin, incoming))
        else:
            visit, turn = await steps.run(lambda: begin(_find(request, message)))
        if isinstance(turn, visitor_actions.DeliveredMessage):
            stream.release()
            response = person_views.delivery_response(request, turn)
        else:
            response = stream.respond(turn.reply)
    except BaseException:
        stream.release()
        raise
    if visit.command is not None and visit.command != Asker.STAFF:
        response[command_signature.HEADER] = visit.command
    return response


def _find(
    request: HttpRequest, message: IncomingMessage, *, check_room: bool = False
) -> IncomingTurn:
    """Look up the visitor and the conversation, and check that the message can be accepted.

    With `check_room`, refuse a new message if a limit is used up or a reply is running.

    Raises:
        ChatError: The message can't be accepted.
    """
    if not database.in_transaction():  # a test's transaction: start no other thread in it
        claude.warm_up()
    visit = visit_reader.read_visit(request, message.client_id)
    state = conversation_lookup.look_up(visit, message)
    turn = conversation_lookup.earlier_turn(visit, message, state)
    if turn is None and state.conversation is not None:
        delivered = visitor_actions.find_delivered(state, message)
        if delivered is not None:
            return IncomingTurn(visit, state, None, delivered)
        if handoff.joined_handoff(state.conversation.pk) is not None:
            consent.check(visit)
            return IncomingTurn(visit, state, None, is_personal=True)
    if turn is None:
        consent.check(visit)
        admission.check_ready()
        if check_room:
            state.check_free()
            turn_limits.check_room(visit.visitor, message.bot)
    return IncomingTurn(visit, state, turn)


def _begin(
    request: HttpRequest,
    message: IncomingMessage,
    stream: RequestStream,
    steps: RequestSteps,
    incoming: IncomingTurn,
    words: prompt.BotWords | None = None,
) -> tuple[Visit, Turn | visitor_actions.DeliveredMessage]:
    """Start the turn of a new message, or store it for a person. Save the session.

    Returns:
        The visit; and the turn, or else the stored message if a person will answer it.
    """
    visit, turn = incoming.visit, incoming.turn
    if incoming.delivered is not None or incoming.is_personal:
        return visit, _deliver(request, message, incoming)
    if turn is None:
        server = server_of(request)
        if server.problem:
            logger.error("No reply can run on %s: %s", server.name, server.problem)
            raise NotConfigured
        stream.take()
        try:
            turn = turns.start_turn(visit, message, incoming.state, loop=steps.loop, words=words)
        except PersonJoined:  # a person has joined after `_find` and gets the message
            state = conversation_lookup.look_up(visit, message)
            incoming = IncomingTurn(visit, state, None, is_personal=True)
            return _begin(request, message, stream, steps, incoming)
    elif not turn.reply.reply.finished:
        stream.follow(turn.reply.reply.id)
        stream.take()
    if turn.conversation is not None:
        session_data.remember_accepted(request, visit, message.bot.name, turn.conversation)
    return visit, turn


def _deliver(
    request: HttpRequest, message: IncomingMessage, incoming: IncomingTurn
) -> visitor_actions.DeliveredMessage:
    """Store a message for a person, unless an earlier copy is stored. Save the session.

    A visitor who has left the conversation does not return to it, unless the message names it.
    """
    visit, delivered = incoming.visit, incoming.delivered
    if delivered is None:
        delivered = visitor_actions.deliver(visit, message, incoming.state.conversation)
    pk = delivered.conversation.pk
    if message.conversation is not None or not visit.held.has_left(message.bot.name, pk):
        session_data.remember_accepted(request, visit, message.bot.name, pk)
    return delivered


async def _show(request: HttpRequest, steps: RequestSteps) -> HttpResponseBase:
    chat_paths().add(request)
    read_limits.check_call(request, "reads")
    conversation = await steps.run(partial(_conversation, request))
    # Start the warm-up last: while it imports the SDK, other code of the process is slow.
    claude.warm_up()
    embeddings.warm_up()
    return JsonResponse(conversation)


def _conversation(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON of `GET chat/`."""
    bot = find_bot(request.GET.get("bot"))
    visit = visit_reader.read_visit(request)
    conversation = own_conversations.find(visit, bot.name, request.GET.get("conversation"))
    page = history_pages.Excerpt([], None, None)
    if conversation is not None:
        page = history_pages.excerpt(visit, conversation, request.GET.get("before"))
    edited = edited_bot_texts.read_texts(bot.name)
    options = widget_options(bot.name)
    privacy_url = options.get("privacy_url")
    form = current_form() if edited.offers_contact else None
    return {
        "conversation": str(conversation.pk) if conversation else None,
        "messages": page.messages,
        "before": page.before,
        "running": page.running,
        "greeting": str(options.get("greeting", "")),
        "suggestions": [str(text) for text in options.get("suggestions", ())],
        "limits": _left(visit),
        "person": _person(conversation, offered=edited.offers_person),
        "privacy_url": None if privacy_url is None else str(privacy_url),
        "consent": consent.state(visit),
        "contact": form and form.as_dict(has_sent=session_data.has_left_contact(request)),
    }


def _person(conversation: Conversation | None, *, offered: bool) -> ShownPerson:
    """Return the state of the handoff of a conversation, as `GET chat/` shows it."""
    options = person_options()
    current = None if conversation is None else handoff.find_handoff(conversation.pk, options)
    return handoff.as_dict(current, options if offered or current is not None else None)


def _left(visit: Visit) -> list[LimitLeft]:
    """Return what is left of the visitor's limits; an empty list if the ledger is unavailable."""
    try:
        return get_ledger().left(visit.visitor)
    except Exception as error:
        missing = isinstance(error, DatabaseError) and database.reports_missing_schema(error)
        if missing or database.in_transaction():
            raise
        logger.exception("The ledger is unavailable, so a conversation is shown without limits")
        return []


async def _list(request: HttpRequest, steps: RequestSteps) -> HttpResponseBase:
    read_limits.check_call(request, "reads")
    bot = find_bot(request.GET.get("bot"))
    listed = await steps.run(
        lambda: conversation_list.listed(visit_reader.read_visit(request), bot.name)
    )
    return JsonResponse({"conversations": listed})


async def _forget(request: HttpRequest, steps: RequestSteps) -> HttpResponseBase:
    check_origin(request)
    read_limits.check_call(request, "actions")
    await steps.run(partial(_erase, request))
    return HttpResponse(status=204)


def _erase(request: HttpRequest) -> None:
    """Delete the named or else the current conversation. The session forgets the current one."""
    bot, visit = find_bot(request.GET.get("bot")).name, visit_reader.read_visit(request)
    named = request.GET.get("conversation")
    conversation = own_conversations.find(visit, bot, named)
    if conversation is not None:
        erasure.erase(Conversation.objects.filter(pk=conversation.pk))
    if named is None or (conversation is not None and conversation.pk == visit.held.get(bot)):
        session_data.drop_conversation(request, visit, bot)
        session_saving.save(request)


chat = endpoint(GET=_show, POST=_send, DELETE=_forget)
conversations = endpoint(GET=_list)
