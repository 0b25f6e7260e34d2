"""A ledger for tests of sites that count in another cache than the default one."""

from sitechat.ledger import CacheLedger


class Elsewhere(CacheLedger):
    """Count in the cache `elsewhere`."""

    alias = "elsewhere"
