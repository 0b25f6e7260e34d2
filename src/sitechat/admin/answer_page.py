"""The contents and the actions of the page on which staff answer one conversation.

`inbox_pages` shows the contents, and calls the action of each form that is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sitechat.admin.conversation_list_rows import conversation_overviews
from sitechat.admin.list_positions import is_id
from sitechat.admin.text_limits import limit_attributes
from sitechat.models import Conversation, Handoff, HandoffState
from sitechat.models.ids import parse_uuid
from sitechat.people import canned_answers, conversation_labels, handoff_mails, staff_actions
from sitechat.people import handoff as handoffs
from sitechat.people.languages_and_durations import language_name
from sitechat.people.person_options import person_options
from sitechat.people.staff_errors import StaffError
from sitechat.people.staff_permissions import colleagues, may_answer

StaffAction = Callable[[Conversation, Any, Mapping[str, str]], "str | Promise"]
"""A function that handles a form of the page.

It gets the conversation, the user and the fields of the form. It returns a message for the user,
the text that the page's script asked for, or "". It may raise `StaffError`.
"""


@dataclass(frozen=True)
class Answering:
    """The contents of the page about a conversation, for one user."""

    conversation: Conversation
    handoff: Handoff | None
    state: str
    """Who answers, from the view of the user.

    `mine`: the user has joined. `mine_to_take`: another person has joined, but the user may take
    over, because the conversation is assigned to the user or that person's account was deleted.
    `other`: another person has joined. `waiting`: the visitor waits for a person. `free`: the bot
    answers. `off`: CHAT_PERSON is empty or invalid.
    """
    state_text: str | Promise
    """A sentence that says who answers now."""
    question: str
    """The beginning of the visitor's first question; empty without a question."""
    visitor: str
    """The name of the visitor."""
    names: Sequence[str]
    """The names under which the user may answer; empty if the state is `off`."""
    colleagues: Sequence[Any]
    """The other users to whom the conversation can be assigned."""
    canned: Sequence[tuple[int, str]]
    """Ids and titles of the approved answers that the user can insert into an answer."""
    addresses: Sequence[str]
    """E-mail addresses of the visitor."""
    labels: Sequence[str]
    known_labels: Sequence[str]
    draft: UUID = field(default_factory=uuid4)
    """A new id for the answer form. The same text with the same id is sent to the visitor once."""
    note_draft: UUID = field(default_factory=uuid4)
    """A new id for the form for notes. The same text with the same id is stored once."""

    @classmethod
    def of(cls, conversation: Conversation, user: Any) -> Answering:
        """Return what the page shows to a user who may answer in the conversation.

        If the person who joined has been silent for too long, this ends the handoff first.
        """
        options = person_options()
        handoff = handoffs.find_handoff(conversation.pk, options)
        overview = conversation_overviews([conversation])[0]
        state = "off" if options is None else _state(handoff, user)
        return cls(
            conversation=conversation,
            handoff=handoff,
            state=state,
            state_text=_state_text(state, handoff),
            question=overview.question,
            visitor=overview.visitor,
            names=[] if options is None else staff_actions.names_for(user, options),
            colleagues=[each for each in colleagues(conversation.bot) if each.pk != user.pk],
            canned=canned_answers.canned_answers(
                conversation, handoff.language if handoff is not None else ""
            ),
            addresses=handoff_mails.known_addresses(conversation),
            labels=overview.labels,
            known_labels=conversation_labels.known_labels(),
        )

    @property
    def text_limit(self) -> dict[str, Any]:
        """The HTML attributes that limit the length of answers and notes."""
        return limit_attributes(staff_actions.MAX_TEXT_LENGTH)

    @property
    def language(self) -> str:
        """The name of the visitor's language in the language of the admin; "" without a handoff."""
        return language_name(self.handoff.language) if self.handoff is not None else ""


def _state(handoff: Handoff | None, user: Any) -> str:
    if handoff is None or handoff.state in {HandoffState.NONE, HandoffState.CLOSED}:
        return "free"
    if handoff.state == HandoffState.WAITING:
        return "waiting"
    if handoff.agent_id == user.pk:
        return "mine"
    may_take = handoff.agent_id is None or handoff.assigned_id == user.pk
    return "mine_to_take" if may_take else "other"


