"""The order of the upgrade tests."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these tests first: they take long, and other processes run other tests meanwhile."""
    items.sort(key=lambda item: Path(__file__).parent not in item.path.parents)
