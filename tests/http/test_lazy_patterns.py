"""Tests of URL patterns that name their views."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

import pytest
from django.test import AsyncClient, Client
from django.urls import ResolverMatch, resolve
from django.utils.module_loading import import_string

from sitechat import urls
from sitechat.http import llms_mcp_urls

ENDPOINTS = [pattern.callback for pattern in urls.urlpatterns]
PLAIN = [pattern.callback for pattern in llms_mcp_urls.urlpatterns]


def path_of(view: Any) -> str:
    return f"{view.__module__}.{view.__name__}"


@pytest.mark.parametrize("view", [*ENDPOINTS, *PLAIN], ids=path_of)
def test_each_view_has_the_name_of_an_existing_one(view: Callable[..., Any]) -> None:
    named = import_string(path_of(view))
    assert callable(named)
    assert view.__qualname__ == view.__name__


@pytest.mark.parametrize("view", ENDPOINTS, ids=path_of)
def test_an_endpoint_is_exempt_as_the_view_that_it_imports(view: Any) -> None:
    named = import_string(path_of(view))
    for deferred, real in ((view, named), (view.for_asgi, named.for_asgi)):
        assert deferred.csrf_exempt is real.csrf_exempt is True
        assert iscoroutinefunction(deferred) == iscoroutinefunction(real)


def test_a_path_resolves_to_the_view_for_the_server() -> None:
    async def under_asgi() -> ResolverMatch:
        return resolve("/api/chat/")

    sync, coroutine = resolve("/api/chat/"), asyncio.run(under_asgi())
    assert not iscoroutinefunction(sync.func)
    assert iscoroutinefunction(coroutine.func)
    assert sync._func_path == coroutine._func_path == "sitechat.http.chat_views.chat"
    assert sync.view_name == coroutine.view_name == "sitechat:chat"


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["chat", "consent", "contact", "conversations", "person"])
def test_the_views_answer_on_both_kinds_of_servers(name: str) -> None:
    path = "/api/chat/" if name == "chat" else f"/api/chat/{name}/"
    answers = [
        Client(enforce_csrf_checks=True).put(path),
        asyncio.run(AsyncClient(enforce_csrf_checks=True).put(path)),
    ]
    for answer in answers:  # no endpoint takes this method
        assert answer.status_code == 405
        assert answer["Allow"]
