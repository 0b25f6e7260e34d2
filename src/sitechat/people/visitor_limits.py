"""Transactions that count a visitor's message or form in the limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from sitechat.ledger import get_ledger
from sitechat.ledger.claims import Reservation
from sitechat.runtime import database

T = TypeVar("T")


def run_counted(work: Callable[[Reservation], T]) -> T:
    """Run a transaction that counts something in the limits, and undo the count on a rollback.

    Args:
        work: Runs the statements of the transaction. It must add the claims that `Ledger.count`
            returns to its argument, so that they can be undone. It is called again after a
            deadlock.

    Returns:
        The result of `work`.

    Raises:
        Exception: Any exception that `work` raised.
    """

    def run() -> T:
        claims: Reservation = []
        try:
            with database.atomic():
                return work(claims)
        except Exception:
            if claims:
                get_ledger().cancel_after_rollback(claims, database.alias())
            raise

    return database.retry(run)
