"""Cache backends for tests."""

from __future__ import annotations

from typing import Any, NoReturn

from django.core.cache.backends.base import BaseCache


class UnreachableCache(BaseCache):
    """A cache whose server is down, as Redis reports it."""

    def __init__(self, location: str, options: dict[str, Any]) -> None:
        super().__init__(options)

    def add(self, *args: Any, **options: Any) -> NoReturn:
        """Raise an error, as all methods do."""
        raise ConnectionError("Connection refused")

    get = set = delete = incr = touch = has_key = clear = add
