"""Tests of the decorator `tool`, and of the functions that it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any, Optional

import pytest

from sitechat import tool
from sitechat.claude.tool_schemas import definition
from sitechat.tools import InvalidArguments, Tool

if TYPE_CHECKING:
    from django.http import HttpRequest


@tool
def plain(request: HttpRequest, day: date, notes: Optional[list[str]] = None) -> str:  # noqa: UP045
    """Note a day.

    Args:
        day: The day.
    """
    return f"{day} {notes}"


def test_a_tool_can_be_called_as_its_function() -> None:
    assert plain(None, date(2026, 1, 2)) == "2026-01-02 None"
    assert (plain.name, plain.status) == ("plain", None)


def test_the_decorator_takes_options() -> None:
    named = tool(name="note-day", status="Noting…", timeout=2)(plain.function)
    assert (named.name, named.status, named.timeout) == ("note-day", "Noting…", 2)


def test_types_that_only_type_checkers_import_are_supported() -> None:
    made = definition(plain)
    assert made["description"] == "Note a day."
    assert made["input_schema"]["properties"]["day"] == {
        "description": "The day.",
        "format": "date",
        "title": "Day",
        "type": "string",
    }


def test_arguments_get_the_types_of_the_signature() -> None:
    assert plain.parameters.parse({"day": "2026-01-02", "notes": ["a"]}) == {
        "day": date(2026, 1, 2),
        "notes": ["a"],
    }
    assert plain.parameters.parse({"day": "2026-01-02"})["notes"] is None


@pytest.mark.parametrize(
    "arguments", [{"day": 5}, {"day": "soon"}, {"day": "2026-01-02", "notes": "a"}]
)
def test_arguments_of_another_type_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidArguments):
        plain.parameters.parse(arguments)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_numbers_that_json_can_not_hold_are_refused(number: float) -> None:
    @tool
    def wait(request: Any, seconds: float) -> str:
        return "done"

    with pytest.raises(InvalidArguments, match="not a JSON object"):
        wait.parameters.parse({"seconds": number})


def test_characters_that_can_not_be_stored_are_refused_and_their_escapes_are_not() -> None:
    for text in ("a\x00", "a\ud83d"):
        with pytest.raises(InvalidArguments, match="U\\+0000 or half"):
            plain.parameters.parse({"day": "2026-01-02", "notes": [text]})
    given = {"day": "2026-01-02", "notes": ["\\u0000"]}
    assert plain.parameters.parse(given)["notes"] == ["\\u0000"]


def test_methods_partials_and_callables_can_be_tools() -> None:
    class Shop:
        def look(self, request: Any, number: int) -> str:
            """Look."""
            return "looked"

        def __call__(self, request: Any, number: int) -> str:
            return "called"

    for function in (Shop().look, partial(Shop().look), Shop()):
        made = tool(name="look")(function)
        assert made.parameters.parse({"number": 1}) == {"number": 1}
        assert definition(made)["input_schema"]["required"] == ["number"]


def generator(request: Any) -> Iterator[str]:
    yield ""


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (lambda: "", "takes no request"),
        (lambda *, request: "", "takes no request"),
        (lambda request, *args: "", "only fill parameters with a name"),
        (lambda request, **more: "", "only fill parameters with a name"),
        (lambda request, number, /: "", "only fill parameters with a name"),
        (generator, "is a generator"),
        ("order_status", "needs a function"),
    ],
)
def test_unsuitable_functions_are_refused_immediately(
    function: Callable[..., Any], problem: str
) -> None:
    with pytest.raises(TypeError, match=problem):
        tool(name="some")(function)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "ä"])
def test_names_that_claude_refuses_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name has 1 to 64"):
        Tool(plain.function, name)


@pytest.mark.parametrize("timeout", [0, -1, True, "5", None])
def test_a_timeout_is_a_number_of_seconds(timeout: Any) -> None:
    with pytest.raises(ValueError, match="number of seconds above 0"):
        tool(timeout=timeout)(plain.function)
