"""Mails to CHAT_NOTIFY about problems, at most one a day for each kind of problem.

Receivers of signals check each reply that has ended and each budget. They run in the process that
sends the signal, and only store mails. `sitechat.events` sends them.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sitechat.claude.owner_explanations import explanation
from sitechat.conf import conf
from sitechat.errors import Failure
from sitechat.events import Mail, owner_addresses, queue_mail
from sitechat.ledger.limits import Limit
from sitechat.models import IN_CHAT, Delivery, Message, Status, Usage
from sitechat.reports import retention
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.events")

MAX_SILENCE = timedelta(hours=1)
"""The owner is notified if all replies to visitors failed for this time."""

CLEANUP_OVERDUE = timedelta(days=7)
"""The owner is notified if no cleanup ran for this time."""

CHECK_INTERVAL = 3600
"""Seconds between two checks of the cleanup."""

FAILED = (Status.FAILED, Status.INTERRUPTED)

KEY_STATUSES = {401, 403}
CREDIT_STATUS = 402


def _language() -> AbstractContextManager[None]:
    """Activate the site's own language, because the active one may be that of a visitor."""
    return translation.override(settings.LANGUAGE_CODE)


def notify(kind: str, subject: str, text: str, **values: object) -> None:
    """Store a mail to CHAT_NOTIFY, unless one of this kind was stored today.

    Days are in UTC, or in local time without USE_TZ. If no owner has an address (see
    `owner_addresses`), nothing is stored.

    Args:
        kind: The kind of problem. A colon and a name, such as that of a limit, may follow, to store
            one mail for each name. The admin shows only the part before the colon.
        subject: The subject in English, which is translated to the site's language.
        text: The text in English, which is translated, too.
        values: The values of the placeholders in the subject and the text.
    """
    to = owner_addresses()
    name = f"{kind}:{timezone.now():%Y-%m-%d}"
    if not to or Delivery.objects.filter(once=name).exists():
        return
    with _language():
        mail = Mail(to, _("Chat: %(subject)s") % {"subject": _(subject) % values}, _(text) % values)
    queue_mail(kind.partition(":")[0], mail, once=name)


def index_failed(error: Exception) -> None:
    """Mail the owner that `chat_index` has failed. If the mail fails, that is only logged."""
    try:
        notify(
            "index_failed",
            gettext_noop("the pages of the site could not be read"),
            gettext_noop(
                "chat_index has failed:\n\n%(error)s\n\nThe chat answers from the pages that it "
                "has read before."
            ),
            error=error or type(error).__name__,
        )
    except Exception:
        logger.exception("The mail about the failed chat_index could not be stored")


def budget_nearly_reached(limit: Limit, resets: datetime) -> None:
    """Mail the owner that 80% of a budget is spent, at most once a day for each budget."""
    notify(
        f"budget_nearly_reached:{limit}",
        gettext_noop("80%% of the budget of %(limit)s is spent"),
        gettext_noop(
            "The chat has spent 80%% of its budget of %(limit)s. The budget resets at %(resets)s "
            "UTC. When it is spent, visitors get no answers until then. CHAT_LIMITS sets the "
            "budget."
        ),
        limit=limit,
        resets=f"{resets:%Y-%m-%d %H:%M}",
    )


def budget_reached(limit: Limit, resets: datetime) -> None:
    """Mail the owner that a budget is spent, at most once a day for each budget."""
    notify(
        f"budget_reached:{limit}",
        gettext_noop("the budget of %(limit)s is spent"),
        gettext_noop(
            "The chat has spent its budget of %(limit)s and answers nobody until it resets at "
            "%(resets)s UTC. CHAT_LIMITS sets the budget."
        ),
        limit=limit,
        resets=f"{resets:%Y-%m-%d %H:%M}",
    )


def watch_reply(reply: Message | None, usage: Usage | None) -> None:
    """Mail the owner if a reply that has ended shows that something is wrong with the chat.

    At most once in CHECK_INTERVAL, this also checks that the cleanup runs. Nothing is checked for
    replies outside of the chat, or if the owner has no address.

    Args:
        reply: The reply; None if it was deleted.
        usage: The usage of the reply; None if it is not known. Then nothing is checked.
    """
    if usage is None or usage.command not in IN_CHAT or not owner_addresses():
        return
    if usage.status in FAILED:
        failure = Failure.from_stored(reply.failure) if reply is not None else None
        if failure is not None:
            _check_failure(failure, usage.model)
        _check_answers()
    if _cleanup_check_is_due():
        _check_cleanup()


def _check_failure(failure: Failure, model: str) -> None:
    """Mail the owner if the credit is used up, or if Claude refuses the key."""
    with _language():
        reason = explanation(failure, model=model)
    lacks_credit = failure.status == 400 and "credit" in failure.reason.lower()
    if failure.status == CREDIT_STATUS or lacks_credit:
        notify(
            "credit_empty",
            gettext_noop("the credit for Claude is used up"),
            "%(reason)s",
            reason=reason,
        )
    elif failure.status in KEY_STATUSES:
        notify("key_refused", gettext_noop("Claude refuses the key"), "%(reason)s", reason=reason)


def _check_answers() -> None:
    """Mail the owner if all replies of the last hour and the last reply before it have failed."""
    replies = Usage.objects.filter(command=None).order_by("-created")
    begin = timezone.now() - MAX_SILENCE
    if replies.filter(created__gt=begin).exclude(status__in=FAILED).exists():
        return
    before = replies.filter(created__lte=begin).values_list("status", flat=True).first()
    if before in FAILED:
        notify(
            "nothing_answered",
            gettext_noop("no visitor got an answer for an hour"),
            gettext_noop(
                "For at least an hour, visitors have asked questions and none of them "
                "got an answer. The transcripts in the admin and the log say why."
            ),
        )


def _cleanup_check_is_due() -> bool:
    """Return whether the last check of the cleanup is CHECK_INTERVAL ago, and record a new one.

    The cache stores the record. False if the cache does not answer.
    """
    try:
        return cache.add("sitechat:notices:cleanup", 1, CHECK_INTERVAL)
    except Exception:  # the cache does not answer
        return False


def _check_cleanup() -> None:
    """Mail the owner if old conversations are kept because no cleanup ran for CLEANUP_OVERDUE."""
    last = retention.last_cleanup()
    if last is not None and last > timezone.now() - CLEANUP_OVERDUE:
        return
    days = conf.CHAT_RETENTION_DAYS
    if retention.outdated(days + CLEANUP_OVERDUE.days).exists():
        text = (
            gettext_noop(
                "chat_cleanup has never run. Conversations are kept for longer than "
                "CHAT_RETENTION_DAYS (%(days)s). Run `manage.py chat_cleanup` once a day."
            )
            if last is None
            else gettext_noop(
                "chat_cleanup last ran on %(date)s. Conversations are kept for longer than "
                "CHAT_RETENTION_DAYS (%(days)s). Run `manage.py chat_cleanup` once a day."
            )
        )
        notify(
            "cleanup_overdue",
            gettext_noop("old conversations are not deleted"),
            text,
            days=days,
            date=f"{last:%Y-%m-%d}" if last is not None else "",
        )
