"""The results of tools: conversion of a function's return value to text for Claude."""

from __future__ import annotations

import json
from typing import Any

from django.utils.functional import Promise

from sitechat.safe_text import storable

MAX_LENGTH = 20_000
"""Maximum length of a result in characters; the rest is cut off."""

NOTHING = "The tool has run. It returns nothing."

CUT = "\n(The result is longer. The rest was cut off.)"


class UnusableResult(TypeError):
    """A tool returned a value that can't be sent. The message is for the site's log."""


def result_text(value: Any) -> str:
    """Convert the return value of a tool to text, of at most `MAX_LENGTH` characters and a note.

    Args:
        value: Text, None, or values that can be written as JSON, including dates, decimals and
            UUIDs.

    Raises:
        UnusableResult: It is something else, such as a model instance or a generator.
    """
    from django.core.serializers.json import DjangoJSONEncoder  # imports Django's models

    if value is None:
        return NOTHING
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
        return NOTHING
    return text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH] + CUT
