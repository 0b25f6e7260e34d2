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
    FAILED = "failed"


@dataclass(frozen=True)
class StoringResult:
    """The outcome of storing a document, and the reason if it is not indexed."""

    outcome: Outcome
    url: str
    problem: str = ""
    lines: frozenset[str] = frozenset()
    """The lines of its text, if it is a rendered page of the site."""
