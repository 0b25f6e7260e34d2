"""Mails to staff about waiting visitors, and mails with answers to visitors who have left.

`visitor_actions` queues the mails to staff. Staff send the mails to visitors from the admin.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from sitechat.conversations import message_storing
from sitechat.conversations.answer_html import as_html
from sitechat.conversations.answer_text import as_plain_text
from sitechat.events import Mail, queue_mail
from sitechat.models import Conversation, Handoff, HandoffEntry, Job, Message, Role
from sitechat.people import handoff as handoffs
from sitechat.people.person_options import PersonOptions, person_options
from sitechat.people.staff_errors import StaffError, unless_gone
from sitechat.runtime import database
from sitechat.safe_text import one_line, visible

WAITING_EVENT = "person_requested"
ANSWER_EVENT = "person_answered"
"""The names of the mails to staff and of the mails to visitors in the admin's deliveries."""

WAITING_JOB = "mail about waiting"
"""The name of the `Job` that stores the time of the last mail about a waiting visitor."""

INTERVAL = timedelta(minutes=1)
"""The minimum time between two mails about waiting visitors."""

MAX_ANSWERS = 20
"""Maximum number of answers in one mail. The next mail contains the answers that follow."""

MAX_EXCERPT_LENGTH = 500
"""Maximum characters of the visitor's newest message that a mail to staff quotes."""

Kind = HandoffEntry.Kind


def notify_staff(handoff: Handoff, options: PersonOptions, link: str) -> None:
    """Queue a mail to `CHAT_PERSON["email"]`, unless a mail was queued within `INTERVAL`.

    Nothing is queued if the setting contains no address.

    Args:
        handoff: The handoff of a visitor who has started to wait.
        options: The site's options.
        link: The address of the conversation in the admin; may be empty.
    """
    # The job stores the time of the last mail, because mails are deleted with their conversation.
    if options.emails and Job.claim(WAITING_JOB, INTERVAL):
        queue_mail(
            WAITING_EVENT,
            _waiting_mail(handoff, options, link),
            conversation_id=handoff.pk,
        )


def _waiting_mail(handoff: Handoff, options: PersonOptions, link: str) -> Mail:
    questions = Message.objects.filter(conversation=handoff.pk, role=Role.USER)
    question = questions.order_by("-position").values_list("text", flat=True).first() or ""
    with translation.override(settings.LANGUAGE_CODE):
        lines = [
            _("A visitor of the site is asking for a person in the chat."),
            "",
            *(
                [_("Page: %(page)s") % {"page": one_line(handoff.page_url)}]
                * bool(handoff.page_url)
            ),
            *(
                [_("Question: %(text)s") % {"text": visible(question[:MAX_EXCERPT_LENGTH])}]
                * bool(question)
            ),
            *(["", link] * bool(link)),
            "",
            _("If more visitors ask within a minute, you get no further mail."),
        ]
        return Mail(options.emails, _("A visitor asks for a person"), "\n".join(lines))


def known_addresses(conversation: Conversation) -> list[str]:
    """Return the known e-mail addresses of a visitor. The addresses are not verified.

    The addresses of the conversation's five newest contact requests come first, the newest one
    before the others. The address of the visitor's account is the last.
    """
    contacts = conversation.contacts.exclude(email="").order_by("-created")
    addresses = list(contacts.values_list("email", flat=True)[:5])
    user = conversation.user
    account_address = getattr(user, user.get_email_field_name(), "") if user is not None else ""
    return list(dict.fromkeys(filter(None, [*addresses, account_address])))


def mail_answers(
    conversation: Conversation, user: Any, address: str, site: str, origin: str = ""
) -> int:
    """Queue a mail to the visitor with the answers of the staff that were not mailed yet.

    Args:
        conversation: The conversation.
        user: The member of the staff who sends the mail.
        address: The recipient, one of `known_addresses`.
        site: The name of the site, such as its host.
        origin: The site's origin, such as `https://example.org`, for links to its pages; "" if it
            is unknown.

    Returns:
        The number of answers in the mail, at most `MAX_ANSWERS`.

    Raises:
        StaffError: The address is no longer known, or there is nothing to send.
        ConversationGone: The conversation was deleted.
    """
    return unless_gone(partial(_mail_answers, conversation, user, address, site, origin))


def _mail_answers(
    conversation: Conversation, user: Any, address: str, site: str, origin: str
) -> int:
    with database.atomic():
        message_storing.lock_unchanged(conversation)
        if address not in known_addresses(conversation):
            raise StaffError(_("This address no longer belongs to the conversation."))
        answers = unsent_answers(conversation)
        if not answers:
            raise StaffError(_("All answers have already been sent."))
        options = person_options()
        handoff = Handoff.objects.get(pk=conversation.pk)
        with translation.override(_language_of(handoff)):
            subject = one_line(_("Your question to %(site)s") % {"site": site}, 200)
            mail = Mail(
                [address],
                subject,
                "\n\n".join(
                    f"{answer.name}: {as_plain_text(answer.text, origin=origin)}"
                    for answer in answers
                ),
                _answers_html(subject, answers, origin),
                reply_to=options.emails[0] if options is not None and options.emails else "",
            )
        queue_mail(ANSWER_EVENT, mail, conversation_id=conversation.pk)
        Handoff.objects.filter(pk=conversation.pk).update(mailed=answers[-1].position)
        handoffs.write_entry(conversation.pk, Kind.MAILED, author=user, text=address)
        return len(answers)


def _answers_html(subject: str, answers: Sequence[Message], origin: str) -> str:
    """Return the answers as HTML, formatted as in the chat."""
    names_and_texts = [
        (visible(answer.name or ""), as_html(answer.text, origin=origin)) for answer in answers
    ]
    return render_to_string("sitechat/answers.html", {"title": subject, "answers": names_and_texts})


def unsent_answers(conversation: Conversation) -> Sequence[Message]:
    """Return at most `MAX_ANSWERS` answers of the staff that were not mailed yet, oldest first."""
    mailed = Handoff.objects.filter(pk=conversation.pk).values_list("mailed", flat=True).first()
    answers = conversation.messages.filter(role=Role.AGENT)
    if mailed is not None:
        answers = answers.filter(position__gt=mailed)
    return list(answers.order_by("position")[:MAX_ANSWERS])


def _language_of(handoff: Handoff) -> str:
    """Return the visitor's language if `LANGUAGES` contains it, else `LANGUAGE_CODE`."""
    languages = dict(settings.LANGUAGES)
    return handoff.language if handoff.language in languages else settings.LANGUAGE_CODE
