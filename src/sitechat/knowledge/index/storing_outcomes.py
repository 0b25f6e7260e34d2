"""The result of storing a document."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """The possible outcomes of storing a document."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    LEFT_OUT = "left out"
    """The page is gone, not public or empty, says noindex, or repeats another page's address or
    text."""
    FAILED = "failed"
    """The page could not be read, or its address or audience is not valid."""


@dataclass(frozen=True)
class StoringResult:
    """The outcome of storing a document, and the reason if it is not indexed."""

    outcome: Outcome
    url: str
    problem: str = ""
    lines: frozenset[str] = frozenset()
    """The keys of its lines, to find the lines that pages share. Empty if they are not compared."""
