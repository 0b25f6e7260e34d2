"""A site whose responses are set by tests, by path."""

from __future__ import annotations

from collections.abc import Callable

from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import path

Answer = str | Callable[[HttpRequest], HttpResponseBase]
answers: dict[str, Answer] = {}
"""The body or view of each path. All other paths return 404."""


def redirect(to: str) -> Answer:
    return lambda request: HttpResponseRedirect(to)


def put_pages(*urls: str) -> None:
    """Create pages at the paths, and a sitemap with them."""
    answers.update({url: f"<main>This is the page {url}</main>" for url in urls})
    answers["/sitemap.xml"] = sitemap_of(*urls)


def sitemap_of(*urls: str) -> str:
    locations = "".join(f"<url><loc>{url}</loc></url>" for url in urls)
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{locations}</urlset>'


def sitemap_index_of(*urls: str) -> str:
    locations = "".join(f"<sitemap><loc>{url}</loc></sitemap>" for url in urls)
    return f"<sitemapindex>{locations}</sitemapindex>"


def _answer(request: HttpRequest, any: str = "") -> HttpResponseBase:
    answer = answers.get(request.get_full_path_info())
    if answer is None:
        return HttpResponse(status=404)
    return HttpResponse(answer) if isinstance(answer, str) else answer(request)


urlpatterns = [
    *i18n_patterns(
        path("login/", lambda request: HttpResponse("<main>Log in</main>"), name="login"),
        path("members/", login_required(lambda request: HttpResponse("<main>Secret</main>"))),
    ),
    path("", _answer),
    path("<path:any>", _answer),
]
