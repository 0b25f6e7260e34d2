from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sitechat.driver import LiveReply
from sitechat.errors import ChatError
from sitechat.owner import asking
from sitechat.owner.safe_text import Stream, visible


class Command(BaseCommand):
    help = (
        "Asks a bot of the site a question, as an anonymous visitor would, and streams the answer "
        "to the terminal. Nothing but the usage is stored; CHAT_LIMITS do not apply."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("question")
        parser.add_argument("--bot", help="a name in CHAT_BOTS (the default bot)")
        parser.add_argument("--page", default="", help="the address of the page it is asked on")
        parser.add_argument(
            "--show-prompt",
            action="store_true",
            help="write what Claude would be sent, as JSON, and what it would cost; ask nothing",
        )

        parser.add_argument(
            "--show-sources",
            action="store_true",
            help="after the answer, list what it cites and the passages that went along",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if not options["show_prompt"]:
                asking.check_configured()
            ask = asking.understand(options["question"], options["bot"], options["page"])
            live = asking.compose(ask)
        except ChatError as error:
            raise CommandError(error.as_dict()["message"]) from None
        if options["show_prompt"]:
            self._show_prompt(live)
            return
        # What a model writes must not steer the terminal.
        stream = Stream()
        asking.run(asking.answer(live, lambda text: self._show(stream.more(text))))
        self.stdout.write(stream.rest())
        if options["show_sources"]:
            self._show_sources(live)
        if live.ending is not None and live.ending.error is not None:
            raise CommandError(live.ending.error.as_dict()["message"])

    def _show(self, text: str) -> None:
        self.stdout.write(text, ending="")
        self.stdout.flush()

    def _show_sources(self, live: LiveReply) -> None:
        lines = ["", "Cites:" if live.reply.sources else "Cites nothing."]
        lines += [f"  [{s['n']}] {s['title']}  {s['url']}" for s in live.reply.sources]
        documents = live.request.documents
        lines += ["", "Passages that went along:" if documents else "No passages went along."]
        lines += [
            f"  {' > '.join([document.title, *document.headings])}  {document.url}"
            for document in documents
        ]
        self.stdout.write(visible("\n".join(lines)))

    def _show_prompt(self, live: LiveReply) -> None:
        text = json.dumps(live.request.parameters(), ensure_ascii=False, indent=2)
        self.stdout.write(visible(text))
        most = live.request.worst_case()
        self.stderr.write(
            f"At most {most['input_tokens']} tokens in and {most['output_tokens']} out: "
            f"${float(most['dollars']):.4f} by {most['model']}."
        )
