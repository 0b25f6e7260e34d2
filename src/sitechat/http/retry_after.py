"""The seconds that `Retry-After` names when the chat refuses a request, by reason.

Other parts compute theirs: `turn_queue` by how fast turns start, the limits by when they end.
"""

from __future__ import annotations

DATABASE_UNAVAILABLE = 5
"""The database is unavailable."""

SLOW_METHOD = 10
"""A method of the site's bot takes too long."""

NO_THREAD = 1
"""No thread is free for the request's database work."""

NO_STREAM = 5
"""Too many streams are open, in the process or of the visitor."""
