"""`manage.py chat_doctor`: examine a deployed chat."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from sitechat.management.base import ChatCommand
from sitechat.reports import asking_bots
from sitechat.reports.doctor import DeployedSite, Finding, examine


class Command(ChatCommand):
    """Examine a deployed chat."""

    help = gettext_noop(
        "Examines a deployed chat as a visitor's browser sees it: whether it is "
        "on the page, its scripts load, Claude accepts the key, answers stream, "
        "visitors are told apart, and several questions are answered at the same "
        "time. It asks real questions, which cost money. Fails if something is "
        "wrong."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "address",
            nargs="?",
            default="",
            help=_("a page with the chat, such as example.org, or the prefix of the chat's URLs"),
        )
        parser.add_argument("--url", default="", help=_("the same as the address"))
        parser.add_argument(
            "--bot", default="", help=_("a name in CHAT_BOTS (default: the page's bot)")
        )
        parser.add_argument(
            "--streams",
            type=int,
            default=3,
            help=_("number of questions asked at the same time (default: 3); 0 for none"),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        address = options["address"] or options["url"]
        if not address:
            raise CommandError(_("Name the site: chat_doctor example.org"))
        if options["streams"] < 0:
            raise CommandError(_("--streams must be 0 or more."))
        if options["bot"] and (problem := asking_bots.unknown_bot(options["bot"])):
            raise CommandError(problem)
        try:
            site = DeployedSite(address)
        except ValueError as error:
            raise CommandError(str(error)) from None
        wrong = 0
        for finding in examine(site, bot=options["bot"], streams=options["streams"]):
            wrong += finding.passed is False
            self._report(finding)
        if wrong:
            text = ngettext(
                "%(count)s of these points is wrong.", "%(count)s of these points are wrong.", wrong
            )
            raise CommandError(text % {"count": wrong})

    def _report(self, finding: Finding) -> None:
        marks = {
            True: (_("right"), self.style.SUCCESS),
            False: (_("WRONG"), self.style.ERROR),
            None: ("?", self.style.WARNING),
        }
        width = max(len(mark) for mark, _style in marks.values())
        mark, style = marks[finding.passed]
        self.say(f"  {finding.point}: {finding.seen}", mark=mark.ljust(width), style=style)
        if finding.passed is not True and finding.advice:
            self.say(f"{'':{width}}  {finding.advice}")
