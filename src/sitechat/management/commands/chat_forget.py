from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sitechat.management.visitors import add_visitor, visitor_of
from sitechat.models import Message
from sitechat.owner import privacy


class Command(BaseCommand):
    help = (
        "Deletes the conversations of a user, or one conversation, with all their messages. What "
        "was used and paid is kept, without any link to them. Writes what was deleted as JSON."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_visitor(parser)
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would be deleted, and delete nothing"
        )
        parser.add_argument(
            "--no-input", action="store_false", dest="interactive", help="do not ask"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = visitor_of(options)
        counts = {
            "conversations": found.count(),
            "messages": Message.objects.filter(conversation__in=found.values("pk")).count(),
        }
        if options["dry_run"]:
            self.stdout.write(json.dumps({"would_delete": counts}))
            return
        if options["interactive"] and counts["conversations"]:
            _ask(counts)
        self.stdout.write(json.dumps({"deleted": privacy.forget(found)}))


def _ask(counts: dict[str, int]) -> None:
    """Raises CommandError for any answer but yes."""
    question = "Delete {conversations} conversations with {messages} messages? [y/N] "
    try:
        answer = input(question.format(**counts))
    except EOFError:
        raise CommandError(
            "Nothing was deleted: there is nobody to ask. --no-input does not ask."
        ) from None
    if answer.strip().lower() not in {"y", "yes"}:
        raise CommandError("Nothing was deleted.")
