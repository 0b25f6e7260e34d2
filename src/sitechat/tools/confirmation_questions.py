"""The questions to visitors before a tool runs: their text, and the time for an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from string import Formatter
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from sitechat.safe_text import one_line
from sitechat.tools.argument_validation import InvalidArguments

if TYPE_CHECKING:
    from django.utils.functional import Promise

OPEN_FOR = timedelta(minutes=5)
"""The time in which a visitor can agree to a call. Afterwards, the tool can't run any more."""

MAX_LENGTH = 200
"""Maximum characters of a question. A visitor could not judge a longer one."""


def check_question(confirm: str | Promise, tool: str, parameters: Sequence[str]) -> None:
    """Check the question of a tool.

    Args:
        confirm: The question.
        tool: The name of the tool.
        parameters: The names of its parameters, which the question may contain in braces.

    Raises:
        ValueError: The question is empty or has unmatched braces, or a field in it has a format or
            is not the name of a parameter.
    """
    try:
        fields = list(Formatter().parse(str(confirm)))
    except ValueError as error:
        raise ValueError(f"The question of the tool {tool} can't be read: {error}.") from None
    if not str(confirm).strip():
        raise ValueError(f"The question of the tool {tool} is empty.")
    for _text, name, layout, conversion in fields:
        if name is None:
            continue
        if name in parameters and (layout or conversion):
            raise ValueError(
                f"The question of the tool {tool} formats the field {{{name}}}. Write only the "
                "name in braces, without a format or conversion."
            )
        if name not in parameters:
            raise ValueError(
                f"The question of the tool {tool} has the field {{{name}}}. Use only the names of "
                f"its parameters: {', '.join(parameters) or 'it has none'}."
            )


def question_of(
    confirm: str | Promise, arguments: Mapping[str, Any], defaults: Mapping[str, Any]
) -> str:
    """Return the question for a call. It contains the arguments of the call in full.

    Args:
        confirm: The question of the tool.
        arguments: The arguments of the call, with defaults.
        defaults: The defaults of the parameters. An empty argument that equals its default, and has
            no field in the question, is left out.

    Raises:
        InvalidArguments: The question would be too long, or an argument contains invisible
            characters, line breaks or repeated spaces.
    """
    text = str(confirm)
    values = {
        name: _("(empty)") if _is_empty(value) else _visible_text(name, value)
        for name, value in arguments.items()
    }
    named = {name for _text, name, _layout, _conversion in Formatter().parse(text) if name}
    question = Formatter().vformat(text, (), values)
    others = "; ".join(
        f"{name}: {value}"
        for name, value in values.items()
        if name not in named
        and not (_is_empty(arguments[name]) and defaults.get(name, ...) == arguments[name])
    )
    if others:
        question = f"{question} ({others})"
    if len(question) > MAX_LENGTH:
        raise InvalidArguments(
            f"The visitor must confirm this call, and the question would have {len(question)} "
            f"characters. At most {MAX_LENGTH} are allowed: use shorter arguments."
        )
    return question


def _is_empty(value: Any) -> bool:
    return value is None or value == ""


def _visible_text(name: str, value: Any) -> str:
    """Return an argument as text; raise InvalidArguments if the visitor could not see all of it."""
    text = str(value)
    if one_line(text) != text or text != " ".join(text.split()):
        raise InvalidArguments(
            f'The visitor must confirm this call, and "{name}" contains invisible characters, line '
            "breaks or repeated spaces. Leave them out."
        )
    return text
