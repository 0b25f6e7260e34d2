"""Tests of MCP servers as tools, with the site's own MCP endpoint as the server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path, resolve
from django.views.decorators.csrf import csrf_exempt
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from sitechat import Chatbot
from sitechat.checks.bot_tools import check_mcp_servers
from sitechat.conversations.mcp_server_options import parse_server
from sitechat.conversations.mcp_tools import Listings, SchemaParameters
from sitechat.standin import Answer, Standin
from sitechat.tools import InvalidArguments
from tests.indexed import put
from tests.thread_limit import no_new_threads
from tests.visitor import MakeVisitor, text_of


def paged(request: HttpRequest) -> HttpResponse:
    """The site's own MCP endpoint, which lists one tool on each page."""
    message = json.loads(request.body)
    response: HttpResponse = resolve("/mcp/").func(request)
    if message.get("method") != "tools/list":
        return response
    data = json.loads(response.content)
    first, second = data["result"]["tools"]
    is_second = (message.get("params") or {}).get("cursor") == "2"
    data["result"] |= {"tools": [second]} if is_second else {"tools": [first], "nextCursor": "2"}
    return JsonResponse(data)


urlpatterns = [
    path("paged/", csrf_exempt(paged)),
    path("api/", include("sitechat.urls")),
    path("", include("sitechat.knowledge.urls")),
]


class McpBot(Chatbot):
    search = False
    mcp_servers: list[Any] = []


@pytest.fixture
def server(
    live_server: LiveServer, settings: Settings, index_folder: None
) -> Iterator[dict[str, Any]]:
    pytest.importorskip("mcp")
    settings.ROOT_URLCONF = __name__
    settings.CHAT_BOTS = {"default": f"{__name__}.McpBot"}
    given: dict[str, Any] = {"url": f"{live_server.url}/mcp/"}
    McpBot.mcp_servers = [given]
    put("/gold/", "Gold costs 5.", "Gold")
    yield given
    McpBot.mcp_servers = []


@pytest.mark.django_db(transaction=True)
def test_a_tool_of_a_server_asks_first_unless_it_is_read_only(
    server: dict[str, Any], live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    use = [{"name": "search", "input": {"query": "gold"}}]
    claude_standin.script(Answer("Sure.", tool_use=use), Answer(tool_use=use), "Five.")
    events = live_visitor().ask("Hello")
    [asked] = [event["confirm"] for event in events if "confirm" in event]
    assert asked["text"].startswith("Run search at localhost? (query: gold")
    server.update(read_only=["search"], tools=["search"])
    assert text_of(live_visitor().ask("Hello")) == "Five."
    body = claude_standin.requests[-1].body
    assert [tool["name"] for tool in body["tools"]] == ["search"]
    assert "Gold costs 5" in json.dumps(body["messages"][-1])


@pytest.mark.django_db(transaction=True)
def test_the_tools_of_all_pages_of_a_list_are_offered(
    server: dict[str, Any], live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    server["url"] = server["url"].replace("/mcp/", "/paged/")
    live_visitor().ask("Hello")
    body = claude_standin.requests[-1].body
    assert [tool["name"] for tool in body["tools"]] == ["search", "open_page"]


@pytest.mark.django_db(transaction=True)
def test_a_server_that_is_gone_offers_nothing(
    server: dict[str, Any], live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    server["url"] = "http://127.0.0.1:9/mcp/"
    claude_standin.script("Hello!")
    assert text_of(live_visitor().ask("Hello")) == "Hello!"
    assert "tools" not in claude_standin.requests[-1].body


def test_a_server_that_no_thread_can_ask_offers_nothing() -> None:
    """Check that a process that can't start threads still answers messages."""
    with no_new_threads():
        assert Listings().tools(parse_server({"url": "https://mcp.example/"})) == ()


@pytest.mark.parametrize(
    "given",
    [
        None,
        {},
        {"url": "ftp://example.com/"},
        {"url": "https:///mcp"},
        {"url": "https://example.com/", "header": {}},
        {"url": "https://example.com/", "headers": {"a": "b\n"}},
        {"url": "https://example.com/", "tools": "search"},
        {"url": "https://example.com/", "read_only": [1]},
    ],
)
def test_an_invalid_server_is_reported(given: Any, settings: Settings) -> None:
    with pytest.raises(ValueError, match="it"):
        parse_server(given)
    settings.CHAT_BOTS = {"default": f"{__name__}.McpBot"}
    McpBot.mcp_servers = [given]
    try:
        assert [message.id for message in check_mcp_servers()] == ["sitechat.E041"]
    finally:
        McpBot.mcp_servers = []


@pytest.mark.parametrize(
    "arguments", [{"n": "5"}, {"n": 5, "more": 1}, {}, {"n": True}, {"n": "x" * 20_000}]
)
def test_arguments_are_validated_strictly(arguments: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    assert SchemaParameters(schema).parse({"n": 5}) == {"n": 5}
    with pytest.raises(InvalidArguments):
        SchemaParameters(schema).parse(arguments)
