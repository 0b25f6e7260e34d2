"""`Visit`: the data of a visitor's request. Packages below `http` get it instead of the request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sitechat.conversations.held_conversations import HeldConversations
from sitechat.ledger.visitor_identity import Visitor

if TYPE_CHECKING:
    from django.http import HttpRequest

    from sitechat.knowledge.audience import User
    from sitechat.models import Conversation


@dataclass(frozen=True)
class Visit:
    """The visitor of a request, the language, and the visitor's conversations."""

    visitor: Visitor
    """The identities for limits."""

    user: User
    """The user of the request, who may be anonymous; None on sites without django.contrib.auth."""

    language: str
    """The active language of the request, such as "en"; "" if translations are off."""

    prefix: str
    """The prefix of all paths of the site: "/", or its `SCRIPT_NAME` between slashes."""

    held: HeldConversations
    """The conversations in the visitor's session."""

    request: HttpRequest
    """For methods of `Chatbot` and the site's own tools only; nothing else reads it."""

    command: str | None = None
    """The sender if it is not a visitor (`models.Asker`); None for a visitor."""

    @property
    def account(self) -> Any:
        """The signed-in user; None for an anonymous visitor."""
        return self.user if self.user is not None and self.user.is_authenticated else None

    @property
    def account_key(self) -> str:
        """The key of the signed-in user; "" for anybody else."""
        return "" if self.account is None else str(self.account.pk)

    def may_see(self, conversation: Conversation) -> bool:
        """Return whether a conversation belongs to this visitor."""
        if conversation.user_id is not None:
            return conversation.user_id == getattr(self.user, "pk", None)
        known = self.held.session_key is not None and conversation.visitor == self.visitor.session
        return known or conversation.pk in self.held.all_likely_ids()

    def may_own(self, user_id: object) -> bool:
        """Return whether a conversation with this user id (or None) can belong to this visitor."""
        return user_id is None or user_id == getattr(self.user, "pk", None)
