"""Tests that the tables in docs/servers.md match these tests."""

from __future__ import annotations

import django
import pytest

from tests.servers import table


@pytest.mark.long
def test_the_page_tells_what_is_tested(request: pytest.FixtureRequest) -> None:
    if django.VERSION < (5,):
        pytest.skip("the page is about the newest Django")
    items = request.session.items
    modules = {item.path for item in items if item.path.parent == request.path.parent}
    if modules != set(request.path.parent.glob("test_*.py")) or request.config.option.keyword:
        pytest.skip("only where all the tests of this folder run")
    page = table.PAGE.read_text()
    all_pass = {item.nodeid: "passed" for item in items}
    for line in table.lines(table.guarantees(items), all_pass):
        assert line in page, "run: pytest tests/servers --write-table"
