"""`manage.py chat_ask`: ask a bot a question from the terminal."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from sitechat.engine.live_reply import LiveReply
from sitechat.errors import ChatError
from sitechat.management.base import ChatCommand
from sitechat.models import Asker
from sitechat.reports import asking_bots
from sitechat.safe_text import VisibleStream, json_text


class Command(ChatCommand):
    """Ask a bot a question."""

    help = gettext_noop(
        "Asks a bot of the site a question, as an anonymous visitor would, and "
        "streams the answer to the terminal. Only the usage is stored; "
        "CHAT_LIMITS do not apply."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("question")
        parser.add_argument("--bot", help=_("a name in CHAT_BOTS (the default bot)"))
        parser.add_argument("--page", default="", help=_("the address of the visitor's page"))
        parser.add_argument(
            "--show-prompt",
            action="store_true",
            help=_("print the request to Claude as JSON and its maximum cost, without sending it"),
        )
        parser.add_argument(
            "--show-sources",
            action="store_true",
            help=_("list the cited sources and the passages that were sent, after the answer"),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command."""
        try:
            if not options["show_prompt"]:
                asking_bots.check_configured()
            message = asking_bots.parse_question(
                options["question"], options["bot"], options["page"]
            )
            if options["verbosity"] > 0:
                self.note(_("Searching the site…"))
            live = asking_bots.compose_question(message, Asker.ASK)
        except ChatError as error:
            raise CommandError(error.as_dict()["message"]) from None
        if options["show_prompt"]:
            self._show_prompt(live)
            return
        stream = VisibleStream()
        asking_bots.run(
            asking_bots.answer(
                live,
                lambda text: self.show(stream.add(text), ending=""),
                self.note if options["verbosity"] > 0 else None,
            )
        )
        self.show(stream.finish())
        if options["show_sources"]:
            self._show_sources(live)
        if live.ending is not None and live.ending.error is not None:
            raise CommandError(asking_bots.failure_reason(live.ending.error, live.request.model))

    def _show_sources(self, live: LiveReply) -> None:
        self.say("")
        self.say(_("Cites:") if live.reply.sources else _("Cites nothing."))
        for source in live.reply.sources:
            self.say(f"  [{source['n']}] {source['title']}  {source['url']}")
        passages = live.request.passages
        self.say("")
        self.say(_("Passages sent:") if passages else _("No passages were sent."))
        for passage in passages:
            title = " > ".join([passage.title, *passage.headings])
            self.say(f"  {title}  {passage.url}")

    def _show_prompt(self, live: LiveReply) -> None:
        self.show(json_text(live.request.parameters(), indent=2))
        highest = live.request.max_cost()
        self.note(
            _("At most %(input)s input and %(output)s output tokens: $%(dollars)s with %(model)s.")
            % {
                "input": highest.input_tokens,
                "output": highest.output_tokens,
                "dollars": f"{highest.dollars:.4f}",
                "model": highest.model,
            }
        )
