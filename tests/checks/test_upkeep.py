"""Tests of the checks of migrations and of edited texts."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from sitechat.checks import run_for_deployment, upkeep
from sitechat.models import BotTexts
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


@pytest.mark.django_db
@pytest.mark.parametrize("bots", [None, 1])
def test_edited_texts_and_bots_that_are_no_mapping(settings: Settings, bots: object) -> None:
    BotTexts.objects.create(bot="default", greeting="Hi")
    assert [message.id for message in upkeep.check_edited_texts()] == ["sitechat.I002"]
    settings.CHAT_BOTS = bots
    found = [message.id for message in run_for_deployment()]
    assert "sitechat.I002" not in found
