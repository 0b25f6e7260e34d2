from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sitechat.management.visitors import add_visitor, visitor_of
from sitechat.owner import privacy


class Command(BaseCommand):
    help = "Writes all that is kept of a user or a conversation, as JSON."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_visitor(parser)
        parser.add_argument("--output", type=Path, help="a file to write; standard output without")

    def handle(self, *args: Any, **options: Any) -> None:
        found = visitor_of(options)
        text = json.dumps(privacy.export(found), ensure_ascii=False, indent=2)
        if options["output"] is None:
            self.stdout.write(text)
            return
        try:
            options["output"].write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{options['output']} can't be written: {error}") from None
