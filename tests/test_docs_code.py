"""Tests that each code block of the documentation is right, as far as it can be without a site."""

from __future__ import annotations

import importlib.util
import re
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import override_settings

from tests import code_blocks
from tests.code_blocks import Block

BLOCKS = list(code_blocks.blocks())
REDIS = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://127.0.0.1:6379",
    }
}


def is_of_example(value: object) -> bool:
    """Return whether a value names a class or function of the example's own site."""
    packages = re.findall(r"\b(\w+)(?:\.\w+)+", str(value))
    return any(importlib.util.find_spec(package) is None for package in packages)


def settings_of(block: Block) -> dict[str, Any]:
    """Return the settings that the block sets and that can be checked without its site."""
    found = code_blocks.settings_in(block.code) if block.language == "python" else {}
    return {name: value for name, value in found.items() if not is_of_example(value)}


def name_of(block: Block) -> str:
    return f"{block.page}:{block.line}"


@pytest.mark.parametrize("block", BLOCKS, ids=name_of)
def test_a_code_block_is_right(block: Block) -> None:
    if block.language == "yaml":
        pytest.importorskip("yaml")
    assert block.language in code_blocks.CHECKS, "add a check for this language"
    code_blocks.CHECKS[block.language](block.code)


@pytest.mark.django_db
@pytest.mark.parametrize("block", [each for each in BLOCKS if settings_of(each)], ids=name_of)
def test_settings_in_examples_pass_the_checks(block: Block) -> None:
    with override_settings(CACHES=REDIS, **settings_of(block)):
        errors = [error for error in run_checks() if error.is_serious()]
    assert [error for error in errors if (error.id or "").startswith("sitechat.")] == []
