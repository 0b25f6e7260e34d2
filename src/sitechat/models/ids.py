"""Parsing of ids in URLs, requests and sessions."""

from __future__ import annotations

import re
from uuid import UUID

USUAL_FORM = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
"""A UUID with hyphens. `uuid.UUID` also accepts other forms, such as `{…}` and `urn:uuid:…`."""


def parse_uuid(text: str) -> UUID | None:
    """Return the UUID that a text of 36 characters with hyphens means; None for other texts."""
    return UUID(text) if USUAL_FORM.fullmatch(text) else None
