"""The result of one check of the doctor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A checked point, whether it passed, and what to do if it did not."""

    point: str
    """What should be right, such as "The site answers"."""
    passed: bool | None
    """None if it can't be determined from outside."""
    seen: str
    """The observation, which may contain text from the server."""
    advice: str = ""
    """What to do if it did not pass."""
