"""`manage.py chat_report`: print or mail the report of a week or month."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from sitechat.management.base import ChatCommand
from sitechat.reports import report_mail
from sitechat.reports.period_counts import PERIODS
from sitechat.reports.period_report import reviewed_report


class Command(ChatCommand):
    """Print or mail the report of the last week or month."""

    help = gettext_noop(
        "Prints what happened in the last whole week or month: conversations, "
        "answers, questions that were not answered, contacts and cost, compared "
        "with the period before. With --mail it is sent to CHAT_NOTIFY instead."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--period", choices=PERIODS, default="week", help=_("week (default)"))
        parser.add_argument(
            "--mail", action="store_true", help=_("send it to CHAT_NOTIFY, once for each period")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        period = options["period"]
        if not options["mail"]:
            for line in report_mail.as_text(reviewed_report(period)).splitlines():
                self.say(line)
            return
        addresses = report_mail.send_report(period)
        if not addresses:
            raise CommandError(
                _("Nobody is named in CHAT_NOTIFY or ADMINS. Name at least one e-mail address.")
            )
        self.say(_sent(addresses, period))


def _sent(addresses: int, period: str) -> str:
    if period == "month":
        text = ngettext(
            "The report goes to %(count)s address, once for each month.",
            "The report goes to %(count)s addresses, once for each month.",
            addresses,
        )
    else:
        text = ngettext(
            "The report goes to %(count)s address, once for each week.",
            "The report goes to %(count)s addresses, once for each week.",
            addresses,
        )
    return text % {"count": addresses}
