"""The ids of the conversations that one request shows to be the visitor's.

The session holds the id of one conversation per bot (`get`). It may lack a conversation that has
just begun, because the response that stores the id is still to come, was lost, or was overwritten.
So the ids of new conversations are not random, but keyed hashes of what identifies the visitor:

- `new_id` is the id for the next conversation, if the session holds no id. It is a hash of the
  session's key or, without a session, of the visitor's address and the message's id.
- `likely_id` is the held id or else that hash: the conversation to look for.
- `begun_without_session` is the hash of the address and the message's id. A retry needs it if the
  visitor has got a session since the first copy of the message.
- `additional_id` is the id for a conversation that the visitor begins beside the held one.

This module does no I/O: `sitechat.http.session_data` reads and stores the session.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.crypto import salted_hmac

from sitechat.conf import conf


@dataclass(frozen=True)
class HeldConversations:
    """What one request says about the visitor's conversations, and the ids that follow from it."""

    by_bot: Mapping[str, str] = field(default_factory=dict)
    """The session's entry of each bot: the id of a conversation or, after the visitor has deleted
    it, a random text."""

    session_key: str | None = None
    """The key of the session; None if the visitor has no session with data."""

    retry_key: str | None = None
    """The visitor's address and the message's id. They identify a visitor whose session was lost
    with the first response. None if others may know the id. It is set if the client has confirmed
    that the id is secret (by the header Idempotency-Key), or if the id is random, the visitor is
    anonymous and the address is known."""

    retry_gets_session: bool = False
    """Whether the client confirmed that the message's id is secret. If not, a retry without a
    session does not get a session."""

    has_several: bool = False
    """Whether the visitor has changed from one conversation with a bot to another one."""

    @property
    def is_new(self) -> bool:
        """Whether nothing can connect the visitor with an earlier message."""
        return self.session_key is None and self.retry_key is None

    def get(self, bot: str) -> uuid.UUID | None:
        """Return the id of the conversation with a bot in the session; None if there is none."""
        try:
            return uuid.UUID(self.by_bot[bot])
        except (KeyError, ValueError):
            return None

    def has_left(self, bot: str, conversation: uuid.UUID) -> bool:
        """Return whether the session holds another conversation with the bot than this one."""
        return self.get(bot) not in (None, conversation)

    def likely_id(self, bot: str) -> uuid.UUID | None:
        """Return the id in the session, or else the id that a conversation would have got.

        Concurrent responses overwrite each other's session data, so the session may not hold a
        conversation that another message of this visitor started. None if nothing identifies
        the visitor. A conversation with the id may not exist.
        """
        return self.get(bot) or self._hash_of_visitor(bot)

    def begun_without_session(self, bot: str) -> uuid.UUID | None:
        """Return the id of the conversation that a copy of the message began without a session.

        Another page of the site may have created the session since. None without a `retry_key`, or
        if the session holds a conversation with the bot. A conversation with the id may not exist.
        """
        if self.retry_key is None or self.get(bot) is not None:
            return None
        return _hashed_id(f"{self.retry_key}:{bot}:")

    def all_likely_ids(self) -> list[uuid.UUID]:
        """Return the likely ids of the visitor's conversations, at most one for each bot."""
        ids = [self.likely_id(bot) for bot in {*self.by_bot, *conf.CHAT_BOTS}]
        return [conversation for conversation in ids if conversation is not None]

    def new_id(self, bot: str) -> uuid.UUID:
        """Return the id for a conversation that begins because the session holds no id.

        Messages that are sent before a response has stored the id in the session get the same id,
        so that only one reply runs at a time. The id depends on the session's entry of the bot, so
        that no conversation gets the id of a deleted one. It is random if nothing identifies the
        visitor.
        """
        return self._hash_of_visitor(bot) or uuid.uuid4()

    def additional_id(self, bot: str, message_id: uuid.UUID | None) -> uuid.UUID:
        """Return the id for a conversation that a message begins beside the held one.

        A retry of the message gets the same id. Without a session or a message id, it is random.
        """
        if self.session_key is None or message_id is None:
            return uuid.uuid4()
        return _hashed_id(f"{self.session_key}:{bot}:new:{message_id}")

    def _hash_of_visitor(self, bot: str) -> uuid.UUID | None:
        """Return an id derived from the session's key, else from `retry_key`; None without both."""
        key = self.session_key or self.retry_key
        if key is None:
            return None
        earlier = self.by_bot.get(bot, "")
        return _hashed_id(f"{key}:{bot}:{earlier}")


def _hashed_id(text: str) -> uuid.UUID:
    digest = salted_hmac("sitechat.sessions", text, algorithm="sha256")
    return uuid.UUID(bytes=digest.digest()[:16], version=4)
