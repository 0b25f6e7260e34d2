"""`manage.py chat_doctor`: examine a deployed chat."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from sitechat.management.base import ChatCommand
from sitechat.reports.doctor import DeployedSite, Finding, examine


class Command(ChatCommand):
    """Examine a deployed chat."""

    help = (
        "Examines a deployed chat as a visitor's browser sees it: whether it is on the page, its "
        "scripts load, Claude accepts the key, answers stream, visitors are told apart, and "
        "several questions are answered at the same time. It asks real questions, which cost "
        "money. Fails if something is wrong."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "address",
            nargs="?",
            default="",
            help="a page with the chat, such as example.org, or the prefix of the chat's URLs",
        )
        parser.add_argument("--url", default="", help="the same as the address")
        parser.add_argument(
            "--bot", default="", help="a name in CHAT_BOTS (default: the page's bot)"
        )
        parser.add_argument(
            "--streams",
            type=int,
            default=3,
            help="number of questions asked at the same time (default: 3); 0 for none",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        address = options["address"] or options["url"]
        if not address:
            raise CommandError("Name the site: chat_doctor example.org")
        if options["streams"] < 0:
            raise CommandError("--streams must be 0 or more.")
        try:
            site = DeployedSite(address)
        except ValueError as error:
            raise CommandError(str(error)) from None
        wrong = 0
        for finding in examine(site, bot=options["bot"], streams=options["streams"]):
            wrong += finding.right is False
            self._report(finding)
        if wrong:
            raise CommandError(f"{wrong} of these points {'is' if wrong == 1 else 'are'} wrong.")

    def _report(self, finding: Finding) -> None:
        mark, style = {
            True: ("right", self.style.SUCCESS),
            False: ("WRONG", self.style.ERROR),
            None: ("?    ", self.style.WARNING),
        }[finding.right]
        self.say(f"  {finding.point}: {finding.seen}", mark=mark, style=style)
        if finding.right is not True and finding.advice:
            self.say(f"       {finding.advice}")
