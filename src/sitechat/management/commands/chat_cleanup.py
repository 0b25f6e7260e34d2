from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sitechat.conf import conf
from sitechat.owner import retention


class Command(BaseCommand):
    help = (
        "Deletes conversations in which nothing was said for CHAT_RETENTION_DAYS, ends replies "
        "whose process is gone, and tidies up counts. What was used and paid is kept, without its "
        "link to the conversation. Run it once a day; the site may go on meanwhile."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days", type=int, help="days to keep conversations (CHAT_RETENTION_DAYS)"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be deleted, and delete nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["days"] if options["days"] is not None else conf.CHAT_RETENTION_DAYS
        try:
            cleaned = retention.cleanup(days, dry_run=options["dry_run"])
        except ValueError as error:
            raise CommandError(
                f"--days is {days}. {error} To delete more, name it: see chat_forget."
            ) from None
        will = "Would delete" if options["dry_run"] else "Deleted"
        self.stdout.write(
            f"{will} {cleaned.conversations} conversations with {cleaned.messages} messages, "
            f"older than {days} days."
        )
        if cleaned.interrupted:
            ended = "Would end" if options["dry_run"] else "Ended"
            self.stdout.write(f"{ended} {cleaned.interrupted} replies whose process is gone.")
        if cleaned.counters:
            self.stdout.write(f"Deleted {cleaned.counters} counts of windows that have ended.")
