"""Signatures and type hints of tools, and stubs from which the SDK derives their schemas.

`argument_validation` uses the hints, `claude.tool_schemas` the stubs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from inspect import Parameter, Signature, getclosurevars, signature, unwrap
from types import FunctionType, MethodType
from typing import Any, get_type_hints


def signature_of(function: Callable[..., Any]) -> Signature:
    """Return the signature of a function.

    Its annotations may use names that are imported only for type checkers.
    """
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return signature(function, annotation_format=Format.FORWARDREF)
    return signature(function)


def resolved_hints(function: Callable[..., Any], names: list[str]) -> dict[str, Any]:
    """Return the types of parameters by name, with strings and forward references resolved.

    Parameters without an annotation are left out.

    Raises:
        NameError: An annotation uses a name that does not exist when the program runs.
    """
    plain = _plain(function)
    annotations = _annotations(plain)

    def holder() -> None:
        """Hold the annotations."""

    holder.__annotations__ = {name: annotations[name] for name in names if name in annotations}
    closure = getclosurevars(plain).nonlocals if isinstance(plain, FunctionType) else {}
    return get_type_hints(
        holder,
        globalns=getattr(plain, "__globals__", {}),
        localns=dict(closure),
        include_extras=True,
    )


def _plain(function: Callable[..., Any]) -> Any:
    """Return the Python function behind a method, a partial or an object that can be called."""
    plain: Any = unwrap(function)
    while isinstance(plain, partial):
        plain = unwrap(plain.func)
    if isinstance(plain, MethodType):
        return plain.__func__
    return plain if isinstance(plain, FunctionType) else type(plain).__call__


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        return get_annotations(function, format=Format.FORWARDREF)
    return getattr(function, "__annotations__", {})


def stub_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that does nothing, and has the parameters that Claude fills.

    The SDK derives the schema from it. The first parameter (the request) and the return type are
    left out. See `resolved_hints` for the errors.
    """
    full_signature = signature_of(function)
    parameters = list(full_signature.parameters.values())[1:]
    names = [parameter.name for parameter in parameters]
    hints = {**dict.fromkeys(names, Any), **resolved_hints(function, names)}

    def stub(**arguments: Any) -> None:
        """Do nothing."""

    stub.__name__ = stub.__qualname__ = getattr(function, "__name__", "tool")
    stub.__doc__ = function.__doc__
    stub.__annotations__ = hints
    stub.__signature__ = full_signature.replace(  # type: ignore[attr-defined]
        parameters=[
            parameter.replace(annotation=hints[parameter.name], kind=Parameter.KEYWORD_ONLY)
            for parameter in parameters
        ],
        return_annotation=full_signature.empty,
    )
    return stub
