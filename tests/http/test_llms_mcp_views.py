"""Tests of llms.txt, llms-full.txt and the Model Context Protocol endpoint."""

from __future__ import annotations

import asyncio
import json
from io import BytesIO
from typing import Any, cast

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.test import Client, RequestFactory
from django.urls import include, path
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from sitechat.http import llms_mcp_views
from sitechat.knowledge.machines import llms_txt
from sitechat.runtime import address_rates
from tests.indexed import put, put_shop
from tests.sites_framework import sites_framework
from tests.smaller import Smaller

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("index_folder")]

DUMMY = "django.core.cache.backends.dummy.DummyCache"

urlpatterns = [
    path("", include("sitechat.knowledge.urls")),
    path("api/", include("sitechat.urls")),
]


@pytest.fixture(autouse=True)
def _included(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__


@pytest.fixture
def shop() -> None:
    put_shop()


def rpc(method: str, client: Client | None = None, **params: Any) -> dict[str, Any]:
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    response = post(message, client)
    assert response.status_code == 200, response.content
    assert response.json()["id"] == 1
    return cast("dict[str, Any]", response.json())


def post(body: Any, client: Client | None = None, **headers: str) -> Any:
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return (client or Client()).post(
        "/mcp/", data, content_type="application/json", headers=headers
    )


def call(tool: str, client: Client | None = None, **arguments: Any) -> dict[str, Any]:
    result = rpc("tools/call", client, name=tool, arguments=arguments)["result"]
    return cast("dict[str, Any]", result)


def test_the_official_client_lists_and_calls_the_tools(
    live_server: LiveServer, transactional_db: None, settings: Settings
) -> None:
    mcp = pytest.importorskip("mcp")
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
    put_shop()

    async def talk() -> tuple[list[str], Any, Any]:
        async with mcp.Client(f"{live_server.url}/mcp/") as client:
            tools = await client.list_tools()
            found = await client.call_tool("search", {"query": "How are parcels delivered?"})
            opened = await client.call_tool("open_page", {"url": "/returns/"})
            return [tool.name for tool in tools.tools], found, opened

    names, found, opened = asyncio.run(talk())
    assert names == ["search", "open_page"]
    assert not found.is_error
    assert found.structured_content["results"][0]["url"] == f"{live_server.url}/shipping/"
    assert "Send it back within thirty days." in opened.content[0].text


def test_the_handshake() -> None:
    result = rpc("initialize", protocolVersion="2025-06-18", capabilities={})["result"]
    assert result["protocolVersion"] == "2025-06-18"
    assert result["capabilities"] == {"tools": {}}
    assert rpc("initialize", protocolVersion="1900-01-01")["result"]["protocolVersion"]
    assert rpc("ping")["result"] == {}
    assert post({"jsonrpc": "2.0", "method": "notifications/initialized"}).status_code == 202


@pytest.mark.usefixtures("shop")
def test_only_public_pages_are_shown_to_anybody(owner: Client) -> None:
    for client in (Client(), owner):
        urls = [
            result["url"]
            for result in call("search", client, query="parcels lost")["structuredContent"][
                "results"
            ]
        ]
        assert urls == ["http://testserver/shipping/"]
        assert call("open_page", client, url="/staff/")["isError"]
        for name in ("/llms.txt", "/llms-full.txt"):
            text = client.get(name).content.decode()
            assert "/shipping/" in text
            assert "/staff/" not in text
            assert "paid by us" not in text


@pytest.mark.usefixtures("shop")
def test_llms_txt_names_the_pages_and_the_full_one_has_their_text() -> None:
    response = Client().get("/llms.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert not response.cookies
    assert response.content.decode() == (
        "# testserver\n\n## Pages\n\n- [Returns](http://testserver/returns/)\n"
        "- [Shipping](http://testserver/shipping/)\n"
    )
    text = Client().get("/llms-full.txt").content.decode()
    assert "## Shipping\n\nhttp://testserver/shipping/\n" in text
    assert "We deliver parcels within three days." in text
    put("/a/", "New text", "[Odd] title\n(x)")
    assert "- [(Odd) title (x)](http://testserver/a/)" in Client().get("/llms.txt").content.decode()


def test_a_long_page_comes_in_parts() -> None:
    put("/long/", "\n\n".join(f"## Part {n}\n\n{f'word{n} ' * 200}" for n in range(45)), "Long")
    first = call("open_page", url="http://testserver/long/")["structuredContent"]
    assert (first["part"], first["parts"]) == (1, 3)
    last = call("open_page", url="/long/", part=3)["structuredContent"]
    assert "word44" in last["text"]
    assert call("open_page", url="/long/", part=4)["isError"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("search", {}),
        ("search", {"query": " "}),
        ("search", {"query": 5}),
        ("search", {"query": "x", "limit": 0}),
        ("search", {"query": "x", "limit": 1000}),
        ("search", {"query": "x", "limit": True}),
        ("search", {"query": "x", "language": 5}),
        ("open_page", {}),
        ("open_page", {"url": "https://elsewhere.example/"}),
        ("open_page", {"url": "/x/", "part": "1"}),
        ("open_page", {"url": "\0"}),
    ],
)
def test_an_invalid_call_gets_a_reason(tool: str, arguments: dict[str, Any]) -> None:
    result = call(tool, **arguments)
    assert result["isError"]
    assert result["content"][0]["text"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"no json", 400, -32700),
        (b"[" * 50_000, 400, -32700),
        ([], 400, -32600),
        ({"method": "ping", "id": 1}, 400, -32600),
        ({"jsonrpc": "2.0", "id": 1}, 200, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "server/discover"}, 200, -32601),
        ({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": []}, 200, -32602),
        ({"jsonrpc": "2.0", "id": {}, "method": "ping"}, 400, -32600),
        ({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "x"}}, 200, -32602),
    ],
)
def test_an_invalid_message_gets_a_reason(body: Any, status: int, code: int) -> None:
    response = post(body)
    assert (response.status_code, response.json()["error"]["code"]) == (status, code)


