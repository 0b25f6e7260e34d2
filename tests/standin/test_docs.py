"""Tests that the documentation of the stand-in is complete."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from sitechat.standin import Answer, Record, StandinControl
from sitechat.standin.scripted_answers import End

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()
WORDS = set(re.findall(r"\w+", PAGE))


@pytest.mark.parametrize("kind", [Answer, Record])
def test_every_attribute_is_documented(kind: type) -> None:
    assert {field.name for field in fields(kind)} <= WORDS


def test_every_call_is_documented() -> None:
    calls = {name for name in vars(StandinControl) if not name.startswith("_")}
    assert calls - {"requests_after"} <= WORDS


def test_every_end_is_documented() -> None:
    assert set(get_args(End)) <= WORDS


def test_the_scripted_examples_are_valid() -> None:
    (example,) = re.findall(r"standin\.script\(\n(.*?)\n\)\n", PAGE, re.DOTALL)
    answers = eval(f"[{example}\n]", {"Answer": Answer})  # noqa: S307 - our own page
    assert len(answers) == 10
