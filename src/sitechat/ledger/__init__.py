"""Count the usage of visitors and of the site, and enforce CHAT_LIMITS.

A message first reserves its maximum cost: `reserve` takes it from every limit that applies, or
refuses the message. When the reply has ended, `settle` replaces the reservation by the real usage.
This package imports only `events`, `models`, `runtime`, `signals`, `conf` and `errors`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sitechat.runtime.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from sitechat.ledger.base import Ledger
    from sitechat.ledger.cache_ledger import CacheLedger
    from sitechat.ledger.claims import Claim, Reservation
    from sitechat.ledger.database_ledger import DatabaseLedger
    from sitechat.ledger.site_ledger import get_ledger
    from sitechat.ledger.visitor_identity import Visitor

__all__ = [
    "CacheLedger",
    "Claim",
    "DatabaseLedger",
    "Ledger",
    "Reservation",
    "Visitor",
    "get_ledger",
]

# Imported lazily to keep the start fast: the admin needs only `limits`. Ledgers are needed only in
# processes that answer visitors.
__getattr__ = lazy_exports(
    __name__,
    {
        "base": ["Ledger"],
        "cache_ledger": ["CacheLedger"],
        "site_ledger": ["get_ledger"],
        "claims": ["Claim", "Reservation"],
        "database_ledger": ["DatabaseLedger"],
        "visitor_identity": ["Visitor"],
    },
)
