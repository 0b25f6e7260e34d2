"""Count the usage of visitors and of the site, and enforce CHAT_LIMITS.

A message first reserves its worst case (`reserve`), which takes it from every limit that applies
or refuses it. When its reply has ended, `settle` books what was really used instead. Imports
`models`, `runtime` and `conf`.
"""

from __future__ import annotations

from functools import lru_cache

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from sitechat.conf import conf
from sitechat.ledger.base import Ledger
from sitechat.ledger.cache_ledger import CacheLedger
from sitechat.ledger.claims import Claim, Reservation
from sitechat.ledger.database_ledger import DatabaseLedger
from sitechat.ledger.identity import Visitor

__all__ = [
    "CacheLedger",
    "Claim",
    "DatabaseLedger",
    "Ledger",
    "Reservation",
    "Visitor",
    "get_ledger",
]


def get_ledger() -> Ledger:
    """Return the ledger that CHAT_LEDGER names; raise ImproperlyConfigured if it names none."""
    return _load(conf.CHAT_LEDGER)


@lru_cache(maxsize=8)
def _load(path: str) -> Ledger:
    right = 'write "sitechat.ledger.DatabaseLedger" or "sitechat.ledger.CacheLedger".'
    try:
        ledger = import_string(path)
    except (ImportError, AttributeError, TypeError) as error:
        raise ImproperlyConfigured(
            f"CHAT_LEDGER is {path!r}, which can't be imported: {error}; {right}"
        ) from error
    if not (isinstance(ledger, type) and issubclass(ledger, Ledger)):
        raise ImproperlyConfigured(f"CHAT_LEDGER is {path!r}, which is no ledger; {right}")
    return ledger()
