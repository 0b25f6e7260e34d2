"""May this request speak? By its source, its bot, Claude's state and the limits.

Nothing is written for a visitor who is refused: no session, no conversation, no message.
"""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import is_same_domain
from django.utils.translation import gettext as _

from sitechat import claude, exchange
from sitechat.errors import ForbiddenOrigin, NotAllowed, NotConfigured, Overloaded, RateLimited
from sitechat.ledger import get_ledger
from sitechat.limits import PERIODS, current_limits
from sitechat.models import Message
from sitechat.parsing import Ask, parse_message, read_json

if TYPE_CHECKING:
    from sitechat.chatbot import Chatbot
    from sitechat.visitors import Visitor


AT_ONCE = 6
"""Running replies of an address are limited to the messages that it may send, divided by this."""

LEAST_AT_ONCE = 4
"""So many replies of an address may always run: a household, or one visitor with some tabs."""


def admit(request: HttpRequest) -> Ask:
    """The message that a request brings, if it may speak; raises the ChatError it may not."""
    check_source(request)
    ask = parse_message(read_json(request))
    if not ask.bot.allowed(request):
        raise NotAllowed
    return ask


def check_ready() -> None:
    """Refuse what only a new message needs: one that was taken before is followed all the same.

    While Claude has been failing, asking again would only add to its load.
    """
    if not claude.configured():
        raise NotConfigured
    if wait := claude.breaker.closed_for():
        raise Overloaded(retry_after=wait)


def check_limits(visitor: Visitor, bot: Chatbot) -> None:
    """Refuse a visitor for whom the limits have no room even for an empty message.

    Asked before the site is searched for the message, which is dear; `reserve` decides.
    """
    least = exchange.Request(bot.model, bot.max_tokens, [], thinking=bot.thinking).worst_case()
    tokens = least["input_tokens"] + least["output_tokens"]
    get_ledger().check(visitor, tokens=tokens, dollars=Decimal(least["dollars"]))


def check_source(request: HttpRequest) -> None:
    """Refuse what another site's page made the browser send.

    As Go's CrossOriginProtection does: a trusted Origin passes; else `Sec-Fetch-Site` must say
    that the request came from here; browsers that do not send it are known by their Origin.
    Programs that are no browsers send neither, and pass.
    """
    origin = request.headers.get("Origin")
    if origin and _trusted(origin):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise ForbiddenOrigin
    elif origin is not None and _host(origin) != request.get_host().lower():
        raise ForbiddenOrigin


def _host(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _trusted(origin: str) -> bool:
    try:
        given = urlsplit(origin)
    except ValueError:
        return False
    return any(
        trusted.scheme == given.scheme
        and is_same_domain(given.netloc, trusted.netloc.removeprefix("*"))
        for trusted in map(urlsplit, settings.CSRF_TRUSTED_ORIGINS)
    )


def at_once() -> int | None:
    """How many replies one address may have running at once; None for any number.

    A part (`AT_ONCE`) of the messages that CHAT_LIMITS grants an address in its shortest period:
    visitors behind one router share an address, and a flood comes all at once.
    """
    caps = [limit for limit in current_limits() if (limit.scope, limit.unit) == ("ip", "messages")]
    if not caps:
        return None
    shortest = min(caps, key=lambda limit: PERIODS.index(limit.period))
    return max(LEAST_AT_ONCE, shortest.cap // AT_ONCE)


def free_slot(address: str, *, guess: bool) -> str | None:
    """A place for one more reply of an address, which the database lets only one reply take.

    None where addresses are not limited. Raises RateLimited where all places are taken. `guess`
    saves the look at those that are taken, for an address that is likely to have none.
    """
    most = at_once()
    if most is None:
        return None
    prefix = f"{address}:"
    taken: set[str | None] = set()
    if not guess:
        taken.update(Message.objects.filter(slot__startswith=prefix).values_list("slot", flat=True))
    if len(taken) >= most:
        raise RateLimited(_("Too many answers are being written for you at once."), retry_after=5)
    # At random, so that messages that come together seldom choose the same.
    while (slot := f"{prefix}{secrets.randbelow(most)}") in taken:
        pass
    return slot