def _state_text(state: str, handoff: Handoff | None) -> str:
    if state == "off":
        return _("CHAT_PERSON is empty or not valid, so people can't answer visitors.")
    if handoff is None or state == "free":
        closed = handoff is not None and handoff.state == HandoffState.CLOSED
        return _("Closed: the bot answers.") if closed else _("The bot answers.")
    if state == "waiting":
        return _("The visitor is waiting for a person. Meanwhile the bot answers.")
    if state == "mine":
        return _("You answer as %(name)s.") % {"name": handoff.name}
    agent = handoff.agent.get_username() if handoff.agent is not None else handoff.name
    text = _("%(user)s answers as %(name)s.") % {"user": agent, "name": handoff.name}
    if state == "mine_to_take" and handoff.assigned is not None:
        return " ".join([text, _("The conversation is assigned to you.")])
    return text


def actions() -> Mapping[str, StaffAction]:
    """Return the actions of the page's forms, by name."""
    return {
        "join": _join,
        "reply": _reply,
        "hand_back": _hand_back,
        "close": _close,
        "note": _note,
        "assign": _assign,
        "typing": _typing,
        "mail": _mail,
        "canned": _canned,
        "label": _label,
    }


def _join(conversation: Conversation, user: Any, form: Mapping[str, str]) -> str:
    staff_actions.join(conversation, user, form.get("name", ""))
    return ""


def _reply(conversation: Conversation, user: Any, form: Mapping[str, str]) -> str:
    staff_actions.send_message(
        conversation, user, form.get("text", ""), parse_uuid(form.get("draft", ""))
    )
    return ""


def _hand_back(conversation: Conversation, user: Any, form: Mapping[str, str]) -> str:
    staff_actions.hand_back(conversation, user)
    return _("The bot answers again.")


def _close(conversation: Conversation, user: Any, form: Mapping[str, str]) -> str:
    staff_actions.close(conversation, user)
    return _("The conversation is closed.")


def _note(conversation: Conversation, user: Any, form: Mapping[str, str]) -> str:
    staff_actions.add_note(
        conversation, user, form.get("text", ""), parse_uuid(form.get("draft", ""))
    )
    return ""


def _label(conversation: Conversation, user: Any, form: Mapping[str, str]) -> str:
    conversation_labels.change_labels(conversation, form)
    return ""


def _assign(conversation: Conversation, user: Any, form: Mapping[str, str]) -> str:
    chosen = form.get("colleague", "")
    colleague = _user(chosen) if chosen else None
    if chosen and (colleague is None or not may_answer(colleague, conversation.bot)):
        raise StaffError(_("This user may not answer visitors of this bot."))
    staff_actions.assign(conversation, user, colleague)
    if colleague is None:
        return _("The conversation is assigned to nobody.")
    return _("The conversation is assigned to %(name)s.") % {"name": colleague.get_username()}


def _user(pk: str) -> Any:
    users = apps.get_model(settings.AUTH_USER_MODEL)
    try:
        return users._default_manager.filter(pk=users._meta.pk.to_python(pk)).first()
    except (ValueError, OverflowError, ValidationError):
        return None


def _typing(conversation: Conversation, user: Any, form: Mapping[str, str]) -> str:
    staff_actions.show_typing(conversation, user)
    return ""


def _mail(conversation: Conversation, user: Any, form: Mapping[str, str]) -> str:
    address = form.get("address", "")
    site, origin = form.get("site", ""), form.get("origin", "")
    count = handoff_mails.mail_answers(conversation, user, address, site, origin)
    return ngettext(
        "%(count)s answer is sent to %(address)s.",
        "%(count)s answers are sent to %(address)s.",
        count,
    ) % {"count": count, "address": address}


def _canned(conversation: Conversation, user: Any, form: Mapping[str, str]) -> str:
    """Return the text of an approved answer, for the page's script."""
    chosen = form.get("answer", "")
    text = canned_answers.canned_text(conversation, int(chosen)) if is_id(chosen) else ""
    if not text:
        raise StaffError(_("This answer is no longer approved."))
    return text
