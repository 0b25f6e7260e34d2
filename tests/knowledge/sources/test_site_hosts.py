"""Tests of sites on several hosts, and under a URL prefix."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from django.test.utils import override_script_prefix
from django.urls import reverse
from pytest_django import Settings

from sitechat.knowledge import SitemapSource, open_page, search
from sitechat.knowledge.index.indexing_run import index_all
from sitechat.knowledge.searching import visible_urls
from sitechat.knowledge.sources.site_hosts import Hosts, Location
from sitechat.models import Page
from tests.indexed import ANONYMOUS, Groups, found, index_problems, known_urls, put
from tests.rendered import Answer, redirect, sitemap_of
from tests.visitor import Visitor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_sources")]


def by_host(pages: dict[str, str]) -> Answer:
    """Return a view with a text for each host."""

    def view(request: HttpRequest) -> HttpResponse:
        text = pages.get(request.get_host())
        return HttpResponse(f"<main>{text}</main>" if text else "", status=200 if text else 404)

    return view


@pytest.fixture
def two_hosts(answers: dict[str, Answer], settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["www.example.com", "example.com", "shop.example.com"]
    answers["/a/"] = by_host(
        {"www.example.com": "Walrus of the site", "shop.example.com": "Walrus of the shop"}
    )
    answers["/sitemap.xml"] = sitemap_of(
        "https://www.example.com/a/", "https://shop.example.com/a/", "https://other.example/a/"
    )


def test_equal_paths_of_two_hosts_are_two_pages(two_hosts: None) -> None:
    index_all()
    assert known_urls() == {"/a/", "https://shop.example.com/a/"}
    assert index_problems() == {"https://other.example/a/": "on another host"}
    texts = dict(Page.objects.exclude(content_hash="").values_list("url", "passages__text"))
    assert texts == {
        "/a/": "Walrus of the site",
        "https://shop.example.com/a/": "Walrus of the shop",
    }


def test_with_several_hosts_every_link_contains_its_host(two_hosts: None) -> None:
    index_all()
    urls = set(found("walrus"))
    assert urls == {"https://www.example.com/a/", "https://shop.example.com/a/"}
    assert visible_urls([*urls, "/a/", "https://other.example/a/"], user=ANONYMOUS) == {
        *urls,
        "/a/",
    }


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://shop.example.com/a/", "Walrus of the shop"),
        ("https://shop.example.com/a/?x=1#y", "Walrus of the shop"),
        ("https://shop.example.com/a", "Walrus of the shop"),
        ("http://SHOP.example.com/a/", "Walrus of the shop"),
        ("https://www.example.com/a/", "Walrus of the site"),
        ("https://example.com/a/", "Walrus of the site"),
        ("/a/", "Walrus of the site"),
    ],
)
def test_the_visitors_page_is_found_by_its_host(two_hosts: None, url: str, text: str) -> None:
    index_all()
    page = open_page(url, user=ANONYMOUS)
    assert page is not None
    assert [passage.text for passage in page] == [text]
    assert search("walrus", user=ANONYMOUS, page_url=url)[0].text == text
    assert open_page("https://other.example/a/", user=ANONYMOUS) is None


def test_a_source_reads_its_own_host(answers: dict[str, Answer], settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["localhost"]

    class Docs(SitemapSource):
        host = "localhost:8001"

    answers["/a/"] = by_host({"localhost:8001": "Documentation", "localhost": "Site"})
    answers["/b/"] = redirect("http://localhost:8002/b/")
    answers["/sitemap.xml"] = sitemap_of("http://localhost:8001/a/", "/b/", "http://localhost/a/")
    index_all()
    assert known_urls() == {"/a/", "http://localhost:8001/a/"}
    assert Page.objects.get(url="http://localhost:8001/a/").passages.get().text == "Documentation"
    assert Page.objects.get(url="/a/").passages.get().text == "Site"
    assert index_problems() == {"http://localhost:8001/b/": "redirects to another host"}


@pytest.mark.parametrize(
    ("allowed", "host", "is_main", "is_own"),
    [
        (["example.com"], "www.example.com:8000", True, True),
        (["www.example.com"], "example.com", True, True),
        ([".example.com"], "example.com", True, True),
        ([".example.com"], "shop.example.com", False, True),
        (["example.com"], "shop.example.com", False, False),
        (["*"], "anything.example", False, False),
        (["localhost", "127.0.0.1", "example.com"], "example.com", True, True),
        (["localhost"], "[::1]:8000", False, False),
        (["[::1]"], "localhost", True, True),
        ([], "localhost:8000", True, True),
        (["localhost", "127.0.0.1", "[::1]"], "127.0.0.1:8000", True, True),
        (["localhost", "127.0.0.1", "[::1]"], "[::1]:8000", True, True),
        (["example.com", "127.0.0.1"], "127.0.0.1:8000", False, True),
    ],
)
def test_hosts_of_the_site_are_recognized(
    settings: Settings, allowed: list[str], host: str, is_main: bool, is_own: bool
) -> None:
    settings.ALLOWED_HOSTS = allowed
    assert (Hosts().is_main(host), Hosts().is_own(host)) == (is_main, is_own)


def test_invalid_addresses_have_no_location(settings: Settings) -> None:
    hosts = Hosts(main=["example.com"], others=set())
    home = Location("example.com", "/")
    for url in ("javascript:alert(1)", "mailto:a@example.com", "https:///x", "ftp://example.com/"):
        assert hosts.locate(url, home) is None
    assert hosts.locate("//example.com/x?y#z", home) == Location("example.com", "/x?y")


# Under a prefix


class Articles(Groups, abstract=True):
    def url(self, obj: Group) -> str:
        return f"{reverse('login')}?article={obj.pk}"


@pytest.fixture
def prefixed(answers: dict[str, Answer], settings: Settings) -> Any:
    """Set the script prefix, as `django.setup()` does with `FORCE_SCRIPT_NAME`."""
    settings.FORCE_SCRIPT_NAME = "/app"
    answers["/sitemap.xml"] = sitemap_of(
        "https://testserver/app/a/", "https://testserver/app/", "https://testserver/b/"
    )
    answers["/robots.txt"] = "User-agent: *\nDisallow: /app/secret/"
    for path in ("/a/", "/"):
        answers[path] = lambda request: HttpResponse(
            f"<main>Walrus {request.path} {request.path_info}</main>"
        )
    with override_script_prefix("/app/"):
        yield


def test_a_site_under_a_prefix_is_read_and_linked_with_it(prefixed: Any) -> None:
    index_all()
    assert known_urls() == {"/a/", "/"}
    assert index_problems() == {"https://testserver/b/": "outside of /app/"}
    assert Page.objects.get(url="/a/").passages.get().text == "Walrus /app/a/ /a/"
    assert set(found("walrus")) == {"/app/a/", "/app/"}
    for url in ("/app/a/", "https://testserver/app/a", "/a/"):
        assert found("walrus", page_url=url)[0] == "/app/a/"
    assert visible_urls(["/app/a/", "/app/b/"], user=ANONYMOUS) == {"/app/a/"}


def test_objects_are_stored_without_the_active_prefix(prefixed: Any) -> None:
    class Sources(Articles):
        pass

    group = Group.objects.create(name="Walrus")
    index_all()
    stored = {f"/en/login/?article={group.pk}"}
    assert known_urls() == stored
    with override_script_prefix("/"):
        index_all()
        assert known_urls() == stored
        assert set(found("walrus")) == stored
    assert set(found("walrus")) == {f"/app/en/login/?article={group.pk}"}


def test_addresses_outside_of_the_application_get_no_prefix() -> None:
    put("/static-docs/", "Walrus", source="files")
    with override_script_prefix("/app/"):
        assert found("walrus") == ["/static-docs/"]


def test_the_server_s_prefix_is_in_cited_addresses(visitor: Visitor) -> None:
    put("/", "The walrus lives in the sea, on the front page.", "Walrus")
    with override_script_prefix("/app/"):
        events = visitor.ask("Where does the walrus live?", page={"url": "/app/"})
        _, reply = visitor.history()["messages"]
    assert [event["source"]["url"] for event in events if "source" in event] == ["/app/"]
    assert [source["url"] for source in reply["sources"]] == ["/app/"]
