"""Tests of the endpoint that the template tag finds, and of pages without one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from django.core.handlers.wsgi import get_script_name
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render as render_page
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, include, path, set_script_prefix, set_urlconf
from pytest_django import Settings

from sitechat.http.api_address import find_endpoint
from tests.http.test_widget_element import Elements

Patterns = list[URLPattern | URLResolver]

CHAT = path("api/", include("sitechat.urls"))


def page(request: HttpRequest) -> HttpResponse:
    return render_page(request, "page.html")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError


class Site:
    """Return a function that creates a site from a URLconf and templates."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.client = Client(raise_request_exception=False)
        loader = "django.template.loaders.locmem.Loader"
        body = "{% load sitechat %}<p>The page</p>{% chat_widget %}"
        pages = dict.fromkeys(["page.html", "404.html", "500.html"], body)
        [templates] = settings.TEMPLATES
        app = "django.template.loaders.app_directories.Loader"
        options = {**templates["OPTIONS"], "loaders": [(loader, pages), app]}
        settings.TEMPLATES = [{**templates, "APP_DIRS": False, "OPTIONS": options}]

    def serve(self, *patterns: Any) -> None:
        self.settings.ROOT_URLCONF = urlconf("tests.http.served_urls", *patterns)


def urlconf(name: str, *patterns: Any) -> str:
    module: Any = ModuleType(name)
    module.urlpatterns = [path("", page), path("broken/", broken), *patterns]
    sys.modules[name] = module
    return name


@pytest.fixture
def site(settings: Settings) -> Iterator[Site]:
    yield Site(settings)
    for name in [name for name in sys.modules if name.startswith("tests.http.served_")]:
        del sys.modules[name]
    set_script_prefix("/")
    set_urlconf(None)


@pytest.mark.parametrize(("where", "status"), [("/", 200), ("/no/", 404), ("/broken/", 500)])
def test_a_site_without_the_urls_shows_its_pages_without_the_chat(
    where: str, status: int, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.serve()
    response = site.client.get(where)
    assert response.status_code == status
    assert response.content == b"<p>The page</p>"
    for _ in range(3):
        site.client.get("/")
    [warning] = [r for r in caplog.records if r.name == "sitechat.widget"]
    assert warning.levelname == "WARNING"
    assert 'path("api/", include("sitechat.urls"))' in warning.getMessage()
    assert "'tests.http.served_urls'" in warning.getMessage()


def test_the_urlconf_of_the_request_decides(
    site: Site, caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    site.serve(CHAT)
    urlconf("tests.http.served_docs")
    settings.MIDDLEWARE = ["tests.http.test_api_address.choose_urlconf"]
    assert b'endpoint="/api/chat/"' in site.client.get("/").content
    assert site.client.get("/", headers={"host": "localhost"}).content == b"<p>The page</p>"
    assert "'tests.http.served_docs' does not include" in caplog.text


def choose_urlconf(get_response: Any) -> Any:
    """Select a URLconf per request, like django-hosts and django-tenants."""

    def middleware(request: HttpRequest) -> Any:
        if request.get_host() == "localhost":
            request.urlconf = "tests.http.served_docs"
        return get_response(request)

    return middleware


@pytest.mark.parametrize(
    ("pattern", "endpoint"),
    [
        (CHAT, "/api/chat/"),
        (path("", include("sitechat.urls", namespace="talk")), "/chat/"),
        (path("v1/", include(([CHAT], "api"))), "/v1/api/chat/"),
        (
            path("a/", include(([path("b/", include(([CHAT], "inner")))], "outer"))),
            "/a/b/api/chat/",
        ),
    ],
    ids=["plain", "other namespace", "in a namespace", "deep"],
)
def test_the_urls_are_found_however_they_are_included(
    pattern: Any, endpoint: str, site: Site
) -> None:
    site.serve(pattern)
    html = site.client.get("/").content.decode()
    assert Elements(html).found["site-chat"]["endpoint"] == endpoint


def test_the_chat_may_be_a_whole_urlconf(settings: Settings) -> None:
    settings.ROOT_URLCONF = "sitechat.urls"
    assert find_endpoint() == "/chat/"


def test_a_chat_below_the_page_s_own_namespace_comes_first(site: Site) -> None:
    both = [path(f"{name}/", include("sitechat.urls", namespace=name)) for name in ("a", "b")]
    site.serve(*both)
    request = RequestFactory().get("/")
    request.current_app = "b"
    template = Template("{% load sitechat %}{% chat_widget %}")
    assert 'endpoint="/b/chat/"' in template.render(Context({"request": request}))


@pytest.mark.parametrize("setting", [True, False], ids=["FORCE_SCRIPT_NAME", "SCRIPT_NAME"])
def test_the_endpoint_begins_with_the_prefix_of_the_site(
    setting: bool, site: Site, settings: Settings
) -> None:
    site.serve(CHAT)
    environ = RequestFactory().get("/").environ
    if setting:
        settings.FORCE_SCRIPT_NAME = "/shop"
    else:
        environ["SCRIPT_NAME"] = "/shop"
    # As Django's handler does, but not that of the test client. tests/sites has real servers.
    set_script_prefix(get_script_name(environ))
    html = site.client.get("/").content
    assert b'endpoint="/shop/api/chat/"' in html


@pytest.mark.parametrize("given", ["https://www.example.org/api/chat/", "/elsewhere/chat"])
def test_the_endpoint_may_be_on_another_host(
    given: str, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.serve()
    template = Template(f'{{% load sitechat %}}{{% chat_widget endpoint="{given}" %}}')
    found = Elements(template.render(Context())).found
    assert found["site-chat"]["endpoint"] == f"{given.rstrip('/')}/"
    assert not caplog.records
