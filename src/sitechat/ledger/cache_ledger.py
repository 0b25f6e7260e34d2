"""The ledger in Django's cache, for sites that have Redis or Memcached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone

from django.core.cache import BaseCache, InvalidCacheBackendError, caches
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.dummy import DummyCache
from django.core.cache.backends.filebased import FileBasedCache
from django.core.cache.backends.locmem import LocMemCache
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sitechat.ledger.base import Ledger
from sitechat.ledger.claims import Change, Claim, Count
from sitechat.ledger.exceeded_limits import exceeded

EXTRA_LIFETIME = 3600
"""Seconds that a count is kept after the end of its window. Otherwise it could expire during
`incr`, which then creates it again without a timeout."""

RESERVED_SUFFIX = ":reserved"
"""Suffix of the keys of reserved amounts."""

UNFIT = {
    LocMemCache: gettext_lazy("each process would count for itself"),
    DummyCache: gettext_lazy("it keeps nothing"),
    FileBasedCache: gettext_lazy("it loses counts when two requests come at once"),
    DatabaseCache: gettext_lazy("it loses counts when two requests come at once"),
}
"""Caches in which counts would not be reliable, and why."""


class CacheLedger(Ledger):
    """A ledger in a cache whose `incr` is atomic across processes: Redis or Memcached.

    It adds to one count after the other, and subtracts again if a cap was exceeded. So admitted
    messages never exceed a cap. If several messages arrive while a limit is almost reached, a
    message that would have fitted may be refused. A count that the cache evicts or loses starts at
    zero again.
    """

    alias = "default"
    """The alias in CACHES; set it in a subclass to use another cache."""

    def problems(self) -> list[str]:
        """Return reasons why counts in this cache would not be reliable."""
        try:
            cache = self._cache
        except InvalidCacheBackendError:
            return [
                _("CACHES has no %(alias)r, which the chat's ledger uses.") % {"alias": self.alias}
            ]
        return [
            _(
                "The chat's ledger can't count in CACHES[%(alias)r], %(backend)s: %(reason)s. Use "
                'Redis or Memcached there, or set CHAT_LEDGER to "sitechat.ledger.DatabaseLedger".'
            )
            % {"alias": self.alias, "backend": backend.__name__, "reason": reason}
            for backend, reason in UNFIT.items()
            if isinstance(cache, backend)
        ]

    @property
    def _cache(self) -> BaseCache:
        return caches[self.alias]

    def _take(self, claims: Sequence[Claim]) -> bool:
        if exceeded(claims, self._counts([claim.key for claim in claims])):
            return False
        for number, claim in enumerate(claims, start=1):
            # Add the reserved part first, so that this amount never looks spent.
            if claim.reserves:
                self._add(claim, claim.reserves, RESERVED_SUFFIX)
            if self._add(claim, claim.amount) > claim.cap:
                for taken in claims[:number]:
                    self._give_back(taken)
                return False
        return True

    def _give_back(self, claim: Claim) -> None:
        self._add(claim, -claim.amount)
        if claim.reserves:
            self._add(claim, -claim.reserves, RESERVED_SUFFIX)

    def _book(self, changes: Sequence[Change]) -> list[Claim]:
        for change in changes:
            self._change_count(change)
        # Read after the changes: if several replies settle at once, the last one sees all of them.
        budgets = {change.claim.key: change.claim for change in changes if change.claim.is_budget}
        counts = self._counts(list(budgets)) if budgets else {}
        return [
            claim
            for key, claim in budgets.items()
            if counts.get(key, Count()).spent >= claim.warn_from and self._first(claim, "warned")
        ]

    def _change_count(self, change: Change) -> None:
        for amount, suffix in ((change.taken, ""), (change.reserved, RESERVED_SUFFIX)):
            if amount and (count := self._add(change.claim, amount, suffix)) < 0:
                self._add(change.claim, -count, suffix)

    def _counts(self, keys: Sequence[str]) -> Mapping[str, Count]:
        names = [_name(key, suffix) for key in keys for suffix in ("", RESERVED_SUFFIX)]
        values = self._cache.get_many(names)
        return {
            key: Count(values.get(_name(key), 0), values.get(_name(key, RESERVED_SUFFIX), 0))
            for key in keys
            if _name(key) in values
        }

    def _first_to_reach(self, claim: Claim) -> bool:
        return self._first(claim, "reached")

    def _first(self, claim: Claim, mark: str) -> bool:
        """Set a mark of the claim's count; return whether it was not set before."""
        return self._cache.add(f"{_name(claim.key)}:{mark}", 1, timeout=_timeout(claim))

    def _add(self, claim: Claim, amount: int, suffix: str = "") -> int:
        """Add to a count and return the new value. A missing count starts at zero."""
        name = _name(claim.key, suffix)
        try:
            return self._cache.incr(name, amount)
        except ValueError:
            self._cache.add(name, 0, timeout=_timeout(claim))
            return self._cache.incr(name, amount)


def _name(key: str, suffix: str = "") -> str:
    """Return the key in the cache."""
    return f"sitechat:{key}{suffix}"


def _timeout(claim: Claim) -> int:
    """Return the seconds that the cache keeps a count."""
    return max(0, claim.expires - int(datetime.now(timezone.utc).timestamp())) + EXTRA_LIFETIME
