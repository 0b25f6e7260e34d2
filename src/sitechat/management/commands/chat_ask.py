from __future__ import annotations

import asyncio
import uuid
from argparse import ArgumentParser
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.cache import SessionStore
from django.core.management.base import BaseCommand, CommandError
from django.http import HttpRequest
from django.test import RequestFactory

from sitechat import bookkeeping, claude, guard, turns, visitors
from sitechat.driver import LiveReply, converse
from sitechat.errors import ChatError
from sitechat.reply import Reply


class Command(BaseCommand):
    help = (
        "Asks a bot of the site a question, as an anonymous visitor would, and streams the answer "
        "to the terminal. Nothing but the usage is stored; CHAT_LIMITS do not apply."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("question")
        parser.add_argument("--bot", help="a name in CHAT_BOTS (the default bot)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            live = self._compose(options["question"], options["bot"])
        except ChatError as error:
            raise CommandError(error.as_dict()["message"]) from None
        asyncio.run(self._answer(live))
        self.stdout.write()
        if live.ending is not None and live.ending.error is not None:
            raise CommandError(live.ending.error.as_dict()["message"])

    def _compose(self, question: str, bot: str | None) -> LiveReply:
        ask = guard.understood({"message": question, **({"bot": bot} if bot else {})})
        if not claude.configured():
            raise CommandError("There is no key for Claude: set ANTHROPIC_API_KEY.")
        request = anonymous_request()
        claude_request = turns.compose(request, ask)
        return LiveReply(
            Reply(id=str(uuid.uuid4()), message_id=str(uuid.uuid4())),
            claude_request,
            conversation_id=None,
            bot=ask.bot,
            reserved={**claude_request.worst_case(), "claims": []},
            visitor=visitors.identify(request),
            tools=turns.tools(request, ask),
        )

    async def _answer(self, live: LiveReply) -> None:
        cursor = live.reply.cursor(0)

        def show() -> None:
            for event in live.reply.since(cursor):
                self.stdout.write(event.data.get("t", ""), ending="")
            self.stdout.flush()

        live.follow(show)
        live.ending = await converse(live, lambda work: sync_to_async(work)())
        await sync_to_async(bookkeeping.record)(live)
        await claude.close_client()


def anonymous_request() -> HttpRequest:
    """A request such as a visitor without a session sends."""
    request = RequestFactory().get("/")
    request.session = SessionStore()
    try:
        from django.contrib.auth.models import AnonymousUser
    except RuntimeError:  # django.contrib.auth is not installed
        return request
    request.user = AnonymousUser()
    return request
