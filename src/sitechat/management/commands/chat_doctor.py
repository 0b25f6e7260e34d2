from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sitechat.owner.deployment import Deployment
from sitechat.owner.doctor import Finding, examine
from sitechat.owner.safe_text import visible


class Command(BaseCommand):
    help = (
        "Measures a deployed chat as a browser meets it: does it stream, does it tell its own "
        "pages from others', does it know its visitors apart, how many can it answer at once. It "
        "asks real questions, which cost what they cost. Fails where something is wrong."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--url",
            required=True,
            help="the prefix of the chat's calls, such as https://example.org/api/",
        )
        parser.add_argument("--bot", default="", help="a name in CHAT_BOTS (the default bot)")
        parser.add_argument(
            "--streams", type=int, default=3, help="questions to ask at once (3); 0 for none"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["streams"] < 0:
            raise CommandError("--streams must be 0 or more.")
        try:
            site = Deployment(options["url"], options["bot"])
        except ValueError as error:
            raise CommandError(str(error)) from None
        wrong = 0
        for finding in examine(site, options["streams"]):
            wrong += finding.right is False
            self._tell(finding)
        if wrong:
            raise CommandError(f"{wrong} of these points {'is' if wrong == 1 else 'are'} wrong.")

    def _tell(self, finding: Finding) -> None:
        style, word = {
            True: (self.style.SUCCESS, "right"),
            False: (self.style.ERROR, "WRONG"),
            None: (self.style.WARNING, "?    "),
        }[finding.right]
        # What a server answers must not steer the terminal.
        self.stdout.write(f"{style(word)}  {finding.point}: {visible(finding.seen)}")
        if finding.right is not True and finding.advice:
            self.stdout.write(f"       {finding.advice}")
