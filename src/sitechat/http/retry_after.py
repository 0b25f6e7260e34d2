"""The seconds in the header `Retry-After` of refused requests, by reason.

`turn_queue`, `read_limits` and the ledger compute their own values.
"""

from __future__ import annotations

DATABASE_UNAVAILABLE = 5
"""The database is unavailable."""

SLOW_METHOD = 10
"""A method of the site's bot takes too long."""

NO_THREAD = 1
"""No thread is free for the request's database work."""

NO_STREAM = 5
"""The process, the reply or the visitor's address has too many open streams."""
