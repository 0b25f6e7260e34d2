"""Tests of tenants with a schema each, as docs/deploy.md describes them, in one process."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.db import connection
from django.db.backends.signals import connection_created
from pytest_django import Settings

from sitechat.knowledge import index
from sitechat.knowledge.index import machine_index
from sitechat.knowledge.index.page_storing import store
from sitechat.knowledge.searching import Query, search_index
from sitechat.knowledge.sources import Document
from sitechat.models import IndexState
from tests.smaller import Smaller
from tests.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.database,
    pytest.mark.usefixtures("index_folder"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs schemas"),
]

TENANTS = ("tenant_ann", "tenant_bob")

schema: ContextVar[str] = ContextVar("schema", default="public")


def choose_schema(connection: Any, **kwargs: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('search_path', %s, false)", [schema.get()])


def enter(tenant: str) -> None:
    schema.set(tenant)
    choose_schema(connection)


@pytest.fixture
def tenants(settings: Settings) -> Iterator[None]:
    """Create the schemas of two tenants, whose pages have the same keys and other texts."""
    settings.CHAT_REQUEST_ISOLATION = True
    connection_created.connect(choose_schema)
    with connection.cursor() as cursor:
        for tenant in TENANTS:
            cursor.execute(f"CREATE SCHEMA {tenant}")
    try:
        for shift, tenant in enumerate(TENANTS):
            enter(tenant)
            call_command("migrate", verbosity=0)
            for n in range(20):
                subject = f"Subject{(n + shift) % 20} is explained to {tenant}."
                store(Document(url=f"/{n}/", key=str(n), title=str(n), text=subject), "shop.Pages")
        yield
    finally:
        enter("public")
        connection_created.disconnect(choose_schema)
        with connection.cursor() as cursor:
            for tenant in TENANTS:
                cursor.execute(f"DROP SCHEMA {tenant} CASCADE")


def answers(tenant: str) -> list[str]:
    enter(tenant)
    here = index.current()
    query = Query("subject5", user=AnonymousUser(), language="en", prefix="/")
    return [found.text for found in search_index(here, query, 1)] if here is not None else []


def test_each_tenant_has_its_own_index(tenants: None) -> None:
    for _ in range(2):
        for tenant in TENANTS:
            assert answers(tenant) == [f"Subject5 is explained to {tenant}."]


def test_a_copied_schema_has_its_own_index(tenants: None) -> None:
    enter(TENANTS[0])
    assert index.current() is not None
    copied = list(IndexState.objects.values("pk", "stamp"))
    enter(TENANTS[1])
    IndexState.objects.all().delete()
    IndexState.objects.bulk_create(IndexState(**row) for row in copied)
    for tenant in TENANTS:
        assert answers(tenant) == [f"Subject5 is explained to {tenant}."]


def test_a_large_index_is_built_for_the_tenant_of_the_request(
    tenants: None, smaller: Smaller
) -> None:
    smaller(machine_index, MAX_INLINE=1)  # a thread with its own connection builds
    for tenant in TENANTS:
        until(lambda tenant=tenant: answers(tenant) == [f"Subject5 is explained to {tenant}."])  # type: ignore[misc]
