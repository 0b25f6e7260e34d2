"""Tests that missing migrations are reported."""

from __future__ import annotations

import pytest

from sitechat.checks import run_for_deployment, upkeep
from sitechat.runtime import database


@pytest.mark.database
@pytest.mark.django_db
def test_tables_that_are_there() -> None:
    assert list(upkeep.check_tables()) == []
    assert not database.has_unapplied_migrations()


@pytest.mark.database
def test_missing_tables_are_named_and_break_no_other_check(unmigrated: None) -> None:
    found = {message.id: message for message in run_for_deployment()}
    assert "manage.py migrate" in str(found["sitechat.W024"].hint)
