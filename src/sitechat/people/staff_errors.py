"""Errors of actions of the staff. Their messages are shown in the admin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from sitechat.conversations import message_storing
from sitechat.runtime import database

T = TypeVar("T")


class StaffError(Exception):
    """An action failed. The message is shown to the member of the staff."""

    def __init__(self, message: str | Promise) -> None:
        super().__init__(str(message))
        self.message = message


class ConversationGone(StaffError):
    """The conversation was deleted, by its visitor or because it has expired."""

    def __init__(self) -> None:
        super().__init__(_("This conversation no longer exists: its visitor has deleted it."))


class NotYours(StaffError):
    """The user is not the person who answers in the conversation now."""


def unless_gone(work: Callable[[], T]) -> T:
    """Run a transaction and return its result. After a deadlock, run it again.

    Args:
        work: The transaction.

    Raises:
        ConversationGone: The conversation was deleted. An IntegrityError counts as a sign of this.
        Exception: Any other exception that `work` raised.
    """
    try:
        return database.retry(work)
    except (message_storing.ConversationDeleted, IntegrityError):
        raise ConversationGone from None
