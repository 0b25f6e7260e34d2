"""Tests that decisions use a single database on a site with several."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.test import override_settings

from sitechat.models import Message
from sitechat.runtime import database


class Replicas:
    """A router that reads from a replica by default."""

    def db_for_read(self, model: type[Any], **hints: Any) -> str:
        return "replica"

    def db_for_write(self, model: type[Any], **hints: Any) -> str:
        return "primary"


@pytest.fixture(autouse=True)
def _replicas() -> Any:
    with override_settings(DATABASE_ROUTERS=["tests.runtime.test_database.Replicas"]):
        yield


@pytest.mark.parametrize("model", [*apps.get_app_config("sitechat").get_models()])
def test_rows_are_read_where_they_are_written(model: Any) -> None:
    assert model.objects.all().db == "primary"
    assert model.objects.filter(pk=None).db == "primary"


def test_another_database_can_be_named() -> None:
    assert Message.objects.using("replica").db == "replica"


def test_the_alias_is_the_router_s() -> None:
    assert database.alias() == "primary"
