"""`manage.py chat_export`: write everything that is stored about a visitor."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sitechat.management.base import ChatCommand
from sitechat.management.visitors import add_visitor_arguments, selected_data
from sitechat.reports import personal_data
from sitechat.safe_text import json_text


class Command(ChatCommand):
    """Write everything that is stored about a visitor."""

    help = gettext_noop(
        "Writes as JSON everything that is stored about a user, about whoever left an "
        "e-mail address, or about the visitor of one conversation."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        add_visitor_arguments(parser)
        parser.add_argument(
            "--output", type=Path, help=_("the file to write (default: standard output)")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        data = selected_data(options)
        text = json_text(personal_data.export(data), indent=2)
        if options["output"] is None:
            self.show(text)
            return
        try:
            with options["output"].open("x", encoding="utf-8") as new:
                new.write(text + "\n")
        except OSError as error:
            raise CommandError(
                _("%(file)s can't be written: %(error)s.")
                % {"file": options["output"], "error": error.strerror}
            ) from None
