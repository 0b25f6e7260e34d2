"""`manage.py chat_cleanup`: delete rows that are older than their retention period."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from sitechat.conf import conf
from sitechat.management.base import ChatCommand
from sitechat.reports import counted_nouns, retention


class Command(ChatCommand):
    """Delete old conversations, consents, contacts and deliveries."""

    help = gettext_noop(
        "Deletes conversations without a message for CHAT_RETENTION_DAYS, consents "
        "and deliveries of the same age, and contacts that are older than "
        "CHAT_CONTACT_RETENTION_DAYS. Ends replies whose process has died, and "
        "deletes expired counters. Usage and cost are kept, without links to "
        "conversations. Run it once a day; the site can keep running."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "--days", type=int, help=_("days to keep conversations (CHAT_RETENTION_DAYS)")
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help=_("print what would be deleted, and delete nothing"),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        days = options["days"] if options["days"] is not None else conf.CHAT_RETENTION_DAYS
        try:
            cleaned = retention.cleanup(days, dry_run=options["dry_run"])
        except ValueError as error:
            raise CommandError(
                _("--days is %(days)s. %(error)s To delete certain conversations, use chat_forget.")
                % {"days": days, "error": error}
            ) from None
        dry_run = options["dry_run"]
        self.say(_conversations(cleaned, days, dry_run=dry_run))
        if cleaned.contacts:
            self.say(_contacts(cleaned.contacts, dry_run=dry_run))
        if cleaned.consents:
            self.say(_consents(cleaned.consents, dry_run=dry_run))
        if cleaned.interrupted:
            self.say(_ended(cleaned.interrupted, dry_run=dry_run))
        if cleaned.counters:
            self.say(
                ngettext(
                    "Deleted %(count)s expired counter.",
                    "Deleted %(count)s expired counters.",
                    cleaned.counters,
                )
                % {"count": cleaned.counters}
            )


def _conversations(cleaned: retention.Cleaned, days: int, *, dry_run: bool) -> str:
    text = (
        _("Would delete %(conversations)s with %(messages)s, older than %(days)s.")
        if dry_run
        else _("Deleted %(conversations)s with %(messages)s, older than %(days)s.")
    )
    return text % {
        "conversations": counted_nouns.conversation_count(cleaned.conversations),
        "messages": counted_nouns.message_count(cleaned.messages),
        "days": counted_nouns.day_count(days),
    }


def _contacts(count: int, *, dry_run: bool) -> str:
    text = (
        _("Would delete %(contacts)s, older than %(days)s.")
        if dry_run
        else _("Deleted %(contacts)s, older than %(days)s.")
    )
    days = counted_nouns.day_count(conf.CHAT_CONTACT_RETENTION_DAYS)
    return text % {"contacts": counted_nouns.contact_count(count), "days": days}


def _consents(count: int, *, dry_run: bool) -> str:
    if dry_run:
        text = ngettext(
            "Would delete %(count)s consent without a conversation.",
            "Would delete %(count)s consents without a conversation.",
            count,
        )
    else:
        text = ngettext(
            "Deleted %(count)s consent without a conversation.",
            "Deleted %(count)s consents without a conversation.",
            count,
        )
    return text % {"count": count}


def _ended(count: int, *, dry_run: bool) -> str:
    if dry_run:
        text = ngettext(
            "Would end %(count)s reply whose process has died.",
            "Would end %(count)s replies whose process has died.",
            count,
        )
    else:
        text = ngettext(
            "Ended %(count)s reply whose process has died.",
            "Ended %(count)s replies whose process has died.",
            count,
        )
    return text % {"count": count}
