"""A small shop whose orders the chat can look up and cancel: the example of docs/tools.md.

Its orders are the same for every visitor. What a visitor cancels is kept in the cache.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.cache import cache

from sitechat import Chatbot, tool

if TYPE_CHECKING:
    from django.http import HttpRequest

ORDERS = {
    "A-1042": "a teapot, sent on Monday, expected on Thursday",
    "A-1043": "two cups, not sent yet",
}
HOUR = 3600


def cancelled(request: HttpRequest, number: str) -> str:
    """Return the key under which the cache keeps that a visitor has cancelled an order."""
    return f"demo-cancelled-{request.session.session_key}-{number}"


@tool(status="Looking up your order…")
def order_status(request: HttpRequest, number: str) -> str:
    """Look up the status of an order. `number` is on the invoice, such as A-1042."""
    if number not in ORDERS:
        return f"There is no order {number}. The orders of the demo are {', '.join(ORDERS)}."
    if cache.get(cancelled(request, number)):
        return f"Order {number} was cancelled."
    return f"Order {number}: {ORDERS[number]}."


@tool(confirm="Cancel order {number}?", status="Cancelling your order…")
def cancel_order(request: HttpRequest, number: str) -> str:
    """Cancel an order that was not sent yet. `number` is on the invoice, such as A-1042."""
    if "not sent" not in ORDERS.get(number, ""):
        return f"Order {number} can't be cancelled: it was sent, or does not exist."
    cache.set(cancelled(request, number), True, HOUR)
    return f"Order {number} is cancelled."


class ShopBot(Chatbot):
    tools = [order_status, cancel_order]