def test_other_sites_pages_other_methods_and_other_types_are_refused() -> None:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    assert post(ping, Origin="https://elsewhere.example").status_code == 403
    assert post(ping, Origin="http://testserver").status_code == 200
    assert Client().get("/mcp/").status_code == 405
    assert Client().delete("/mcp/").status_code == 405
    assert Client().post("/mcp/", "{}", content_type="text/plain").status_code == 415
    assert post("x" * (llms_mcp_views.MAX_BODY_LENGTH + 1)).status_code == 413
    assert Client().post("/llms.txt").status_code == 405


def test_private_pages_do_not_count_towards_the_limit(shop: None, smaller: Smaller) -> None:
    smaller(llms_txt, MAX_PAGES=1)
    put("/a-first/", "Only for staff.", "First", audience=["staff"])
    assert "/returns/" in Client().get("/llms.txt").content.decode()


def test_a_body_without_a_length_is_read_only_up_to_the_limit() -> None:
    body = BytesIO(b"x" * 10 * llms_mcp_views.MAX_BODY_LENGTH)
    headers = [(b"host", b"testserver"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/mcp/", "headers": headers}
    response = llms_mcp_views.mcp(ASGIRequest({**scope, "query_string": b""}, body))
    assert response.status_code == 413
    assert body.tell() <= llms_mcp_views.MAX_BODY_LENGTH + 1


def test_a_length_that_is_no_number_is_refused() -> None:
    request = RequestFactory().post("/mcp/", "{}", content_type="application/json")
    request.META["CONTENT_LENGTH"] = "many"
    assert llms_mcp_views.mcp(request).status_code == 400


def test_requests_of_an_address_are_limited() -> None:
    # A new minute may start meanwhile.
    responses = [Client().get("/llms.txt") for _request in range(2 * llms_mcp_views.LIMIT + 1)]
    assert all(response.status_code == 200 for response in responses[: llms_mcp_views.LIMIT])
    refused = [response for response in responses if response.status_code == 429]
    assert {response["Retry-After"] for response in refused} == {"60"}


@pytest.mark.parametrize("url", ["/llms.txt", "/llms-full.txt", "/mcp/"])
@pytest.mark.parametrize("cache", ["tests.caches.UnreachableCache", DUMMY])
def test_without_a_cache_that_counts_nothing_is_answered(
    settings: Settings, caplog: pytest.LogCaptureFixture, url: str, cache: str
) -> None:
    settings.CACHES = {"default": {"BACKEND": cache}}
    with address_rates.outage.renewed():
        for _request in range(2):
            response = Client().get(url)
            assert (response.status_code, response["Retry-After"]) == (503, "60")
    reports = [record for record in caplog.records if "cache" in record.getMessage()]
    assert len(reports) == (0 if cache == DUMMY else 1)


@pytest.mark.parametrize(
    ("version", "status"),
    [("1999-01-01", 400), ("", 400), ("2025-06-18", 200), ("2025-03-26", 200)],
)
def test_an_unsupported_version_of_the_protocol_is_refused(version: str, status: int) -> None:
    response = Client().post(
        "/mcp/",
        {"jsonrpc": "2.0", "id": 1, "method": "ping"},
        content_type="application/json",
        headers={"MCP-Protocol-Version": version},
    )
    assert response.status_code == status


def test_requests_are_counted_by_address_and_period() -> None:
    asked = [address_rates.allows("test", "a", 2, 10, now=100.0 + second) for second in range(3)]
    assert asked == [True, True, False]
    assert address_rates.allows("test", "b", 2, 10, now=102.0)
    assert address_rates.allows("other", "a", 2, 10, now=102.0)
    assert address_rates.allows("test", "a", 2, 10, now=110.0)


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("site_id", [7, None])
def test_the_name_is_that_of_the_sites_framework_if_it_has_one(
    settings: Settings, site_id: int | None
) -> None:
    settings.SITE_ID = site_id
    with sites_framework() as sites:
        assert Client().get("/llms.txt").content.startswith(b"# testserver\n")
        site = sites.objects.create(pk=7, domain="testserver", name="The shop")
        assert Client().get("/llms.txt").content.startswith(b"# The shop\n")
        site.name = ""
        site.save()
        assert Client().get("/llms.txt").content.startswith(b"# testserver\n")
