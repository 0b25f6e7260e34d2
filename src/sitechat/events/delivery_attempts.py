"""Sending of one delivery, as a request to a webhook or as a mail."""

from __future__ import annotations

from smtplib import SMTPConnectError, SMTPServerDisconnected
from time import time

from sitechat.events.mail_sending import send_mail
from sitechat.events.post_requests import PostFailed, post
from sitechat.events.webhooks import body_of, find_webhook, headers_of
from sitechat.models import Delivery


class DeliveryFailed(Exception):
    """An attempt failed. The message is for the owner of the site."""

    def __init__(self, message: str, *, unreachable: bool = False, final: bool = False) -> None:
        super().__init__(message)
        self.unreachable = unreachable
        """Whether other deliveries to the same target would also fail."""
        self.final = final
        """Whether further attempts would also fail."""


def send_delivery(delivery: Delivery) -> None:
    """Send a delivery once.

    Raises:
        DeliveryFailed: The delivery was not sent, or it is unknown whether it was sent.
    """
    try:
        if delivery.kind == Delivery.Kind.MAIL:
            send_mail(delivery)
        else:
            _send_webhook(delivery)
    except DeliveryFailed:
        raise
    except PostFailed as error:
        raise DeliveryFailed(str(error), unreachable=error.unreachable) from error
    except (SMTPConnectError, SMTPServerDisconnected, ConnectionError, TimeoutError) as error:
        raise DeliveryFailed(_description(error), unreachable=True) from error
    except Exception as error:  # mail backends may raise any exception
        raise DeliveryFailed(_description(error)) from error


def _description(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _send_webhook(delivery: Delivery) -> None:
    hook = find_webhook(delivery.target, delivery.event)
    if hook is None:
        raise DeliveryFailed("CHAT_WEBHOOKS has no valid entry with this address.", final=True)
    body = body_of(delivery)
    headers = headers_of(hook, delivery, body, int(time()))
    post(hook.url, body, headers, allow_private=hook.allow_private)
