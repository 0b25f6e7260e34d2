"""New messages and the person in a visitor's conversation, for `GET chat/updates/`."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from sitechat.conversations import history_pages
from sitechat.conversations.visit import Visit
from sitechat.errors import InvalidRequest
from sitechat.models import Conversation
from sitechat.payloads.updates import TypingPerson, Updates
from sitechat.people import handoff as handoffs
from sitechat.people.person_options import person_options


def parse_cursor(cursor: str | None) -> int | None:
    """Return the position of a message in a cursor; None if there is no cursor.

    Raises:
        InvalidRequest: The value is not a cursor of this API.
    """
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 9):
        raise InvalidRequest(
            _('"%(key)s" must be the cursor of an earlier answer.') % {"key": "after"}
        )
    return int(cursor)


def updates(visit: Visit, conversation: Conversation | None, after: int | None) -> Updates:
    """Return the new messages of a conversation and who answers in it.

    Args:
        visit: The visitor.
        conversation: One of the visitor's conversations; None if there is none yet.
        after: The cursor of the previous response; None for the newest messages.

    Raises:
        NotFound: The conversation was deleted in the meantime.
    """
    options = person_options()
    if conversation is None:
        person: TypingPerson = {**handoffs.as_dict(None, options), "typing": False}
        return {"conversation": None, "cursor": "0", "messages": [], "person": person}
    handoff = handoffs.find_handoff(conversation.pk, options)
    messages, cursor = history_pages.messages_from(visit, conversation, after)
    is_typing = handoff is not None and handoff.is_typing(timezone.now())
    return {
        "conversation": str(conversation.pk),
        "cursor": str(cursor),
        "messages": messages,
        "person": {**handoffs.as_dict(handoff, options), "typing": is_typing},
    }
