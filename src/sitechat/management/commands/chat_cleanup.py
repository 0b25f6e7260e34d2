"""`manage.py chat_cleanup`: delete old conversations."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from sitechat.conf import conf
from sitechat.management.base import ChatCommand
from sitechat.reports import retention


class Command(ChatCommand):
    """Delete old conversations."""

    help = (
        "Deletes conversations without a message for CHAT_RETENTION_DAYS, ends replies whose "
        "process has died, and deletes expired counters. Usage and cost are kept, without links "
        "to conversations. Run it once a day; the site can keep running."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "--days", type=int, help="days to keep conversations (CHAT_RETENTION_DAYS)"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="print what would be deleted, and delete nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        days = options["days"] if options["days"] is not None else conf.CHAT_RETENTION_DAYS
        try:
            cleaned = retention.cleanup(days, dry_run=options["dry_run"])
        except ValueError as error:
            raise CommandError(
                f"--days is {days}. {error} To delete certain conversations, use chat_forget."
            ) from None
        will = "Would delete" if options["dry_run"] else "Deleted"
        self.say(
            f"{will} {cleaned.conversations} conversations with {cleaned.messages} messages, "
            f"older than {days} days."
        )
        if cleaned.contacts:
            self.say(
                f"{will} {cleaned.contacts} contacts, older than "
                f"{conf.CHAT_CONTACT_RETENTION_DAYS} days."
            )
        if cleaned.consents:
            self.say(f"{will} {cleaned.consents} consents without a conversation.")
        if cleaned.interrupted:
            ended = "Would end" if options["dry_run"] else "Ended"
            self.say(f"{ended} {cleaned.interrupted} replies whose process has died.")
        if cleaned.counters:
            self.say(f"Deleted {cleaned.counters} expired counters.")
