"""From sources to stored pages: sitemaps, declared sources, files, signals and `chat_index`."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group
from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import index as sitemap_index
from django.contrib.sitemaps.views import sitemap
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import path
from django.views.decorators.cache import cache_page
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from sitechat.knowledge import FileSource, SitemapSource, Source, open_page, search
from sitechat.knowledge.discovery import discover
from sitechat.knowledge.indexing import index_all
from sitechat.knowledge.models import IndexState, Page, Passage
from sitechat.knowledge.sources import AnySource, Document, registry
from sitechat.knowledge.store import Outcome, store

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SITE = {
    "/": "<title>Home</title><main><h1>Home</h1><p>Welcome to the shop.</p></main>",
    "/shipping/": "<title>Shipping</title><main><p>We ship parcels everywhere.</p></main>",
    "/secret/": '<meta name="robots" content="noindex"><main>Hidden treasure</main>',
    "/empty/": "<main></main>",
    "/private/plan/": "<main>Disallowed plan</main>",
}
ROBOTS = "User-agent: *\nDisallow: /private/*\n"


class Pages(Sitemap):  # type: ignore[type-arg]
    def items(self) -> list[str]:
        return [
            *SITE, "/", "/raises/", "/moved/", "/loop/", "/away/", "/login-needed/", "/gone/",
            "/huge/", "/endless/", "/pdf/", "/json/", "/noindex-header/",
        ]  # fmt: skip

    def location(self, item: str) -> str:
        return item


def _page(request: HttpRequest) -> HttpResponseBase:
    match request.path:
        case "/raises/":
            raise ValueError("broken view")
        case "/moved/":
            return HttpResponseRedirect("/shipping/")
        case "/loop/":
            return HttpResponseRedirect("/loop/")
        case "/away/":
            return HttpResponseRedirect("https://elsewhere.example/")
        case "/login-needed/":
            return HttpResponseRedirect("/accounts/login/?next=/login-needed/")
        case "/gone/":
            return HttpResponse(status=410)
        case "/huge/":
            return HttpResponse("<p>" + "x" * 6_000_000)
        case "/endless/":
            return StreamingHttpResponse(iter(lambda: b"<p>" + b"more " * 100_000, None))
        case "/pdf/":
            return HttpResponse(b"%PDF-1.4 \x00\xff", content_type="application/pdf")
        case "/json/":
            return HttpResponse("{}", content_type="application/json")
        case "/noindex-header/":
            return HttpResponse("<main>No</main>", headers={"X-Robots-Tag": "noindex"})
        case "/robots.txt":
            return HttpResponse(ROBOTS, content_type="text/plain")
        case "/accounts/login/":
            return HttpResponse("<main>Log in</main>")
    return HttpResponse(SITE[request.path]) if request.path in SITE else HttpResponse(status=404)


_SITEMAPS = {"pages": Pages}
urlpatterns = [
    path("sitemap.xml", cache_page(0)(sitemap_index), {"sitemaps": _SITEMAPS}),
    path(
        "sitemap-<section>.xml",
        sitemap,
        {"sitemaps": _SITEMAPS},
        name="django.contrib.sitemaps.views.sitemap",
    ),
    path("<path:any>", lambda request, any: _page(request)),
    path("", _page),
]


@pytest.fixture(autouse=True)
def _only_these_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_classes", {})
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    discover()
    return iter([None])


@pytest.fixture
def site(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "django.contrib.sitemaps"]


class _Groups(Source, abstract=True):
    """Groups stand for articles: their names are their texts."""

    format = "plain"

    def queryset(self) -> QuerySet[Any]:
        return Group.objects.exclude(name="draft")

    def title(self, obj: Group) -> str:
        return f"Article {obj.pk}"

    def url(self, obj: Group) -> str:
        return f"/articles/{obj.pk}/"

    def text(self, obj: Group) -> str:
        if obj.name == "broken":
            raise RuntimeError("no text today")
        return obj.name


def _urls() -> set[str]:
    return set(Page.objects.exclude(content_hash="").values_list("url", flat=True))


def _problems() -> dict[str, str]:
    return dict(Page.objects.exclude(error="").values_list("url", "error"))


def test_with_nothing_declared_the_sitemaps_are_read_as_an_anonymous_visitor_sees_them(
    site: None,
) -> None:
    report = index_all()
    assert _urls() == {"/", "/shipping/"}
    assert Page.objects.get(url="/").title == "Home"
    assert report.counts[Outcome.ADDED] == 2
    problems = _problems()
    assert problems["/secret/"] == "says noindex"
    assert problems["/noindex-header/"] == "says noindex"
    assert problems["/empty/"] == "holds no text"
    assert problems["/private/plan/"] == "robots.txt disallows it"
    assert problems["/raises/"] == "answers 500"
    assert problems["/loop/"].startswith("redirects in a loop")
    assert problems["/away/"] == "redirects to another host"
    assert problems["/login-needed/"] == "visitors must log in to see it"
    assert problems["/gone/"] == "answers 410 to an anonymous visitor"
    assert problems["/huge/"].startswith("too large")
    assert problems["/endless/"].startswith("too large")
    assert problems["/pdf/"].startswith("not a readable PDF")
    assert problems["/json/"] == "is application/json, not text"


def test_a_second_run_writes_nothing(site: None) -> None:
    index_all()
    before = IndexState.objects.get().stamp, set(Passage.objects.values_list("pk", flat=True))
    report = index_all()
    assert report.counts[Outcome.ADDED] == report.counts[Outcome.CHANGED] == 0
    assert report.removed == 0
    assert set(Passage.objects.values_list("pk", flat=True)) == before[1]


def test_what_left_the_sitemap_is_forgotten_and_what_fails_is_kept(
    site: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    index_all()
    monkeypatch.setattr(Pages, "items", lambda self: ["/", "/raises/"])
    Page.objects.filter(url="/shipping/").update(key="/raises/", url="/raises/")
    report = index_all()
    assert report.removed > 0
    assert set(Page.objects.values_list("url", flat=True)) == {"/", "/raises/"}


def test_a_site_without_a_sitemap_says_what_to_do() -> None:
    errors = io.StringIO()
    with pytest.raises(CommandError, match="Nothing could be read"):
        call_command("chat_index", stderr=errors)
    assert "No sitemap found" in errors.getvalue()
    assert "chat_sources.py" in errors.getvalue()


def test_sitemaps_of_other_hosts_are_not_followed(
    site: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = SitemapSource()
    assert source.read("https://elsewhere.example/x/").problem == "on another host"
    assert source.read("javascript:alert(1)").problem == "on another host"


def test_the_command_reports_what_it_did_and_what_it_could_not_read(site: None) -> None:
    out, errors = io.StringIO(), io.StringIO()
    call_command("chat_index", stdout=out, stderr=errors)
    assert "2 added" in out.getvalue()
    assert "The chat knows 2 pages in 2 passages." in out.getvalue()
    assert "/raises/: answers 500" in errors.getvalue()
    out = io.StringIO()
    call_command("chat_index", list=True, stdout=out)
    assert out.getvalue().strip() == "sitechat.knowledge.sitemaps.SitemapSource"


def test_declared_sources_give_the_objects_of_their_querysets() -> None:
    class Articles(_Groups):
        pass

    kept = Group.objects.create(name="About shipping parcels")
    Group.objects.create(name="draft")
    broken = Group.objects.create(name="broken")
    report = index_all()
    assert _urls() == {f"/articles/{kept.pk}/"}
    assert report.problems == [(f"/articles/{broken.pk}/", "RuntimeError: no text today")]
    found = search("parcels", user=AnonymousUser())
    assert [(one.title, one.url) for one in found] == [
        (f"Article {kept.pk}", f"/articles/{kept.pk}/")
    ]


def test_saved_and_deleted_objects_are_indexed_on_commit_once_each(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    class Articles(_Groups):
        pass

    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        group = Group.objects.create(name="First words")
        group.name = "Second words"
        group.save()
        Group.objects.create(name="Another one")
    assert len(callbacks) == 1
    assert Passage.objects.filter(text="Second words").count() == 1
    assert Passage.objects.count() == 2
    with django_capture_on_commit_callbacks(execute=True):
        group.name = "draft"
        group.save()
    assert not Passage.objects.filter(page__key=str(group.pk)).exists()
    with django_capture_on_commit_callbacks(execute=True):
        Group.objects.all().delete()
    assert _urls() == set()


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_is_not_indexed_and_does_not_stop_the_next() -> None:
    class Articles(_Groups):
        pass

    with pytest.raises(RuntimeError), transaction.atomic():  # noqa: PT012
        Group.objects.create(name="Never was")
        raise RuntimeError
    assert not Page.objects.exists()
    with transaction.atomic():
        Group.objects.create(name="It is")
    assert Passage.objects.get().text == "It is"


def test_a_source_that_fails_never_breaks_the_save(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    class Articles(_Groups):
        def url(self, obj: Group) -> str:
            raise KeyError("no address")

    class NoQueryset(_Groups):
        def queryset(self) -> QuerySet[Any]:
            raise RuntimeError("not now")

    with django_capture_on_commit_callbacks(execute=True):
        Group.objects.create(name="x")
    assert not Page.objects.exists()


def test_objects_that_move_and_addresses_given_twice() -> None:
    class Articles(_Groups):
        where = "/a/"

        def url(self, obj: Group) -> str:
            return self.where

    first = Group.objects.create(name="First")
    Group.objects.create(name="Second")
    for _ in range(2):
        report = index_all()
        assert report.counts[Outcome.LEFT_OUT] == 1
        assert Passage.objects.get().text == "First"
    Articles.where = "/b/"
    index_all()
    assert [page.url for page in Page.objects.all()] == ["/b/"]
    assert Page.objects.get().key == str(first.pk)


def test_pages_of_a_source_that_is_no_longer_declared_are_forgotten() -> None:
    class Articles(_Groups):
        pass

    class Others(FileSource):
        path = Path(__file__)
        format = "plain"

    Group.objects.create(name="Text")
    index_all()
    assert Page.objects.count() == 2
    registry.remove(Articles)
    assert index_all().removed == 1
    assert Page.objects.count() == 1


def test_a_broken_source_keeps_its_pages_and_does_not_stop_the_others() -> None:
    class Broken(AnySource):
        def documents(self) -> Iterator[Document]:
            yield Document(url="/one/", key="1", text="One", format="plain")
            raise ConnectionError("went away")

    class Articles(_Groups):
        pass

    store(Document(url="/two/", key="2", text="Two", format="plain"), Broken.label)
    Group.objects.create(name="Text")
    report = index_all()
    assert {"/one/", "/two/"} < _urls()
    assert len(_urls()) == 3
    assert (Broken.label, "ConnectionError: went away") in report.problems


def test_files(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    (folder / "guide").mkdir(parents=True)
    (folder / "index.md").write_text("# Start\n\nHello there")
    (folder / "guide" / "first steps.rst").write_text("Steps\n=====\n\nGo on")
    (folder / "notes.html").write_text("<title>Notes</title><main>Remember</main>")
    (folder / ".hidden.md").write_text("hidden")
    (folder / "data.bin").write_bytes(b"\0")
    (folder / "bad.pdf").write_bytes(b"%PDF-nonsense")
    (tmp_path / "outside.md").write_text("outside")
    (folder / "link.md").symlink_to(tmp_path / "outside.md")

    class Manual(FileSource):
        path = folder
        prefix = "/docs/"

    report = index_all()
    assert _urls() == {"/docs/", "/docs/guide/first%20steps/", "/docs/notes/"}
    assert Page.objects.get(url="/docs/").title == "Start"
    assert [where for where, _ in report.problems] == ["/docs/bad/"]


def test_only_addresses_that_are_safe_to_link_are_kept() -> None:
    for url in ("javascript:alert(1)", "data:text/html,x", "articles/1", "", "/" + "x" * 3000):
        stored = store(Document(url=url, key="k", text="Text", format="plain"), "test")
        assert stored.outcome is Outcome.FAILED
    assert not Page.objects.exists()


def test_an_audience_that_means_nothing_is_an_error_not_a_public_page() -> None:
    stored = store(Document(url="/x/", text="Text", format="plain", audience=["stuff"]), "test")
    assert stored.problem.startswith("unknown audience 'stuff'")
    assert open_page("/x/", user=AnonymousUser()) is None


def test_text_that_databases_do_not_take_is_cleaned() -> None:
    store(Document(url="/x/", title="a\0b\ud800", text="nul \0 and \ud800 half"), "test")
    assert Passage.objects.get().text == "nul and ? half"


def test_a_large_queryset_is_streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Articles(_Groups):
        pass

    Group.objects.bulk_create([Group(name=f"Number {n}") for n in range(450)])
    held: list[int] = []
    original = QuerySet._fetch_all

    def fetch_all(self: QuerySet[Any]) -> None:
        original(self)
        held.append(len(self._result_cache or []))

    monkeypatch.setattr(QuerySet, "_fetch_all", fetch_all)
    assert index_all().counts[Outcome.ADDED] == 450
    assert max(held) < 300
