"""Checks before a new turn: room in the limits, and the concurrent replies of an address."""

from __future__ import annotations

import secrets

from django.db import IntegrityError
from django.utils.translation import gettext as _

from sitechat.chatbot import Chatbot
from sitechat.claude import regions
from sitechat.claude.request import Request
from sitechat.errors import RateLimited
from sitechat.ledger import get_ledger
from sitechat.ledger.limits import PERIODS, current_limits
from sitechat.ledger.visitor_identity import Visitor
from sitechat.models import Message

MESSAGES_PER_SLOT = 6
"""An address may have one concurrent reply for this many messages that its limit allows."""

MIN_SLOTS = 4
"""The lowest limit of concurrent replies, for households and visitors with several tabs."""


def check_room(visitor: Visitor, bot: Chatbot) -> None:
    """Raise an error if the limits have no room even for an empty message.

    This is a cheap check before the expensive search of the site. The reservation checks the
    message itself.

    Raises:
        RateLimited, BudgetExhausted: The limits have no room.
        Overloaded: The ledger does not answer.
    """
    cheapest = Request(
        bot.model,
        bot.max_tokens,
        [],
        thinking=bot.thinking,
        effort=bot.effort,
        in_us=regions.runs_in_us(),
        fallback_model=bot.fallback_model or "",
    ).max_cost()
    tokens = cheapest.input_tokens + cheapest.output_tokens
    get_ledger().check(visitor, tokens=tokens, dollars=cheapest.dollars)


def slots_per_address() -> int | None:
    """Return the maximum number of concurrent replies of one address; None for any number.

    It is the number of messages that CHAT_LIMITS allows an address in its shortest period, divided
    by MESSAGES_PER_SLOT, but at least MIN_SLOTS. This is enough for visitors who share an address
    behind a router, and stops floods of messages.
    """
    caps = [limit for limit in current_limits() if (limit.scope, limit.unit) == ("ip", "messages")]
    if not caps:
        return None
    shortest = min(caps, key=lambda limit: PERIODS.index(limit.period))
    return max(MIN_SLOTS, shortest.cap // MESSAGES_PER_SLOT)


def free_reply_slot(address_identity: str, *, guess: bool) -> str | None:
    """Return a concurrency slot for one more reply of an address.

    A slot is the address and a number. The row of a running reply holds it, and a unique constraint
    lets no second row hold the same slot.

    Args:
        address_identity: `Visitor.ip`.
        guess: Whether to choose a slot without reading which slots are in use. Choose True for an
            address that probably has no running reply.

    Returns:
        The slot, or None if addresses are not limited.

    Raises:
        RateLimited: All slots are in use.
    """
    count = slots_per_address()
    if count is None:
        return None
    prefix = f"{address_identity}:"
    used: set[str | None] = set()
    if not guess:
        used.update(Message.objects.filter(slot__startswith=prefix).values_list("slot", flat=True))
    if len(used) >= count:
        raise RateLimited(_("Too many answers are being written for you at once."), retry_after=5)
    # A random slot, so that concurrent messages rarely choose the same one.
    while (slot := f"{prefix}{secrets.randbelow(count)}") in used:
        pass
    return slot


def is_slot_taken(error: IntegrityError) -> bool:
    """Return whether a row violates the unique constraint of `Message.slot`.

    The first line of each database's error names the constraint or the column. Further lines may
    contain values.
    """
    return "slot" in str(error).partition("\n")[0]
