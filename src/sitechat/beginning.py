"""The rows of a new turn, written while nobody else can begin one in the conversation."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from decimal import Decimal
from time import sleep
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError, IntegrityError, OperationalError
from django.utils import timezone

from sitechat import engine, primary, sessions, visitors
from sitechat.errors import ChatError, Overloaded
from sitechat.guard import free_slot
from sitechat.ledger import get_ledger
from sitechat.models import Conversation, Message, Role, Status
from sitechat.replies import Followed
from sitechat.standing import Standing, newest_two
from sitechat.visitors import current_user

if TYPE_CHECKING:
    from django.http import HttpRequest

    from sitechat import exchange
    from sitechat.parsing import Ask

ATTEMPTS = 20
"""Tries to write a turn, when many messages of an address come at the same moment."""

DEADLOCKS = 4
"""Tries after which a database that can't agree with itself is an error."""

Begun = tuple[Message, Message]
"""A visitor's message and its reply, as rows that are committed."""


@dataclass
class Beginning:
    """One message on its way to become a turn: what was found, and what Claude is to be asked."""

    request: HttpRequest
    ask: Ask
    found: Standing
    claude_request: exchange.Request
    who: visitors.Visitor
    reserved: dict[str, Any] | None = field(default=None, init=False)
    """What the try that is going on has taken from the limits."""

    def begin(self) -> Begun | Followed:
        """The rows of the turn, or the turn that the same message began a moment before.

        Raises what the limits refuse, Busy, Conflict, and Overloaded where the address writes
        too many messages at once.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                # Others of the address may be writing through other processes: the database tells.
                guess = attempt == 1 and not engine.writes_to(self.who.ip)
                begun = self._try(guess=guess)
            except OperationalError:
                # The database ended a deadlock at our cost. Inside a transaction that is the
                # caller's to do again: it may be gone.
                if attempt == DEADLOCKS or primary.in_transaction():
                    raise
                sleep(secrets.randbelow(20 * 2**attempt) / 1000)
                continue
            if isinstance(begun, ChatError):
                raise begun
            if begun is not None:
                return begun
        raise Overloaded(retry_after=1)

    def _try(self, *, guess: bool) -> Begun | Followed | ChatError | None:
        """One transaction; None where another message of the address has just taken the slot."""
        self.reserved = None
        try:
            with primary.atomic():
                return self._write_alone(guess=guess)
        except DatabaseError as error:
            if self.reserved is None:
                raise
            get_ledger().rolled_back(self.reserved["claims"], primary.alias())
            if isinstance(error, IntegrityError):
                return None
            raise

    def _write_alone(self, *, guess: bool) -> Begun | Followed | ChatError:
        """Lock the conversation, take what the turn needs from the limits, and write its rows.

        So of the same message, sent many times at once, only one asks for a place within the
        limits. Returns a refusal where others would raise it, so that what the ledger has noted
        about it is kept.
        """
        conversation, changed = self._lock()
        newest = self.found.recent[:2]
        if changed:
            newest = newest_two(conversation)
            if newest:
                remember(self.request, self.ask, self.who, conversation)
            now = Standing(conversation, newest)
            if (again := now.asked_before(self.request, self.ask)) is not None:
                return again
            now.check_free()
        try:
            slot = free_slot(self.who.ip, guess=guess)
            self.reserved = self._reserve()
        except ChatError as refusal:
            if newest:
                Conversation.objects.filter(pk=conversation.pk).update(updated=newest[0].created)
            else:
                conversation.delete()
            return refusal
        position = newest[0].position + 1 if newest else 0
        return self._write(conversation, position, self.reserved, slot)

    def _lock(self) -> tuple[Conversation, bool]:
        """The conversation, with its row locked; one is begun where there is none.

        Also whether it may have got messages since it was read: each turn writes `updated`.

        It is written without a look before: SQLite refuses a transaction that has read and then
        wants to write, without waiting.
        """
        who = current_user(self.request)
        user: Any = who if who is not None and who.is_authenticated else None
        conversation = self.found.conversation
        if conversation is not None:
            changes: dict[str, Any] = {"updated": timezone.now()}
            if user is not None and conversation.user_id is None:
                changes["user"] = user
            row = Conversation.objects.filter(pk=conversation.pk)
            if row.filter(updated=conversation.updated).update(**changes):
                return conversation, False
            if row.update(**changes):
                return conversation, True
            # It was forgotten a moment before.
        name = self.ask.bot.name
        pk = self.found.begins or sessions.new_conversation_id(
            self.request, name, self.ask.client_id
        )
        conversation = Conversation(pk=pk, bot=name, user=user)
        Conversation.objects.bulk_create([conversation], ignore_conflicts=True)
        return conversation, not sessions.is_new(self.request, self.ask.client_id)

    def _reserve(self) -> dict[str, Any]:
        """Take the turn's worst case from the limits; `claims` is what was taken."""
        most = self.claude_request.worst_case()
        claims = get_ledger().reserve(
            self.who,
            tokens=most["input_tokens"] + most["output_tokens"],
            dollars=Decimal(most["dollars"]),
        )
        return {**most, "claims": claims}

    def _write(
        self, conversation: Conversation, position: int, reserved: dict[str, Any], slot: str | None
    ) -> Begun:
        now = timezone.now()
        message = Message(
            conversation=conversation,
            position=position,
            role=Role.USER,
            text=self.ask.message,
            client_id=self.ask.client_id,
            created=now,
        )
        reply = Message(
            conversation=conversation,
            position=position + 1,
            role=Role.ASSISTANT,
            status=Status.RUNNING,
            running_in=conversation,
            slot=slot,
            reserved=reserved,
            created=now,
            updated=now,
        )
        Message.objects.bulk_create([message, reply])
        return message, reply


def remember(
    request: HttpRequest, ask: Ask, who: visitors.Visitor, conversation: Conversation
) -> None:
    """The visitor's browser holds the conversation from now on."""
    visitors.remember(request, who)
    sessions.remember(request, ask.bot.name, conversation.pk)
