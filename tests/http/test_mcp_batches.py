"""Tests of batches of messages of the Model Context Protocol."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.urls import include, path
from pytest_django import Settings

from sitechat.http import llms_mcp_views
from tests.indexed import put_shop
from tests.smaller import Smaller

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("index_folder")]

PING = {"jsonrpc": "2.0", "id": "a", "method": "ping"}

urlpatterns = [path("", include("sitechat.knowledge.urls"))]


@pytest.fixture(autouse=True)
def _included(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__


def post(messages: list[Any], version: str = "") -> Any:
    headers = {"MCP-Protocol-Version": version} if version else {}
    return Client().post(
        "/mcp/", json.dumps(messages), content_type="application/json", headers=headers
    )


@pytest.mark.parametrize("version", ["", "2025-03-26"])
def test_the_version_that_has_batches_gets_all_answers(version: str) -> None:
    put_shop()
    search = {"name": "search", "arguments": {"query": "parcels"}}
    response = post(
        [
            PING,
            {"jsonrpc": "2.0", "method": "notifications/initialized"},
            {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": search},
            {"jsonrpc": "2.0", "id": 3, "method": "x"},
            1,
            None,
        ],
        version,
    )
    assert response.status_code == 200
    pong, found, *errors = response.json()
    assert pong == {"jsonrpc": "2.0", "id": "a", "result": {}}
    assert found["result"]["structuredContent"]["results"]
    assert [(each["id"], each["error"]["code"]) for each in errors] == [
        (3, -32601),
        (None, -32600),
        (None, -32600),
    ]
    assert post([{"jsonrpc": "2.0", "method": "notifications/x"}], version).status_code == 202
    assert post([], version).status_code == 400
    assert post([PING] * 21, version).status_code == 413


@pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25"])
def test_later_versions_have_no_batches(version: str) -> None:
    response = post([PING], version)
    assert (response.status_code, response.json()["error"]["code"]) == (400, -32600)


def test_each_message_of_a_batch_counts_towards_the_limit(smaller: Smaller) -> None:
    smaller(llms_mcp_views, LIMIT=3)
    assert post([PING] * 4).status_code == 429
