"""The lines of the page on which staff answer a conversation: messages, steps and notes.

A step is an event of the handoff, such as that a person joined. In a handoff, the visitor waits for
a person or talks to a person. A note is a text of staff that visitors do not see.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sitechat.conversations.answer_html import as_html
from sitechat.models import Conversation, HandoffEntry, Message, Role, Status
from sitechat.safe_text import visible

MESSAGES = 200
"""Maximum number of messages that `conversation_lines` returns, the newest ones."""

ENTRIES = 100
"""Maximum number of steps and notes that `conversation_lines` returns, the newest ones."""

KINDS = {Role.USER: "visitor", Role.ASSISTANT: "bot", Role.AGENT: "agent"}

STEPS = {  # `user` is the author of the entry, `name` its text: a name or an address
    HandoffEntry.Kind.REQUESTED: gettext_lazy("The visitor asked for a person"),
    HandoffEntry.Kind.WITHDRAWN: gettext_lazy("The visitor went back to the bot"),
    HandoffEntry.Kind.JOINED: gettext_lazy("%(user)s joined as %(name)s"),
    HandoffEntry.Kind.HANDED_BACK: gettext_lazy("%(user)s handed the conversation back to the bot"),
    HandoffEntry.Kind.IDLE: gettext_lazy("%(name)s was silent, so the bot took over"),
    HandoffEntry.Kind.CLOSED: gettext_lazy("%(user)s closed the conversation"),
    HandoffEntry.Kind.ASSIGNED: gettext_lazy("%(user)s assigned the conversation to %(name)s"),
    HandoffEntry.Kind.MAILED: gettext_lazy("%(user)s sent the answer by e-mail (%(name)s)"),
}
UNASSIGNED = gettext_lazy("%(user)s took back the assignment")


@dataclass(frozen=True)
class ConversationLine:
    """A message, a note or a step."""

    key: str
    """Identifies the line. It stays the same if the text changes."""
    kind: str
    """`visitor`, `bot`, `agent`, `note` or `step`."""
    author: str | Promise
    text: str
    created: datetime
    status: str | Promise = ""
    """The status of a reply that is not complete; empty for everything else."""
    html: SafeString | str = ""
    """The HTML of an answer as the visitor sees it; empty for everything else."""


@dataclass(frozen=True)
class ConversationLines:
    """Lines of a conversation, the oldest first, and the cursor for the next lines.

    The cursor consists of the position of the next message and the id of the last step or note.
    """

    lines: list[ConversationLine]
    cursor: str


def conversation_lines(conversation: Conversation, cursor: str = "") -> ConversationLines:
    """Return the newest lines after a cursor: at most MESSAGES messages, and ENTRIES other lines.

    If more lines are new, the older of them are left out, and later calls do not return them. A
    reply that is running is returned again at each call until it is complete.

    Args:
        conversation: The conversation.
        cursor: The cursor of the previous call. If it is empty or invalid, all lines are new.
    """
    position, entry = _parse(cursor)
    messages = list(
        conversation.messages.filter(position__gte=position).order_by("-position")[:MESSAGES]
    )[::-1]
    entries = list(
        HandoffEntry.objects.filter(handoff=conversation.pk, pk__gt=entry).order_by("-pk")[:ENTRIES]
    )[::-1]
    running = [row.position for row in messages if row.status == Status.RUNNING]
    after = messages[-1].position + 1 if messages else position
    lines = [*map(_of_message, messages), *map(_of_entry, entries)]
    lines.sort(key=lambda line: line.created)
    # A running reply is read again until it is complete.
    cursor = f"{min([after, *running])}-{entries[-1].pk if entries else entry}"
    return ConversationLines(lines, cursor)


def _parse(cursor: str) -> tuple[int, int]:
    parts = cursor.split("-")
    if len(parts) == 2 and all(p.isascii() and p.isdecimal() and len(p) < 10 for p in parts):
        return int(parts[0]), int(parts[1])
    return 0, 0


def _of_message(row: Message) -> ConversationLine:
    names = {Role.USER: _("Visitor"), Role.ASSISTANT: _("Bot"), Role.AGENT: row.name or ""}
    is_plain = row.status == Status.COMPLETE
    return ConversationLine(
        key=f"message-{row.pk}",
        kind=KINDS.get(Role(row.role), "bot"),
        author=visible(names.get(Role(row.role), "")),
        text=visible(row.text),
        created=row.created,
        status="" if is_plain else row.get_status_display(),
        html="" if row.role == Role.USER else as_html(row.text),
    )


def _of_entry(row: HandoffEntry) -> ConversationLine:
    is_note = row.kind == HandoffEntry.Kind.NOTE
    return ConversationLine(
        key=f"entry-{row.pk}",
        kind="note" if is_note else "step",
        author=visible(row.author_name),
        text=visible(row.text) if is_note else _step(row),
        created=row.created,
    )


def _step(row: HandoffEntry) -> str:
    """Return a sentence that describes the step."""
    kind = HandoffEntry.Kind(row.kind)
    sentence = UNASSIGNED if kind == HandoffEntry.Kind.ASSIGNED and not row.text else STEPS[kind]
    return sentence % {"user": visible(row.author_name), "name": visible(row.text)}
