"""The conversation as a message finds it: what there is to go on from, and what is in the way."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sitechat import bookkeeping, sessions
from sitechat.errors import Busy, Conflict
from sitechat.models import Conversation, Message, Status
from sitechat.replies import Followed, followed
from sitechat.visitors import current_user

if TYPE_CHECKING:
    from django.http import HttpRequest

    from sitechat.parsing import Ask


@dataclass(frozen=True)
class Standing:
    """The visitor's conversation, if there is one, and its newest messages, newest first."""

    conversation: Conversation | None
    recent: Sequence[Message]
    begins: uuid.UUID | None = None
    """The id of the conversation that the message begins, where there is none."""

    @property
    def pk(self) -> uuid.UUID | None:
        """The id of the conversation that the message goes into."""
        return self.conversation.pk if self.conversation is not None else self.begins

    def asked_before(self, request: HttpRequest, ask: Ask) -> Followed | None:
        """The reply that the same message began before. Raises Conflict for another text."""
        if self.conversation is None or ask.client_id is None:
            return None
        recent, messages = self.recent, self.conversation.messages
        message = next((m for m in recent if m.client_id == ask.client_id), None)
        if message is None and recent and recent[-1].position > 0:
            message = messages.filter(client_id=ask.client_id).first()
        if message is None:
            return None
        if message.text != ask.message:
            raise Conflict
        position = message.position + 1
        reply = next((m for m in recent if m.position == position), None)
        row = reply or messages.get(position=position)
        return followed(request, row, message.public_id)

    def check_free(self) -> None:
        """Raises Busy while a reply is running; one whose process is gone is none."""
        running = next((m for m in self.recent if m.status == Status.RUNNING), None)
        if running is None:
            return
        if bookkeeping.interrupt_stale(Message.objects.filter(pk=running.pk)):
            running.refresh_from_db()
        if running.status == Status.RUNNING:
            raise Busy(reply=str(running.pk))


def look(request: HttpRequest, ask: Ask) -> Standing:
    """The visitor's conversation, with as much of it as Claude is shown."""
    name = ask.bot.name
    most = 2 * max(1, ask.bot.max_history)
    known = sessions.conversation_id(request, name)
    if known is None:
        return _unheld(request, ask, most)
    theirs = Conversation.objects.owned_by(current_user(request)).filter(pk=known)
    # Named twice, as SQLite would else sort all the messages of a long conversation.
    newest = Message.objects.filter(conversation=known, conversation__in=theirs)
    newest = newest.order_by("-position")
    recent = list(newest.select_related("conversation")[:most])
    if recent:
        return Standing(recent[0].conversation, recent)
    # The conversation comes first: what it says of its last change must not be newer.
    conversation = theirs.first()
    if conversation is None:
        return Standing(None, [], sessions.new_conversation_id(request, name, ask.client_id))
    return Standing(conversation, list(newest[:most]))


def look_again(request: HttpRequest, ask: Ask) -> Standing:
    """The conversation as it stands a moment later, with its newest turn."""
    return _unheld(request, ask, 2)


def _unheld(request: HttpRequest, ask: Ask, most: int) -> Standing:
    """The conversation also where another message began it, and the session does not know."""
    likely = sessions.likely_conversation_id(request, ask.bot.name, ask.client_id)
    if likely is None:
        return Standing(None, [], uuid.uuid4())
    conversation = Conversation.objects.filter(pk=likely).first()
    if conversation is None:
        return Standing(None, [], likely)
    newest = list(conversation.messages.order_by("-position")[:most])
    if conversation.user_id in {None, getattr(current_user(request), "pk", None)}:
        # Without a session only the message itself tells whose it is; it begins no further turn.
        only = len(newest) == 2 and newest[1].client_id == ask.client_id
        if only or not sessions.is_new(request):
            return Standing(conversation, newest)
    return Standing(None, [], uuid.uuid4())


def newest_two(conversation: Conversation) -> list[Message]:
    """The newest message and its reply, the newer one first."""
    return list(conversation.messages.order_by("-position")[:2])
