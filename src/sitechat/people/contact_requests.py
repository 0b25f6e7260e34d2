"""Contact requests of visitors: they are counted in the limits, stored, and announced.

`http.contact_views` calls `submit`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from sitechat.conversations.visit import Visit
from sitechat.events import Mail, announce, queue_mail
from sitechat.ledger import get_ledger
from sitechat.ledger.claims import Reservation
from sitechat.models import Contact, Conversation
from sitechat.people.contact_form import ContactEntries, current_recipients
from sitechat.people.visitor_limits import run_counted

RETRY_PERIOD = timedelta(minutes=10)
"""A second request with the same entries within this time is a retry, and is not stored."""

PURPOSE = "contact"
"""The purpose under which limits count forms. Messages are counted separately."""


def submit(
    visit: Visit,
    bot: str,
    entries: ContactEntries,
    conversation: Conversation | None,
    *,
    has_sent: bool,
    admin_url: Callable[[Contact], str],
) -> Contact:
    """Store what a visitor entered, and return the contact. A retry returns the stored contact.

    Args:
        visit: The visitor who sent the form.
        bot: The name of the bot.
        entries: What the visitor entered.
        conversation: The visitor's conversation with the bot; None if there is none.
        has_sent: Whether a form was sent before in the visitor's session.
        admin_url: Returns the address of a contact in the admin for the mail, or "".

    Raises:
        RateLimited: The visitor has sent as many forms as CHAT_LIMITS allows messages.
        Overloaded: The ledger does not answer.
    """
    fields = _fields(visit, bot, entries, conversation)
    senders = _senders(visit, has_sent=has_sent)
    earlier = _earlier(senders, fields)
    if earlier is not None:
        return earlier
    try:
        return run_counted(partial(_store, visit, senders[0], fields, admin_url))
    except IntegrityError:
        earlier = _earlier(senders, fields)
        if earlier is not None:  # a concurrent copy was stored
            return earlier
        # The conversation was deleted meanwhile.
        unlinked = {**fields, "conversation_id": None}
        return run_counted(partial(_store, visit, senders[0], unlinked, admin_url))


def _senders(visit: Visit, *, has_sent: bool) -> list[str]:
    """Return the identities under which the visitor may have sent a copy, the current one first.

    A visitor without a session is identified by the IP address. A visitor has no session in the
    first request, and in a retry of this request if the response with the session cookie was lost.
    """
    session = f"session {visit.visitor.session}"
    address = f"address {visit.visitor.ip}"
    if visit.held.session_key is None:
        return [address]
    return [session, address] if has_sent else [session]


def _copy_key(sender: str, fields: Mapping[str, Any]) -> str:
    """Return a hash of a request's sender and fields, which is equal for copies of a request."""
    values = json.dumps([sender, fields], sort_keys=True, default=str)
    return salted_hmac("sitechat.contact", values, algorithm="sha256").hexdigest()


def _earlier(senders: Sequence[str], fields: Mapping[str, Any]) -> Contact | None:
    """Return the contact that an earlier copy of this request has stored; None if there is none."""
    keys = [_copy_key(sender, fields) for sender in senders]
    recent = Contact.objects.filter(created__gte=timezone.now() - RETRY_PERIOD)
    return recent.filter(copy_key__in=keys).first()


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
    sender: str,
    fields: Mapping[str, Any],
    admin_url: Callable[[Contact], str],
    claims: Reservation,
) -> Contact:
    """Store, count and announce a contact. `run_counted` calls this in a transaction."""
    key = _copy_key(sender, fields)
    outdated = Contact.objects.filter(copy_key=key, created__lt=timezone.now() - RETRY_PERIOD)
    outdated.update(copy_key=None)
    # Insert before counting: a concurrent copy waits here, and fails before it is counted.
    contact = Contact.objects.create(**fields, copy_key=key)
    claims.extend(get_ledger().count(visit.visitor.for_purpose(PURPOSE)))
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
    with translation.override(settings.LANGUAGE_CODE):  # the owner's language, not the visitor's
        return _translated_mail(contact, link)


def _translated_mail(contact: Contact, link: str) -> Mail:
    lines = [
        *(f"{name}: {value}" for name, value in _labelled_values(contact) if value),
        *(["", contact.message] if contact.message else []),
        *(["", link] if link else []),
    ]
    return Mail(
        to=current_recipients(),
        subject=_("Contact request: %(contact)s") % {"contact": contact},
        text="\n".join(lines),
        reply_to=contact.email,
    )


def _labelled_values(contact: Contact) -> list[tuple[str, str]]:
    return [
        (_("Name"), contact.name),
        (_("E-mail"), contact.email),
        (_("Phone"), contact.phone),
        (_("Page"), contact.page),
        (_("Bot"), contact.bot if contact.bot != "default" else ""),
    ]


def link_conversation(contact: uuid.UUID, conversation: uuid.UUID, bot: str) -> None:
    """Link a contact to the conversation that the visitor started after sending the form.

    Nothing changes if the contact is linked already, or belongs to another bot.
    """
    unlinked = Contact.objects.filter(pk=contact, bot=bot, conversation=None)
    unlinked.update(conversation=conversation)
