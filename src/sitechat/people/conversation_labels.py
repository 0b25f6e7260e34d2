"""Labels of conversations, which staff add and remove."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from functools import partial

from django.utils.translation import gettext as _

from sitechat.conversations import message_storing
from sitechat.models import Conversation, Label
from sitechat.people.staff_errors import StaffError, unless_gone
from sitechat.runtime import database
from sitechat.safe_text import storable

MAX_LABELS = 20
"""Maximum number of labels of one conversation."""

MAX_OFFERED = 100
"""Maximum number of existing labels that staff can choose from."""


def add_label(conversation: Conversation, text: str) -> str:
    """Add a label to a conversation, and return the label.

    Args:
        conversation: The conversation.
        text: The label. If an existing label differs only in case, the existing label is added.

    Raises:
        StaffError: The text is empty or too long, or the conversation has too many labels.
        ConversationGone: The conversation was deleted.
    """
    name = " ".join(storable(text).split())
    if not name:
        raise StaffError(_("Write a label first."))
    if len(name) > Label.MAX_LENGTH:
        raise StaffError(
            _("The label is too long: at most %(limit)s characters fit.")
            % {"limit": Label.MAX_LENGTH}
        )
    return unless_gone(partial(_add, conversation, name))


def _add(conversation: Conversation, name: str) -> str:
    """Add a label in a transaction. The lock makes concurrent requests obey `MAX_LABELS`."""
    with database.atomic():
        message_storing.lock_unchanged(conversation)
        existing = Label.objects.filter(name__iexact=name).values_list("name", flat=True).first()
        name = existing or name
        own_labels = set(
            Label.objects.filter(conversation=conversation.pk).values_list("name", flat=True)
        )
        if name not in own_labels and len(own_labels) >= MAX_LABELS:
            raise StaffError(
                _("A conversation has at most %(limit)s labels. Remove one first.")
                % {"limit": MAX_LABELS}
            )
        row = Label(conversation_id=conversation.pk, name=name)
        Label.objects.bulk_create([row], ignore_conflicts=True)
        return name


def remove_label(conversation: Conversation, name: str) -> None:
    """Remove a label from a conversation. Do nothing if the conversation does not have it."""
    row = Label.objects.filter(conversation=conversation.pk, name=storable(name))
    database.retry(row.delete)


def change_labels(conversation: Conversation, form: Mapping[str, str]) -> None:
    """Add or remove a label, according to the form for labels.

    Args:
        conversation: The conversation.
        form: `remove` with the label to remove, or `label` with the label to add.

    Raises:
        StaffError, ConversationGone: As `add_label`.
    """
    if "remove" in form:
        remove_label(conversation, form["remove"])
    else:
        add_label(conversation, form.get("label", ""))


def labels_by_conversation(ids: Iterable[uuid.UUID]) -> Mapping[uuid.UUID, list[str]]:
    """Return the labels of conversations in alphabetical order, by conversation id.

    Conversations without labels are left out.
    """
    labels: dict[uuid.UUID, list[str]] = {}
    rows = Label.objects.filter(conversation__in=list(ids)).order_by("name")
    for pk, name in rows.values_list("conversation_id", "name"):
        labels.setdefault(pk, []).append(name)
    return labels


def known_labels() -> list[str]:
    """Return the first `MAX_OFFERED` labels in use, in alphabetical order."""
    names = Label.objects.order_by("name").values_list("name", flat=True).distinct()
    return list(names[:MAX_OFFERED])
