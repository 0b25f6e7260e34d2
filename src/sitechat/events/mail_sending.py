"""Sending of one stored mail through the site's mail backend."""

from __future__ import annotations

from django.conf import settings
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend

from sitechat.models import Delivery
from sitechat.safe_text import one_line, visible

MAIL_TIMEOUT = 15
"""Maximum seconds that a mail server may take for one step, if EMAIL_TIMEOUT is not set."""

MAX_SUBJECT_LENGTH = 200
"""Maximum characters of a subject. The rest is cut off."""


def send_mail(delivery: Delivery) -> None:
    """Send a stored mail. Exceptions of the mail backend are not caught."""
    content = delivery.content
    message = mail.EmailMultiAlternatives(
        subject=one_line(content["subject"], MAX_SUBJECT_LENGTH),
        body=visible(content["text"]),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=content["to"],
        reply_to=[content["reply_to"]] if content.get("reply_to") else None,
        headers={
            # Each attempt has the same id, so that mail programs recognize a repeated mail.
            "Message-ID": f"<{delivery.pk}@{mail.DNS_NAME}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    if content.get("html"):
        message.attach_alternative(content["html"], "text/html")
    connection = _mail_connection()
    if getattr(connection, "timeout", 0) is None:
        # Without a limit, a mail server that hangs would block all other mails.
        setattr(connection, "timeout", MAIL_TIMEOUT)  # noqa: B010 - not every backend has it
    connection.send_messages([message])


def _mail_connection() -> BaseEmailBackend:
    mailers = getattr(mail, "mailers", None)  # Django 6.1
    return mail.get_connection() if mailers is None else mailers.default
