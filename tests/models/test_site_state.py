"""Tests of what each message reads about the site, by one statement."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.connection import ConnectionDoesNotExist
from pytest_django import Settings

from sitechat.models import ApprovedAnswer, BotTexts, IndexState, SiteState, read_site_state

pytestmark = [pytest.mark.database, pytest.mark.django_db]


class IndexElsewhere:
    """A router that keeps the state of the index in another database."""

    def db_for_write(self, model: type[Any], **hints: Any) -> str | None:
        return "elsewhere" if model is IndexState else None


def read() -> SiteState:
    with CaptureQueriesContext(connection) as queries:
        state = read_site_state("default")
    assert len(queries) == 1
    return state


def approve(question: str) -> ApprovedAnswer:
    return ApprovedAnswer.objects.create(title="T", questions=question, answer="A")


def test_of_a_new_site() -> None:
    state = read()
    assert state == SiteState(is_on=True, stamp=None, has_answers=False)


def test_a_bot_is_off_if_its_newest_version_says_so() -> None:
    BotTexts.objects.create(bot="default", enabled=False)
    assert not read().is_on
    BotTexts.objects.create(bot="other", enabled=True)
    assert not read().is_on
    BotTexts.objects.create(bot="default", enabled=True)
    assert read().is_on
    BotTexts.objects.create(bot="other", enabled=False)
    assert read().is_on


def test_the_stamp_is_that_of_the_index() -> None:
    row = IndexState.objects.create(pk=1)
    assert read().stamp == row.stamp.hex


def test_only_active_answers_count() -> None:
    answer = approve("Where?")
    assert read().has_answers
    answer.active = False
    answer.save()
    assert not read().has_answers


def test_each_table_is_read_from_its_own_database(settings: Settings) -> None:
    settings.DATABASE_ROUTERS = [f"{__name__}.IndexElsewhere"]
    with pytest.raises(ConnectionDoesNotExist, match="elsewhere"):
        read_site_state("default")
