"""Export and deletion of what is stored about a person.

`chat_export`, `chat_forget` and the admin call this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy

from sitechat.models import (
    IN_CHAT,
    Consent,
    ConsentQuerySet,
    Contact,
    ContactQuerySet,
    Conversation,
    ConversationQuerySet,
    Handoff,
    Message,
    Unanswered,
    Usage,
)
from sitechat.reports.admin_log import replace_contact_names
from sitechat.runtime.utc_offsets import with_offset

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

WHAT_IS_KEPT = {
    "conversations": gettext_lazy(
        "until CHAT_RETENTION_DAYS after the last message, or until forgotten"
    ),
    "handoff": gettext_lazy("how people of the site answered, until the conversation is deleted"),
    "labels": gettext_lazy("the labels that staff gave a conversation, until it is deleted"),
    "usage": gettext_lazy(
        "tokens, dollars and times of each reply; kept without any link to the visitor"
    ),
    "tools": gettext_lazy(
        "the tools that Claude called, with arguments, until the conversation is deleted"
    ),
    "unanswered": gettext_lazy("why a reply did not help, until its conversation is deleted"),
    "contacts": gettext_lazy(
        "until CHAT_CONTACT_RETENTION_DAYS after they were left; kept without a "
        "link if the conversation is deleted"
    ),
    "consents": gettext_lazy(
        "until CHAT_RETENTION_DAYS after they were given, if there is no conversation"
    ),
}
"""How long each kind of data is kept. The export contains these texts."""


@dataclass(frozen=True)
class PersonalData:
    """Queries for the rows that are stored about a person."""

    conversations: ConversationQuerySet
    consents: ConsentQuerySet
    contacts: ContactQuerySet


def about_user(user: AbstractBaseUser) -> PersonalData:
    """Return what is stored about a user of the site."""
    conversations = Conversation.objects.filter(user=user.pk)
    # A consent before the login has only the random id of the session.
    visitors = conversations.exclude(visitor="").values("visitor")
    return PersonalData(
        conversations=conversations,
        consents=Consent.objects.filter(Q(user=user.pk) | Q(user=None, visitor__in=visitors)),
        contacts=Contact.objects.filter(Q(user=user.pk) | Q(conversation__user=user.pk)),
    )


def about_conversations(conversations: ConversationQuerySet) -> PersonalData:
    """Return the conversations, their contacts, and the consents of their visitors."""
    visitors = conversations.exclude(visitor="").values("visitor")
    users = conversations.exclude(user=None).values("user")
    return PersonalData(
        conversations=conversations,
        consents=Consent.objects.filter(Q(visitor__in=visitors) | Q(user__in=users)),
        contacts=Contact.objects.filter(conversation__in=conversations.values("pk")),
    )


def about_email(email: str) -> PersonalData:
    """Return what is stored about the people who left an e-mail address in the contact form.

    The conversations are those in which the address was left, with the consents of their visitors.
    """
    contacts = Contact.objects.with_email(email)
    left_in = contacts.exclude(conversation=None).values("conversation")
    return replace(
        about_conversations(Conversation.objects.filter(pk__in=left_in)), contacts=contacts
    )


def export(data: PersonalData) -> dict[str, Any]:
    """Return what is stored about a person, as JSON values."""
    conversations = data.conversations.select_related("handoff").prefetch_related("labels")
    return {
        "exported": timezone.now().isoformat(),
        "kept": {name: str(text) for name, text in WHAT_IS_KEPT.items()},
        "conversations": list(map(_conversation, conversations.order_by("created"))),
        "consents": list(map(_consent, data.consents.order_by("created"))),
        "contacts": [contact.as_dict() for contact in data.contacts.order_by("created")],
    }


def _consent(consent: Consent) -> dict[str, Any]:
    return {
        "given": with_offset(consent.created).isoformat(),
        "language": consent.language,
        "text": consent.text,
    }


def _conversation(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": str(conversation.pk),
        "bot": conversation.bot,
        "user": str(conversation.user_id) if conversation.user_id is not None else None,
        "command": conversation.command,
        "created": with_offset(conversation.created).isoformat(),
        "updated": with_offset(conversation.updated).isoformat(),
        "labels": [label.name for label in conversation.labels.all()],
        "messages": list(_messages(conversation)),
        "handoff": _handoff(conversation),
    }


def _handoff(conversation: Conversation) -> dict[str, Any] | None:
    row: Handoff | None = getattr(conversation, "handoff", None)
    if row is None:
        return None
    return {
        "state": row.state,
        "requested": with_offset(row.requested).isoformat(),
        "page": {"url": row.page_url, "title": row.page_title},
        "language": row.language,
        "entries": [
            {
                "kind": entry.kind,
                "text": entry.text,
                "created": with_offset(entry.created).isoformat(),
            }
            for entry in row.entries.order_by("pk")
        ],
    }


def _messages(conversation: Conversation) -> Iterator[dict[str, Any]]:
    messages = conversation.messages.select_related("usage", "unanswered")
    messages = messages.prefetch_related("tool_uses").order_by("position")
    for message in messages:
        data: dict[str, Any] = {**message.as_dict()}
        data["comment"] = message.comment
        data["page"], data["language"] = message.page, message.language
        if message.error:
            data["error"] = message.error
        usage = getattr(message, "usage", None)
        if tools := [use.as_dict() for use in message.tool_uses.all()]:
            data["tools"] = tools
        if usage is not None:
            data["usage"] = _usage(usage)
        unanswered = getattr(message, "unanswered", None)
        if unanswered is not None:
            data["unanswered"] = _unanswered(unanswered)
        yield data


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "model": usage.model,
        "status": usage.status,
        "stop_reason": usage.stop_reason,
        "request_id": usage.request_id,
        "created": with_offset(usage.created).isoformat(),
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "cache_write_1h_tokens": usage.cache_write_1h_tokens,
        "thinking_tokens": usage.thinking_tokens,
        "service_tier": usage.service_tier,
        "inference_geo": usage.inference_geo,
        "by_model": usage.by_model,
        "refusal_category": usage.refusal_category,
        "dollars": str(usage.dollars),
        "estimated": usage.estimated,
        "first_token_ms": usage.first_token_ms,
        "total_ms": usage.total_ms,
    }


def _unanswered(row: Unanswered) -> dict[str, Any]:
    return {
        "reason": row.reason,
        "created": with_offset(row.created).isoformat(),
        "done": with_offset(row.done).isoformat() if row.done is not None else None,
    }


def count_rows(data: PersonalData) -> dict[str, int]:
    """Return the number of rows of each kind that `forget` would delete.

    The number of consents can be too high: `forget` keeps some of them.
    """
    return {
        "conversations": data.conversations.count(),
        "messages": Message.objects.filter(
            conversation__in=data.conversations.values("pk")
        ).count(),
        "consents": data.consents.count(),
        "contacts": data.contacts.count(),
    }


def forget(data: PersonalData) -> dict[str, int]:
    """Delete what is stored about a person, and stop replies that run in the conversations.

    Consents of visitors who have other conversations are kept. `Usage` rows are kept without
    their links.

    Returns:
        The number of deleted rows of each kind.
    """
    consents = list(data.consents.values_list("pk", flat=True))
    contacts = list(data.contacts.values_list("pk", flat=True))
    # Imported here to keep the start fast: the admin imports this module, and erasing imports the
    # engine.
    from sitechat.conversations import erasure

    counts = erasure.erase(data.conversations)
    replace_contact_names()
    # Deliveries are deleted with their contacts, and are not counted.
    _, deleted = Contact.objects.filter(pk__in=contacts).delete()
    return {
        "conversations": counts.get(Conversation._meta.label, 0),
        "messages": counts.get(Message._meta.label, 0),
        "consents": Consent.objects.filter(pk__in=consents).orphaned().delete()[0],
        "contacts": deleted.get(Contact._meta.label, 0),
    }


def short_name(conversation: Conversation) -> str:
    """Return the name of the command or the user, or a short name made from the id."""
    if conversation.command not in IN_CHAT:
        return str(conversation.command)
    if conversation.user_id is not None:
        with suppress(ObjectDoesNotExist):  # the user was deleted without Django
            return str(conversation.user)
    return f"visitor {conversation.pk.hex[:6]}"
