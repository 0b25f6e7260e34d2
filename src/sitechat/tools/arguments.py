"""The arguments of tool calls: validated strictly, as Claude wrote them.

Claude's SDK derives the schema (`claude.tool_definitions`), but validates leniently: it makes the
number 5 of "5". Here an argument of another type is refused. pydantic is imported when the first
tool is used.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from inspect import Parameter
from typing import Any, Protocol

from sitechat.tools.signatures import resolved_hints, signature_of

MAX_LENGTH = 10_000
"""Maximum length of a call's arguments, as JSON."""

MAX_PROBLEMS = 5
"""Problems of one call that Claude is told."""


class InvalidArguments(ValueError):
    """The arguments of a call don't fit the tool. The text says why and is for Claude."""


class Parameters(Protocol):
    """The parameters of a tool."""

    def parse(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values to call the function with.

        Raises:
            InvalidArguments: The arguments don't fit.
        """


def check_length(arguments: Mapping[str, Any]) -> None:
    """Raise InvalidArguments if the arguments are too long, or can't be stored."""
    try:
        written = json.dumps(arguments)
    except (TypeError, ValueError, RecursionError):
        raise InvalidArguments("The arguments are not a JSON object.") from None
    if len(written) > MAX_LENGTH:
        raise InvalidArguments(f"The arguments are longer than {MAX_LENGTH} characters.")
    if "\\u0000" in written:
        raise InvalidArguments("The arguments contain the character U+0000. Leave it out.")


@dataclass(frozen=True)
class SignatureParameters:
    """The parameters of a Python function, but for the first."""

    function: Callable[..., Any]

    @cached_property
    def names(self) -> list[str]:
        """The names of the parameters that Claude fills."""
        return list(signature_of(self.function).parameters)[1:]

    @cached_property
    def adapters(self) -> dict[str, Any]:
        """A pydantic `TypeAdapter` for each parameter.

        Raises:
            Exception: pydantic can't validate a type of the signature.
        """
        from pydantic import TypeAdapter

        hints = resolved_hints(self.function, self.names)
        return {name: TypeAdapter(hints.get(name, Any)) for name in self.names}

    @cached_property
    def _defaults(self) -> dict[str, Any]:
        parameters = signature_of(self.function).parameters
        return {
            name: parameters[name].default
            for name in self.names
            if parameters[name].default is not Parameter.empty
        }

    def parse(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values, with defaults. Nothing is converted but what JSON has no type for."""
        from pydantic import ValidationError

        check_length(arguments)
        problems = [
            f'There is no parameter "{name}".' for name in arguments if name not in self.names
        ]
        values: dict[str, Any] = {}
        for name, adapter in self.adapters.items():
            if name not in arguments:
                if name in self._defaults:
                    values[name] = self._defaults[name]
                else:
                    problems.append(f'The parameter "{name}" is missing.')
                continue
            try:
                written = json.dumps(arguments[name])
                values[name] = adapter.validate_json(written, strict=True)
            except ValidationError as error:
                problems += [
                    f'"{".".join([name, *map(str, each["loc"])])}": {each["msg"]}.'
                    for each in error.errors(include_url=False, include_input=False)
                ]
        if problems:
            raise InvalidArguments(" ".join(problems[:MAX_PROBLEMS]))
        return values
