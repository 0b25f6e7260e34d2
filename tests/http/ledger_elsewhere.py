from sitechat.ledger import CacheLedger


class Elsewhere(CacheLedger):
    """Counts in a cache of its own."""

    alias = "elsewhere"
