"""Ids of rows, as text from outside."""

from __future__ import annotations

import re
from uuid import UUID

USUAL_FORM = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
"""The form with hyphens. `uuid.UUID` also accepts others, such as braces and `urn:uuid:`."""


def parse_uuid(text: str) -> UUID | None:
    """Return the UUID in its usual form of 36 characters; None for anything else."""
    return UUID(text) if USUAL_FORM.fullmatch(text) else None
