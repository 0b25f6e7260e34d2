"""Signals, webhooks and log lines about reached limits. `base` decides when they are sent."""

from __future__ import annotations

from functools import cache

from sitechat.events import announce, queue_webhooks
from sitechat.ledger.claims import Claim, Count
from sitechat.ledger.limits import readable_amount
from sitechat.ledger.visitor_identity import Visitor
from sitechat.runtime.safe_logging import get_logger
from sitechat.signals import budget_reached, limit_reached

logger = get_logger("sitechat")


def report_reached(sender: type, claim: Claim, count: Count, visitor: Visitor) -> None:
    """Report a limit when it refuses a message for the first time in its window.

    If the limit is a budget, log this too.
    """
    limit, resets = claim.limit, claim.resets
    data = _data(claim)
    if not claim.is_budget:
        queue_webhooks("limit_reached", data)
        limit_reached.send_robust(sender, limit=limit, visitor=visitor, resets=resets)
        return
    logger.warning(
        "The site has spent $%s of its budget of %s: a message that may cost $%s was refused. "
        "The budget resets at %s.",
        readable_amount(claim.unit, count.spent),
        limit,
        readable_amount(claim.unit, claim.amount),
        resets.isoformat(),
    )
    queue_webhooks("budget_reached", data)
    budget_reached.send_robust(sender, limit=limit, resets=resets)


def _data(claim: Claim) -> dict[str, str]:
    return {
        "scope": claim.scope,
        "limit": str(claim.limit),
        "resets": claim.resets.isoformat(),
    }


def report_nearly_spent(sender: type, claim: Claim) -> None:
    """Report that 80% of a budget is spent."""
    announce(
        "budget_nearly_reached",
        sender=sender,
        data=_data(claim),
        limit=claim.limit,
        resets=claim.resets,
    )
    logger.warning(
        "The site has spent 80%% of its budget of %s; the budget resets at %s.",
        claim.limit,
        claim.resets.isoformat(),
    )


@cache
def warn_too_small(limit: str, scope: str) -> None:
    """Log that a single message exceeds a limit, once per process and limit."""
    logger.warning(
        'CHAT_LIMITS["%s"] contains the limit "%s", but a single message can need more, so it was '
        "refused. Raise the limit, or lower CHAT_MAX_TOKENS or CHAT_MAX_HISTORY.",
        scope,
        limit,
    )
