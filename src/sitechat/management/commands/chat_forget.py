"""`manage.py chat_forget`: delete what is stored about a visitor."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sitechat.management.base import ChatCommand
from sitechat.management.visitors import add_visitor_arguments, selected_data
from sitechat.reports import counted_nouns, personal_data
from sitechat.safe_text import json_text


class Command(ChatCommand):
    """Delete what is stored about a visitor."""

    help = gettext_noop(
        "Deletes what is stored about a user, about whoever left an e-mail "
        "address, or about the visitor of one conversation: conversations with "
        "all messages, contacts and consents. Usage and cost are kept, without "
        "any link to them. Prints the numbers of deleted rows as JSON."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        add_visitor_arguments(parser)
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help=_("print what would be deleted, and delete nothing"),
        )
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help=_("delete without asking"),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        data = selected_data(options)
        counts = personal_data.count_rows(data)
        if options["dry_run"]:
            self.say(json_text({"would_delete": counts}))
            return
        if options["interactive"] and any(counts.values()):
            self._confirm(counts)
        self.say(json_text({"deleted": personal_data.forget(data)}))

    def _confirm(self, counts: dict[str, int]) -> None:
        """Ask for confirmation. Raise CommandError unless the answer is "y" or "yes"."""
        question = _("Delete %(conversations)s with %(messages)s, and %(contacts)s?") % {
            "conversations": counted_nouns.conversation_count(counts["conversations"]),
            "messages": counted_nouns.message_count(counts["messages"]),
            "contacts": counted_nouns.contact_count(counts["contacts"]),
        }
        try:
            answer = self.ask(f"{question} [y/N] ")
        except EOFError:
            raise CommandError(
                _(
                    "Nothing was deleted, as nobody can confirm it. Use --no-input to delete "
                    "without asking."
                )
            ) from None
        if answer.strip().lower() not in {"y", "yes"}:
            raise CommandError(_("Nothing was deleted."))
