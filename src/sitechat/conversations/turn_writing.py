"""Write the rows of a new turn under a lock of its conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError
from django.utils import timezone

from sitechat import engine
from sitechat.claude.request import Request
from sitechat.conversations import message_rows
from sitechat.conversations.conversation_lookup import ConversationState, newest_turn
from sitechat.conversations.follow_up_questions import follow_ups
from sitechat.conversations.message_body import IncomingMessage
from sitechat.conversations.open_confirmations import decline_open
from sitechat.conversations.replies import ReplyHandle
from sitechat.conversations.turn_limits import free_slot, is_slot_taken
from sitechat.conversations.visit import Visit
from sitechat.engine import reservations
from sitechat.engine.spending import Reserved
from sitechat.errors import Busy, Conflict, Overloaded, PersonJoined
from sitechat.ledger import get_ledger
from sitechat.models import Conversation, Handoff, HandoffState, Message, Role, Status
from sitechat.runtime import database
from sitechat.runtime.process_identity import identity

ATTEMPTS = 20
"""Maximum attempts to write a turn while other messages of the address take its slots."""

REJECTED_ATTEMPTS = 2
"""Maximum attempts after a violated constraint other than the one on slots."""

TurnRows = tuple[Message, Message]
"""A visitor's message and its reply, as committed rows."""


@dataclass
class TurnWriter:
    """Writes the turn of one message."""

    visit: Visit
    message: IncomingMessage
    state: ConversationState
    request: Request
    """The request to Claude."""
    reserved: Reserved | None = field(default=None, init=False)
    """The reservation of the current attempt."""
    rejected: int = field(default=0, init=False)
    """Number of attempts that violated a constraint other than the one on slots."""

    def write(self) -> TurnRows | ReplyHandle:
        """Return the rows of the turn, or the reply to a copy of the message.

        Raises:
            Busy: A reply is running in the conversation.
            PersonJoined: A person of the site has joined since the conversation was read.
            Conflict: The id of the message was used for another text.
            RateLimited, BudgetExhausted: The limits have no room for the message.
            Overloaded: The visitor's address sends too many messages at once.
            ConversationDeleted: The request contains text of a deleted conversation.
        """
        for attempt in range(1, ATTEMPTS + 1):
            written = self._attempt(attempt)
            if written is not None:
                return written
        raise Overloaded(retry_after=1)

    def _attempt(self, attempt: int) -> TurnRows | ReplyHandle | None:
        """Write the turn, or return None if the next attempt may succeed."""
        try:
            # A wrong guess violates the unique constraint, and the next attempt reads the slots.
            guess = attempt == 1 and not engine.writes_to(self.visit.visitor.ip)
            for transaction in database.attempts():
                with transaction:
                    return self._try(guess=guess)
        except IntegrityError as error:
            if not is_slot_taken(error):
                # A copy of the message may have started the conversation at the same moment. The
                # next attempt finds its rows.
                self.rejected += 1
                if self.rejected == REJECTED_ATTEMPTS:
                    raise
        return None

    def _try(self, *, guess: bool) -> TurnRows | ReplyHandle:
        """Run one transaction."""
        self.reserved = None
        try:
            with database.atomic():
                return self._write_locked(guess=guess)
        except BaseException:
            if self.reserved is not None:
                get_ledger().cancel_after_rollback(self.reserved["claims"] or [], database.alias())
            raise

    def _write_locked(self, *, guess: bool) -> TurnRows | ReplyHandle:
        """Lock the conversation, reserve the worst case of the turn and write its rows.

        The lock comes first, so that only one of many copies of a message makes a reservation.
        """
        conversation, changed = self._lock()
        newest = self.state.recent[:2]
        if changed:
            newest = newest_turn(conversation)
            now = ConversationState(conversation, newest)
            if (reply := now.earlier_reply(self.visit, self.message)) is not None:
                return reply
            if now.earlier_message(self.message) is not None:
                raise Busy  # a copy has just been sent to a person: the client's retry finds it
            if Handoff.objects.filter(pk=conversation.pk, state=HandoffState.JOINED).exists():
                raise PersonJoined
            now.check_free()
        self._check_replaced(newest)
        decline_open(newest)
        slot = free_slot(self.visit.visitor.ip, guess=guess)
        self.reserved = reservations.reserve(self.visit.visitor, self.request)
        if self.message.replaces is not None:
            Message.objects.filter(pk__in=[row.pk for row in newest]).update(replaced=True)
        position = message_rows.next_question(newest[0].position if newest else None)
        return self._create(conversation, position, self.reserved, slot)

    def _check_replaced(self, newest: Sequence[Message]) -> None:
        """Raise Conflict if the message that this one replaces is not the visitor's last."""
        replaces = self.message.replaces
        if replaces is None:
            return
        answered = len(newest) == 2 and newest[0].role == Role.ASSISTANT
        if not answered or newest[1].public_id != replaces:
            raise Conflict

    def _lock(self) -> tuple[Conversation, bool]:
        """Lock or create the conversation.

        Returns:
            The conversation, and whether it may have new messages since it was read.
        """
        conversation = self.state.conversation
        if conversation is not None:
            return conversation, message_rows.lock(conversation, self.visit)
        name, held = self.message.bot.name, self.visit.held
        pk = self.state.new_id or held.new_id(name)
        return message_rows.begin_conversation(self.visit, name, pk), not held.is_new

    def _create(
        self, conversation: Conversation, position: int, reserved: Reserved, slot: str | None
    ) -> TurnRows:
        """Create the rows of the message and of its running reply."""
        now = timezone.now()
        question = Message(
            conversation=conversation,
            position=position,
            role=Role.USER,
            text=self.message.text,
            client_id=self.message.client_id,
            page=self.message.page_path,
            language=self.visit.language[: Message.MAX_LANGUAGE_LENGTH] or None,
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
            process=identity(),
            suggestions=follow_ups(
                self.request.documents,
                asked=[self.message.text, *(row.text for row in self.state.recent)],
            ),
            created=now,
            updated=now,
        )
        Message.objects.bulk_create([question, reply])
        if self.state.conversation is None and position == 0:
            message_rows.announce_start(conversation)
        return question, reply
