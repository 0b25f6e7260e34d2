"""A site whose tenants have a schema each: a middleware sets it on the connection."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.db import connection
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse

TENANTS = ("tenant_a", "tenant_b")
HEADER = "X-Tenant"

current: ContextVar[str] = ContextVar("tenant", default="public")
"""The schema of the tenant for whom this code runs."""


class TenantMiddleware:
    """Chooses the tenant's schema, on the connection that the request has and on new ones."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        connection_created.connect(_choose, dispatch_uid="tenants")
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = current.set(request.headers.get(HEADER, "public"))
        if connection.connection is not None:
            _choose(connection=connection)
        try:
            return self.get_response(request)
        finally:
            current.reset(token)


def _choose(connection: Any, **kwargs: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('search_path', %s, false)", [f"{current.get()}, public"])
