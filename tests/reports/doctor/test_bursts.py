"""The doctor's look at MIDDLEWARE."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from sitechat.reports.doctor import bursts

FIRST = "sitechat.middleware.ChatMiddleware"


@pytest.mark.parametrize(
    ("middleware", "passed"), [([FIRST, "other"], True), (["other", FIRST], None), ([], None)]
)
def test_the_middleware_is_recommended(
    middleware: list[str], passed: bool | None, settings: Settings
) -> None:
    settings.MIDDLEWARE = middleware
    [found] = bursts.examine()
    assert found.passed is passed
    assert (FIRST in found.advice) is (passed is None)
