"""State that belongs to one event loop and is released with the loop."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import Generic, TypeVar, cast

T = TypeVar("T")

_numbers = count()


class PerLoop(Generic[T]):
    """A value for each event loop.

    The value is an attribute of its loop, so that both are garbage-collected together. A
    WeakKeyDictionary would keep a loop alive if the value refers to the loop, as clients do.
    """

    def __init__(self) -> None:
        self._name = f"_sitechat_{next(_numbers)}"

    def get(self, loop: asyncio.AbstractEventLoop) -> T | None:
        """Return the value of the loop; None if it has none."""
        return cast("T | None", vars(loop).get(self._name))

    def set(self, loop: asyncio.AbstractEventLoop, value: T) -> None:
        """Set or replace the value of the loop."""
        vars(loop)[self._name] = value

    def setdefault(self, loop: asyncio.AbstractEventLoop, value: T) -> T:
        """Set the value of the loop if it has none; return the loop's value."""
        return cast("T", vars(loop).setdefault(self._name, value))

    def pop(self, loop: asyncio.AbstractEventLoop) -> T | None:
        """Remove and return the value of the loop; None if it has none."""
        return cast("T | None", vars(loop).pop(self._name, None))
