"""Conversion of the return values of tools to text for Claude."""

from __future__ import annotations

import json
from typing import Any

from django.utils.functional import Promise

from sitechat.safe_text import storable

MAX_LENGTH = 20_000
"""Maximum length of a result in characters; the rest is cut off."""

NO_RESULT = "The tool has run. It returns nothing."

CUT_NOTE = "\n(The result is longer. The rest was cut off.)"


class UnusableResult(TypeError):
    """A tool returned a value that can't be sent. The message is for the site's log."""


def result_text(value: Any) -> str:
    """Convert the return value of a tool to text for Claude.

    If a tool returns None or only spaces, the text says that it returns nothing. A long text is cut
    off, and a note is added.

    Args:
        value: Text, None, or values that can be written as JSON, including dates, decimals and
            UUIDs.

    Raises:
        UnusableResult: The value is of another type, such as a model instance or a generator.
    """
    from django.core.serializers.json import DjangoJSONEncoder  # imports Django's models

    if value is None:
        return NO_RESULT
    if isinstance(value, Promise):
        value = str(value)
    if not isinstance(value, str):
        try:
            value = json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise UnusableResult(
                f"The tool returned {type(value).__name__}. Return text, or a dict or list of "
                f"values that can be written as JSON. ({type(error).__name__}: {error})"
            ) from error
    text = storable(value[: MAX_LENGTH + 1])
    if not text.strip():
        return NO_RESULT
    return text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH] + CUT_NOTE
