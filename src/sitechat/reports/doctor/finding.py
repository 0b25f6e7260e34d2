"""The result of one check of the doctor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A checked point, whether it is right, and what to do if it is not."""

    point: str
    """What should be right, such as "The site answers"."""
    right: bool | None
    """None if it can't be determined from outside."""
    seen: str
    """The observation, which may contain text from the server."""
    advice: str = ""
    """What to do if it is not right."""
