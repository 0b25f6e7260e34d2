"""The ledger that CHAT_LEDGER names."""

from __future__ import annotations

from functools import lru_cache

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from sitechat.conf import conf
from sitechat.ledger.base import Ledger


def get_ledger() -> Ledger:
    """Return the ledger that CHAT_LEDGER names, the same object at each call.

    Raises:
        ImproperlyConfigured: CHAT_LEDGER can't be imported, or is not a subclass of `Ledger`.
    """
    return _load(conf.CHAT_LEDGER)


@lru_cache(maxsize=8)
def _load(path: str) -> Ledger:
    """Create the ledger of a dotted path, once per process. See `get_ledger` for the error."""
    advice = 'write "sitechat.ledger.DatabaseLedger" or "sitechat.ledger.CacheLedger".'
    try:
        ledger = import_string(path)
    except (ImportError, AttributeError, TypeError) as error:
        raise ImproperlyConfigured(
            f"CHAT_LEDGER is {path!r}, which can't be imported: {error}; {advice}"
        ) from error
    if not (isinstance(ledger, type) and issubclass(ledger, Ledger)):
        raise ImproperlyConfigured(f"CHAT_LEDGER is {path!r}, which is no ledger; {advice}")
    return ledger()
