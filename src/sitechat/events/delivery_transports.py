"""Sending of one delivery, as a request to a webhook or as a mail."""

from __future__ import annotations

from smtplib import SMTPConnectError, SMTPServerDisconnected
from time import time

from django.conf import settings
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend

from sitechat.events.post_requests import PostFailed, post
from sitechat.events.webhooks import body_of, find_webhook, headers_of
from sitechat.models import Delivery
from sitechat.safe_text import one_line, visible

MAIL_TIMEOUT = 15
"""Maximum seconds that a mail server may take for one step, if EMAIL_TIMEOUT is not set."""

MAX_SUBJECT = 200
"""Maximum characters of a subject. The rest is cut off."""


class DeliveryFailed(Exception):
    """An attempt did not succeed. The message is for the owner of the site."""

    def __init__(self, message: str, *, unreachable: bool = False, final: bool = False) -> None:
        super().__init__(message)
        self.unreachable = unreachable
        """Whether other deliveries to the same target would fail too."""
        self.final = final
        """Whether another attempt would fail as well."""


def send_delivery(delivery: Delivery) -> None:
    """Send a delivery.

    Raises:
        DeliveryFailed: It was not sent, or it is unknown whether it was.
    """
    try:
        if delivery.kind == Delivery.Kind.MAIL:
            _send_mail(delivery)
        else:
            _send_webhook(delivery)
    except DeliveryFailed:
        raise
    except PostFailed as error:
        raise DeliveryFailed(str(error), unreachable=error.unreachable) from error
    except (SMTPConnectError, SMTPServerDisconnected, ConnectionError, TimeoutError) as error:
        raise DeliveryFailed(_text(error), unreachable=True) from error
    except Exception as error:  # mail backends may raise any exception
        raise DeliveryFailed(_text(error)) from error


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _send_webhook(delivery: Delivery) -> None:
    hook = find_webhook(delivery.target, delivery.event)
    if hook is None:
        raise DeliveryFailed("The address is not in CHAT_WEBHOOKS any more.", final=True)
    body = body_of(delivery)
    headers = headers_of(hook, delivery, body, int(time()))
    post(hook.url, body, headers, allow_private=hook.allow_private)


def _send_mail(delivery: Delivery) -> None:
    """Send a stored mail. Exceptions of the mail backend are not caught."""
    content = delivery.content
    message = mail.EmailMultiAlternatives(
        subject=one_line(content["subject"], MAX_SUBJECT),
        body=visible(content["text"]),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=content["to"],
        reply_to=[content["reply_to"]] if content.get("reply_to") else None,
        headers={
            # The same for each attempt, so that mail programs recognize a repeated mail.
            "Message-ID": f"<{delivery.pk}@{mail.DNS_NAME}>",
            "Auto-Submitted": "auto-generated",
        },
    )
    if content.get("html"):
        message.attach_alternative(content["html"], "text/html")
    connection = _mailer()
    if getattr(connection, "timeout", 0) is None:
        # Without a limit, a mail server that hangs would block all other mails.
        setattr(connection, "timeout", MAIL_TIMEOUT)  # noqa: B010 - not every backend has it
    connection.send_messages([message])


def _mailer() -> BaseEmailBackend:
    mailers = getattr(mail, "mailers", None)  # Django 6.1
    return mail.get_connection() if mailers is None else mailers.default
