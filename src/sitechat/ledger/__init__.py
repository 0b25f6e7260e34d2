"""Counts and money: what each visitor and the site have spent of CHAT_LIMITS.

A message first reserves its worst case (`reserve`), which takes it from every limit that applies
or refuses it. When its reply has ended, `settle` books what was really used instead.
"""

from __future__ import annotations

from functools import lru_cache

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from sitechat.conf import conf
from sitechat.ledger.base import Ledger
from sitechat.ledger.cache import CacheLedger
from sitechat.ledger.claims import Claim
from sitechat.ledger.database import DatabaseLedger

__all__ = ["CacheLedger", "Claim", "DatabaseLedger", "Ledger", "get_ledger"]


def get_ledger() -> Ledger:
    """The ledger that CHAT_LEDGER names; raises ImproperlyConfigured where it names none."""
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
