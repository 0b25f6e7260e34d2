"""The decorator `tool`, and the class `Tool`, whose instances it creates."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from inspect import isasyncgenfunction, isgeneratorfunction
from typing import TYPE_CHECKING, Any, overload

from sitechat.tools.argument_validation import Parameters, SignatureParameters
from sitechat.tools.confirmation_questions import check_question
from sitechat.tools.signature_stubs import signature_of

if TYPE_CHECKING:
    from django.utils.functional import Promise

NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
"""Names of tools that Claude's API accepts."""

TIMEOUT = 30.0
"""Seconds that a tool may take unless it sets `timeout`."""

PHASE = "tool"
"""The code of the status event that a reply's stream has while a tool of the site runs."""


@dataclass(frozen=True, eq=False)
class Tool:
    """A function that Claude may call. Create one with the decorator `tool`."""

    function: Callable[..., Any]
    """The function. Its first argument is the visitor's request, except for built-in tools."""

    name: str
    confirm: str | Promise | None = None
    """The question to which the visitor must agree before the tool runs; None to run it at once."""

    status: str | Promise | None = None
    """The text that the visitor sees while the tool runs; None for a general text."""

    timeout: float = TIMEOUT
    """Seconds after which Claude gets an error instead of the result."""

    phase: str = PHASE
    """The code of the status event while the tool runs."""

    schema: Mapping[str, Any] | None = None
    """The JSON Schema of the arguments; None to derive it from the signature."""

    description: str | None = None
    """The description for Claude; None to use the docstring."""

    given_parameters: Parameters | None = field(default=None, repr=False)
    """The parameters, which validate arguments; None to derive them from the signature."""

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise ValueError(
                f"The tool's name is {self.name!r}. A name has 1 to 64 letters, digits, hyphens "
                'and underscores. Choose one with @tool(name="…").'
            )
        is_number = isinstance(self.timeout, (int, float)) and not isinstance(self.timeout, bool)
        if not is_number or not self.timeout > 0:
            raise ValueError(
                f"The timeout of the tool {self.name} is {self.timeout!r}. It must be a number of "
                "seconds above 0."
            )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function itself without validation, for example in the site's own tests."""
        return self.function(*args, **kwargs)

    @cached_property
    def parameters(self) -> Parameters:
        """The parameters that Claude fills. A function's first one, the request, is left out."""
        return self.given_parameters or SignatureParameters(self.function)


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...


@overload
def tool(
    *,
    name: str | None = None,
    confirm: str | Promise | None = None,
    status: str | Promise | None = None,
    timeout: float = TIMEOUT,
) -> Callable[[Callable[..., Any]], Tool]: ...


def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    confirm: str | Promise | None = None,
    status: str | Promise | None = None,
    timeout: float = TIMEOUT,
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Turn a function into a tool, for `Chatbot.tools`.

    The function gets the visitor's request as its first argument, and the arguments that Claude
    chose as keyword arguments with the types of the signature. It returns text, or values that can
    be written as JSON. It may be a coroutine function.

    Args:
        function: The function. Its docstring tells Claude what it does and when to use it.
        name: The tool's name; the function's by default.
        confirm: A question to the visitor, such as "Cancel order {number}?", with names of
            parameters in braces. The tool runs only if the visitor agrees.
        status: A text for the visitor while it runs, such as "Looking up your order…".
        timeout: Seconds after which Claude gets an error instead of the result.

    Returns:
        The tool, or a decorator that returns it if only keyword arguments are given.

    Raises:
        TypeError: The function is not callable, does not take a request, is a generator, or has
            parameters without names (such as `*args`).
        ValueError: The name, the timeout or the question is not valid, or Python knows no signature
            of the function.
    """
    if function is None:
        return lambda decorated: _make(decorated, name, confirm, status, timeout)
    return _make(function, name, confirm, status, timeout)


def _make(
    function: Callable[..., Any],
    name: str | None,
    confirm: str | Promise | None,
    status: str | Promise | None,
    timeout: float,
) -> Tool:
    """Return the tool. See `tool` for the errors."""
    if not callable(function):
        raise TypeError(f"@tool needs a function, not {function!r}.")
    own_name = getattr(function, "__name__", "")
    if isgeneratorfunction(function) or isasyncgenfunction(function):
        raise TypeError(f"The tool {own_name} is a generator. Return the whole result instead.")
    parameters = list(signature_of(function).parameters.values())
    if not parameters or parameters[0].kind not in (
        parameters[0].POSITIONAL_ONLY,
        parameters[0].POSITIONAL_OR_KEYWORD,
    ):
        raise TypeError(
            f"The tool {own_name} takes no request. Its first parameter must be the visitor's "
            f"request: def {own_name}(request, …)."
        )
    for parameter in parameters[1:]:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(
                f"The tool {own_name} has the parameter {str(parameter)!r}. Claude can only fill "
                "parameters with a name."
            )
    if confirm is not None:
        check_question(confirm, own_name, [parameter.name for parameter in parameters[1:]])
    return Tool(function, name or own_name, confirm=confirm, status=status, timeout=timeout)
