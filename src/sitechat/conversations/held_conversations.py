"""The conversations in a visitor's browser session: the id of one conversation per bot.

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
    """The visitor's conversations, as far as one request identifies them."""

    by_bot: Mapping[str, str] = field(default_factory=dict)
    """The session's entry of each bot: the conversation's id, or a random text after deletion."""

    session_key: str | None = None
    """The key of the session; None if the visitor has none."""

    retry_key: str | None = None
    """The visitor's address and the message's id. They identify a visitor whose session was lost
    with the first response. None if the id is neither random nor confirmed as secret."""

    retry_gets_session: bool = False
    """Whether the client confirmed that the message's id is secret."""

    has_several: bool = False
    """Whether the session has held another conversation with the same bot before."""

    @property
    def is_new(self) -> bool:
        """Whether nothing connects the visitor with an earlier message."""
        return self.session_key is None and self.retry_key is None

    def get(self, bot: str) -> uuid.UUID | None:
        """Return the id of the conversation with a bot in the session; None if there is none."""
        try:
            return uuid.UUID(self.by_bot[bot])
        except (KeyError, ValueError):
            return None

    def has_left(self, bot: str, conversation: uuid.UUID) -> bool:
        """Return whether the session now holds another conversation with the bot."""
        return self.get(bot) not in (None, conversation)

    def likely(self, bot: str) -> uuid.UUID | None:
        """Return the id of the visitor's conversation with a bot, even if it has just started.

        Concurrent responses overwrite each other's session data, so the session may not hold a
        conversation that another message of this visitor began. Its id is then derived from the
        session's key.
        """
        return self.get(bot) or self._derived(bot)

    def begun_without_session(self, bot: str) -> uuid.UUID | None:
        """Return the id of the conversation that the message has begun if it had no session then.

        Another page of the site may have created the session since.
        """
        if self.retry_key is None or self.get(bot) is not None:
            return None
        return _hashed_id(f"{self.retry_key}:{bot}:")

    def all_likely(self) -> list[uuid.UUID]:
        """Return the ids of the visitor's conversations with all bots."""
        ids = [self.likely(bot) for bot in {*self.by_bot, *conf.CHAT_BOTS}]
        return [conversation for conversation in ids if conversation is not None]

    def new_id(self, bot: str) -> uuid.UUID:
        """Return the id for a conversation that begins now.

        Messages that are sent before any response has set the session get the same id, so that
        only one reply runs at a time. The id depends on the session's earlier entry, so that no
        conversation gets the id of a forgotten one.
        """
        return self._derived(bot) or uuid.uuid4()

    def fresh_id(self, bot: str, message_id: uuid.UUID | None) -> uuid.UUID:
        """Return the id for an additional conversation that a message of this session begins.

        A retry of the message gets the same id.
        """
        if self.session_key is None or message_id is None:
            return uuid.uuid4()
        return _hashed_id(f"{self.session_key}:{bot}:new:{message_id}")

    def _derived(self, bot: str) -> uuid.UUID | None:
        key = self.session_key or self.retry_key
        if key is None:
            return None
        earlier = self.by_bot.get(bot, "")
        return _hashed_id(f"{key}:{bot}:{earlier}")


def _hashed_id(text: str) -> uuid.UUID:
    digest = salted_hmac("sitechat.sessions", text, algorithm="sha256")
    return uuid.UUID(bytes=digest.digest()[:16], version=4)
