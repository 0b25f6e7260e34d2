"""Store contact requests, within the limits, and announce them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from sitechat.conversations.visit import Visit
from sitechat.events import Mail, announce, queue_mail
from sitechat.ledger import get_ledger
from sitechat.models import Contact, Conversation
from sitechat.people.contact_form import ContactEntries, current_recipients
from sitechat.runtime import database

SAME_WITHIN = timedelta(minutes=10)
"""The time within which the same entries count as a retry, which is not stored again."""

PURPOSE = "contact"
"""The purpose under which limits count forms, separately from messages."""


def submit(
    visit: Visit,
    bot: str,
    entries: ContactEntries,
    conversation: Conversation | None,
    *,
    admin_url: Callable[[Contact], str],
) -> Contact:
    """Store what a visitor entered, or return the contact if the request is a retry.

    Args:
        visit: The visitor who sent the form.
        bot: The name of the bot.
        entries: What the visitor entered.
        conversation: The visitor's conversation with the bot; None if there is none.
        admin_url: Returns the address of a contact in the admin, for the mail; it may be empty.

    Raises:
        RateLimited: The visitor has sent as many forms as CHAT_LIMITS allows messages.
        Overloaded: The ledger does not answer.
    """
    earlier = _earlier(visit, bot, entries, conversation)
    if earlier is not None:
        return earlier
    get_ledger().count(visit.visitor.apart(PURPOSE))
    try:
        return database.retry(partial(_store, visit, bot, entries, conversation, admin_url))
    except IntegrityError:  # the conversation was deleted in the meantime
        return database.retry(partial(_store, visit, bot, entries, None, admin_url))


def _earlier(
    visit: Visit, bot: str, entries: ContactEntries, conversation: Conversation | None
) -> Contact | None:
    """Return the row of an earlier copy of a request, in which nothing at all is different."""
    fields = _fields(visit, bot, entries, conversation)
    rows = Contact.objects.filter(created__gte=timezone.now() - SAME_WITHIN, **fields)
    # Some databases find texts that differ in case or accents, too.
    same = (row for row in rows if all(getattr(row, name) == fields[name] for name in fields))
    return next(same, None)


def _fields(
    visit: Visit, bot: str, entries: ContactEntries, conversation: Conversation | None
) -> dict[str, Any]:
    """Return the values of a contact's fields."""
    return {
        "email": entries.email,
        "name": entries.name,
        "phone": entries.phone,
        "message": entries.message,
        "consent": entries.consent,
        "page": entries.page,
        "bot": bot,
        "language": visit.language,
        "conversation_id": None if conversation is None else conversation.pk,
        "user_id": getattr(visit.user, "pk", None),
    }


def _store(
    visit: Visit,
    bot: str,
    entries: ContactEntries,
    conversation: Conversation | None,
    admin_url: Callable[[Contact], str],
) -> Contact:
    with database.atomic():
        contact = Contact.objects.create(**_fields(visit, bot, entries, conversation))
        announce(
            "contact_requested",
            sender=Contact,
            data=contact.as_dict(),
            contact_id=contact.pk,
            contact=contact,
        )
        queue_mail("contact_requested", _mail(contact, admin_url(contact)), contact_id=contact.pk)
    return contact


def _mail(contact: Contact, link: str) -> Mail:
    with translation.override(settings.LANGUAGE_CODE):  # not the visitor's
        return _translated_mail(contact, link)


def _translated_mail(contact: Contact, link: str) -> Mail:
    lines = [
        *(f"{name}: {value}" for name, value in _shown(contact) if value),
        *(["", contact.message] if contact.message else []),
        *(["", link] if link else []),
    ]
    return Mail(
        to=current_recipients(),
        subject=_("Contact request: %(contact)s") % {"contact": contact},
        text="\n".join(lines),
        reply_to=contact.email,
    )


def _shown(contact: Contact) -> list[tuple[str, str]]:
    return [
        (_("Name"), contact.name),
        (_("E-mail"), contact.email),
        (_("Phone"), contact.phone),
        (_("Page"), contact.page),
        (_("Bot"), contact.bot if contact.bot != "default" else ""),
    ]


def link_conversation(contact: uuid.UUID, conversation: uuid.UUID) -> None:
    """Link a contact that was left before its conversation began."""
    Contact.objects.filter(pk=contact, conversation=None).update(conversation=conversation)
