"""The identity of a request's tenant. Each tenant has its own search index and cache entries.

With CHAT_REQUEST_ISOLATION, requests may see different tables of one database, for example because
each tenant has a schema. Without it, there are no tenants.
"""

from __future__ import annotations

from django.db import connections
from django.db.models import Func, TextField, Value

from sitechat.conf import conf
from sitechat.models import IndexState
from sitechat.runtime import database


class _CurrentSchema(Func):
    """The first existing schema in the search path of a connection to PostgreSQL."""

    function = "current_schema"
    arity = 0
    output_field = TextField()


def tenant() -> str:
    """Return the identity of the tenant in the database; "" without CHAT_REQUEST_ISOLATION.

    With isolation, this needs a query.
    """
    if not conf.CHAT_REQUEST_ISOLATION:
        return ""
    # The stamp alone is not enough, because a copied schema has the same stamp.
    has_schemas = connections[database.alias()].vendor == "postgresql"
    schema = _CurrentSchema() if has_schemas else Value("", TextField())
    rows = IndexState.objects.filter(pk=IndexState.TENANT).annotate(schema=schema)
    row = rows.values_list("stamp", "schema").first()
    if row is None:
        IndexState.objects.get_or_create(pk=IndexState.TENANT)
        row = rows.values_list("stamp", "schema").get()
    return f"{row[0].hex} {row[1]}"


def cache_key() -> tuple[str, str]:
    """Return the part of a cache's keys that distinguishes databases and tenants."""
    return database.alias(), tenant()
