"""Sites that set something on the database connection for each request."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sitechat.standin import Answer, StandinProcess
from tests.servers.callers import CHAT, Caller, Stream
from tests.servers.conftest import USUAL, Sites
from tests.servers.sites import Server, Site
from tests.servers.tenants import HEADER, TENANTS

psycopg = pytest.importorskip("psycopg")


def make_schemas(site: Site) -> None:
    """Give each tenant tables of its own for the chat."""
    with connect(site) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename LIKE 'sitechat%'"
        ).fetchall()
        for tenant in TENANTS:
            connection.execute(f"DROP SCHEMA IF EXISTS {tenant} CASCADE")
            connection.execute(f"CREATE SCHEMA {tenant}")
            for (table,) in tables:
                like = f"CREATE TABLE {tenant}.{table} (LIKE public.{table} INCLUDING ALL)"
                connection.execute(like)


def connect(site: Site) -> Any:
    return psycopg.connect(
        host="127.0.0.1",
        user="postgres",
        dbname=site.variables["SITECHAT_TEST_DB_NAME"],
        autocommit=True,
    )


def rows(site: Site, schema: str) -> list[tuple[str, str]]:
    """The texts and states of the messages in a schema."""
    statement = f"SELECT text, status FROM {schema}.sitechat_message ORDER BY text"  # noqa: S608
    with connect(site) as connection:
        return [(text, status or "") for text, status in connection.execute(statement).fetchall()]


def ask(site: Site, tenant: str, number: int) -> Stream:
    caller = Caller(site.port)
    body = {"message": f"{tenant} {number:02}", "id": str(uuid.uuid4())}
    return Stream(*caller._open("POST", CHAT, body, {HEADER: tenant})).rest()


@pytest.mark.parametrize("server", USUAL, ids=str)
@pytest.mark.long
def test_every_row_is_in_the_schema_of_its_request(
    server: Server, sites: Sites, standin: StandinProcess
) -> None:
    site = sites.make(
        server, "postgresql", isolation=True, middleware=["tests.servers.tenants.TenantMiddleware"]
    )
    make_schemas(site)
    site.start()
    sites.warm_up(site)
    before = rows(site, "public")
    # Longer than the time between two checkpoints.
    standin.always(Answer(["one ", "two ", "three"], delay=0.5))
    with ThreadPoolExecutor(8) as pool:
        asked = [(tenant, number) for number in range(4) for tenant in TENANTS]
        answers = list(pool.map(lambda each: ask(site, *each), asked))
    answered = [answer for answer in answers if answer.status == 200]
    assert len(answered) >= 4
    assert all(answer.text == "one two three" for answer in answered)
    assert rows(site, "public") == before
    for tenant in TENANTS:
        found = rows(site, tenant)
        questions = [text for text, _status in found if text.startswith("tenant")]
        assert all(question.startswith(tenant) for question in questions)
        replies = [status for text, status in found if not text.startswith("tenant")]
        assert replies == ["complete"] * len(questions)
    assert sum(len(rows(site, tenant)) for tenant in TENANTS) == 2 * len(answered)
