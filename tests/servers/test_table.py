"""Tests that the tables in docs/servers.md match these tests."""

from __future__ import annotations

import django
import pytest

from tests.servers import table


def test_the_page_tells_what_is_tested(request: pytest.FixtureRequest) -> None:
    if django.VERSION < (5,):
        pytest.skip("the page is about the newest Django")
    collected = request.config.stash[table.COLLECTED]
    if {item.path for item in collected} != set(request.path.parent.glob("test_*.py")):
        pytest.skip("only where all the tests of this folder are collected")
    expected = table.page(table.guarantees(collected))
    assert table.PAGE.read_text() == expected, (
        "run: pytest tests/servers --collect-only -q --write-table"
    )
