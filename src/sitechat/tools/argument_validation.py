"""Strict validation of the arguments of tool calls.

Claude's SDK derives the schemas (`claude.tool_schemas`), but its own validation is lenient: it
converts "5" to the number 5. This module rejects arguments whose type differs from the schema. It
imports pydantic when the first tool is used.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from inspect import Parameter
from typing import Any, Protocol

from sitechat.safe_text import storable
from sitechat.tools.signature_stubs import resolved_hints, signature_of

MAX_LENGTH = 10_000
"""Maximum length of a call's arguments as JSON, in characters."""

MAX_PROBLEMS = 5
"""Maximum number of problems of a call that are reported to Claude."""


class InvalidArguments(ValueError):
    """The arguments of a call are not valid. The message tells Claude why."""


class Parameters(Protocol):
    """The parameters of a tool."""

    @property
    def defaults(self) -> Mapping[str, Any]:
        """The default values, by name."""

    def parse(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values to call the function with.

        Raises:
            InvalidArguments: The arguments are not valid.
        """


def check_storable(arguments: Mapping[str, Any]) -> None:
    """Raise InvalidArguments if the arguments are too long, or can't be stored.

    They can't be stored if they are not JSON, or contain U+0000 or half of a surrogate pair.
    """
    try:
        as_json = json.dumps(arguments, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise InvalidArguments("The arguments are not a JSON object.") from None
    if len(as_json) > MAX_LENGTH:
        raise InvalidArguments(f"The arguments are longer than {MAX_LENGTH} characters.")
    for text in _texts(arguments):
        if storable(text) != text:
            raise InvalidArguments(
                "The arguments contain U+0000 or half of a surrogate pair. Leave it out."
            )


def _texts(value: Any) -> Iterator[str]:
    """Yield all texts in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, each in value.items():
            yield name
            yield from _texts(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)


@dataclass(frozen=True)
class SignatureParameters:
    """The parameters of a Python function, except the first, which is the request."""

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
    def defaults(self) -> Mapping[str, Any]:
        """The default values, by name."""
        parameters = signature_of(self.function).parameters
        return {
            name: parameters[name].default
            for name in self.names
            if parameters[name].default is not Parameter.empty
        }

    def parse(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values to call the function with, including defaults.

        Texts are converted only to types that JSON does not have, such as dates.

        Args:
            arguments: The arguments of Claude's call, by name.

        Raises:
            InvalidArguments: They do not match the signature, or can't be stored.
            Exception: pydantic can't validate a type of the signature.
        """
        from pydantic import ValidationError

        check_storable(arguments)
        problems = [
            f'There is no parameter "{name}".' for name in arguments if name not in self.names
        ]
        values: dict[str, Any] = {}
        for name, adapter in self.adapters.items():
            if name not in arguments:
                if name in self.defaults:
                    values[name] = self.defaults[name]
                else:
                    problems.append(f'The parameter "{name}" is missing.')
                continue
            try:
                as_json = json.dumps(arguments[name])
                values[name] = adapter.validate_json(as_json, strict=True)
            except ValidationError as error:
                problems += [
                    f'"{".".join([name, *map(str, each["loc"])])}": {each["msg"]}.'
                    for each in error.errors(include_url=False, include_input=False)
                ]
        if problems:
            raise InvalidArguments(" ".join(problems[:MAX_PROBLEMS]))
        return values
