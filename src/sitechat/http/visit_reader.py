"""Read a request into a `Visit`. This creates no session and sets no cookie."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.urls import get_script_prefix
from django.utils.translation import get_language

from sitechat.conversations import command_signature
from sitechat.conversations.held_conversations import HeldConversations
from sitechat.conversations.visit import Visit
from sitechat.http.client_address import network_of
from sitechat.http.session_data import (
    conversations_by_bot,
    has_several_conversations,
    identity_in,
    session_of,
)
from sitechat.ledger.visitor_identity import identify
from sitechat.models import Asker
from sitechat.people.staff_permissions import works_with_chat

if TYPE_CHECKING:
    from django.http import HttpRequest

IDEMPOTENCY_KEY = "Idempotency-Key"
"""In this header, a client repeats the id of its message to confirm that the id is secret."""

RANDOM_UUID = 4
"""The version of random UUIDs."""


def read_visit(request: HttpRequest, message_id: uuid.UUID | None = None) -> Visit:
    """Return the visitor and their conversations, without writing anything.

    A visitor without an identity in the session gets a new identity, so that the limits of a
    session also apply to the first message. `session_data` stores the identity only when the
    message is accepted, so that a refused visitor gets no session.

    Args:
        request: A request that has passed SessionMiddleware.
        message_id: The id of the message in the request; None if it has no id.

    Raises:
        ImproperlyConfigured: The site has no SessionMiddleware.
    """
    session = session_of(request)
    user = getattr(request, "user", None)
    network = network_of(request)
    visitor = identify(
        session=identity_in(session),
        user_pk=user.pk if user is not None and user.is_authenticated else None,
        network=network,
    )
    is_confirmed = message_id is not None and request.headers.get(IDEMPOTENCY_KEY) == str(
        message_id
    )
    is_random = message_id is not None and message_id.version == RANDOM_UUID
    may_retry = is_confirmed or (is_random and visitor.user is None and network != "")
    return Visit(
        visitor=visitor,
        user=user,
        language=get_language() or "",
        prefix=get_script_prefix(),
        held=HeldConversations(
            by_bot=conversations_by_bot(session),
            # Only a session with data is known to exist: Django accepts the key of a forged cookie.
            session_key=session.session_key if list(session.keys()) else None,
            retry_key=f"{network}:{message_id}" if may_retry else None,
            retry_gets_session=is_confirmed,
            has_several=has_several_conversations(session),
        ),
        request=request,
        command=_sender(request, user),
    )


def _sender(request: HttpRequest, user: Any) -> str | None:
    """Return the sender of a request as a value of `Asker`; None for a visitor.

    Commands sign their requests (see `command_signature`).
    """
    signed = command_signature.command_of(request.headers.get(command_signature.HEADER))
    return signed or (Asker.STAFF.value if works_with_chat(user) else None)
