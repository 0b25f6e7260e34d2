"""The ledger in Django's cache, for sites that have Redis or Memcached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from django.core.cache import BaseCache, InvalidCacheBackendError, caches
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache

from sitechat.ledger.base import Ledger
from sitechat.ledger.claims import Claim

OUTLIVES = 3600
"""Seconds that a count is kept past the end of its window, so that none vanishes, or comes back
without a timeout, while a message is being counted."""

UNFIT = {
    LocMemCache: "each process would count for itself",
    DummyCache: "it keeps nothing",
    FileBasedCache: "it loses counts when two requests come at once",
    DatabaseCache: "it loses counts when two requests come at once",
}


class CacheLedger(Ledger):
    """Counts in a cache whose `incr` is atomic across processes: Redis or Memcached.

    It adds, and takes back what passed a cap. So a cap is never passed, but while messages race
    for the last of several limits, or of tokens or dollars, one may be refused that would just
    have fitted. What the cache evicts or loses starts afresh.
    """

    alias = "default"
    """Which of CACHES counts; subclass to name another."""

    def problems(self) -> list[str]:
        try:
            cache = self._cache
        except InvalidCacheBackendError:
            return [f"CACHES has no {self.alias!r}, in which the chat's ledger would count."]
        return [
            f"The chat's ledger can't count in CACHES[{self.alias!r}], {backend.__name__}: "
            f"{reason}. Use Redis or Memcached there, or set CHAT_LEDGER to "
            '"sitechat.ledger.DatabaseLedger".'
            for backend, reason in UNFIT.items()
            if isinstance(cache, backend)
        ]

    @property
    def _cache(self) -> BaseCache:
        return caches[self.alias]

    def _take(self, claims: Sequence[Claim]) -> list[Claim]:
        if full := self._full(claims):
            return full
        for number, claim in enumerate(claims, start=1):
            if self._add(claim, claim.amount) > claim.cap:
                for taken in claims[:number]:
                    self._add(taken, -taken.amount)
                return self._full(claims) or [claim]
        return []

    def _book(self, changes: Sequence[tuple[Claim, int]]) -> list[Claim]:
        warned = []
        for claim, change in changes:
            spent = self._add(claim, change)
            if spent < 0:
                self._add(claim, -spent)
            if claim.is_budget and spent >= claim.warn_from and self._first(claim, "warned"):
                warned.append(claim)
        return warned

    def _spent(self, keys: Sequence[str]) -> Mapping[str, int]:
        names = {_name(key): key for key in keys}
        return {names[name]: spent for name, spent in self._cache.get_many(names).items()}

    def _first_to_reach(self, claim: Claim) -> bool:
        return self._first(claim, "reached")

    def _first(self, claim: Claim, mark: str) -> bool:
        return self._cache.add(f"{_name(claim.key)}:{mark}", 1, timeout=_timeout(claim))

    def _add(self, claim: Claim, amount: int) -> int:
        """The count after adding. A count that is missing begins at zero."""
        name = _name(claim.key)
        try:
            return self._cache.incr(name, amount)
        except ValueError:
            self._cache.add(name, 0, timeout=_timeout(claim))
            return self._cache.incr(name, amount)


def _name(key: str) -> str:
    return f"sitechat:{key}"


def _timeout(claim: Claim) -> int:
    return max(0, claim.expires - int(datetime.now(timezone.utc).timestamp())) + OUTLIVES
