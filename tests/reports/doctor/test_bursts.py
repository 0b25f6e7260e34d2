"""The doctor's look at MIDDLEWARE."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from sitechat.reports.doctor import bursts

FIRST = "sitechat.middleware.ChatMiddleware"


@pytest.mark.parametrize(
    ("middleware", "right"), [([FIRST, "other"], True), (["other", FIRST], None), ([], None)]
)
def test_the_middleware_is_recommended(
    middleware: list[str], right: bool | None, settings: Settings
) -> None:
    settings.MIDDLEWARE = middleware
    [found] = bursts.examine()
    assert found.right is right
    assert (FIRST in found.advice) is (right is None)
