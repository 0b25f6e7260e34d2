"""The reservations of a reply in the ledger, made before each request to Claude.

If a request offers tools, its reservation also covers a final request without tools. So a reply can
always answer with the results that it has.
"""

from __future__ import annotations

from decimal import Decimal

from sitechat.claude.request import Request
from sitechat.claude.token_usage import TokenUsage
from sitechat.engine.live_reply import LiveReply
from sitechat.engine.reply_costs import (
    Reserved,
    Spending,
    as_reserved,
    max_final_spending,
    max_spending,
)
from sitechat.ledger import get_ledger
from sitechat.ledger.visitor_identity import Visitor
from sitechat.models import Message, Status
from sitechat.runtime.safe_logging import get_logger

logger = get_logger("sitechat.engine")


def reserve(visitor: Visitor, request: Request) -> Reserved:
    """Reserve the maximum cost of a message: of its first and its final request.

    Raises:
        ChatError: The limits refuse the message, or the ledger does not answer.
    """
    first = max_spending(request)
    total = first + max_final_spending(request)
    claims = get_ledger().reserve(visitor, tokens=total.tokens, dollars=total.dollars)
    return as_reserved(request.model, first, claims)


def covers(live: LiveReply, request: Request) -> bool:
    """Return whether the reservation covers a request and the final request after it.

    Return True for replies that do not count in limits.
    """
    tokens, dollars = _missing(live, request)
    return live.reserved["claims"] is None or not (tokens or dollars)


def extend(live: LiveReply, request: Request) -> bool:
    """Extend the reservation to cover a request and the final request after it.

    Returns:
        Whether the reservation covers it now. If not, nothing was reserved: the limits have no
        room, the ledger does not answer, or the reply was stopped.
    """
    if covers(live, request):
        return True
    with live.reserving() as may_reserve:
        return may_reserve and _extend(live, request)


def _extend(live: LiveReply, request: Request) -> bool:
    """Reserve what is missing. Call it within `LiveReply.reserving`."""
    claims = live.reserved["claims"] or []
    tokens, dollars = _missing(live, request)
    try:
        more = get_ledger().extend(claims, live.visitor, tokens=tokens, dollars=dollars)
    except Exception:
        # The reply does not fail because of the ledger: it can end within its reservation.
        logger.exception("The ledger does not answer, so reply %s gets no further round", live.id)
        return False
    if more is None:
        return False
    live.reserved["claims"] = more
    live.held += Spending(TokenUsage(tokens), dollars)
    return True


def store_cost(live: LiveReply, request: Request) -> bool:
    """Store the cost to book if the process dies after it has sent the request.

    Nothing is stored for replies that do not count in limits, and for ended replies.

    Returns:
        Whether the request may be sent; False if the conversation was deleted.
    """
    if live.conversation_id is None:
        return True
    row = Message.objects.filter(pk=live.id)
    if live.reserved["claims"] is not None:
        live.reserved = as_reserved(
            request.model, live.spent_before + max_spending(request), live.reserved["claims"]
        )
        if row.filter(status=Status.RUNNING).update(reserved=live.reserved):
            return True
    return row.exists()


def hold(live: LiveReply, request: Request) -> bool:
    """Extend the reservation for a request, and store its cost (see `extend` and `store_cost`).

    Returns:
        Whether the request may be sent.
    """
    return extend(live, request) and store_cost(live, request)


def _missing(live: LiveReply, request: Request) -> tuple[int, Decimal]:
    """Return the tokens and dollars that are not reserved yet for a request."""
    needed = live.spent_before + max_spending(request) + max_final_spending(request)
    return (
        max(0, needed.tokens - live.held.tokens),
        max(Decimal(0), needed.dollars - live.held.dollars),
    )
