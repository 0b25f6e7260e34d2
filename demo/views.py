from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.sitemaps import Sitemap
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from pygments.formatters import HtmlFormatter

from demo import answering
from demo.contents import HOME
from demo.pages import Page, all_pages, navigation

if TYPE_CHECKING:
    PagesOf = Sitemap[Page]
else:
    PagesOf = Sitemap


class PageSitemap(PagesOf):
    """The sitemap for crawlers and `chat_index`."""

    def items(self) -> list[Page]:
        return all_pages()

    def lastmod(self, page: Page) -> object:
        return page.modified


def page(request: HttpRequest, slug: str = HOME) -> HttpResponse:
    pages = all_pages()
    position = next((n for n, found in enumerate(pages) if found.slug == slug), None)
    if position is None or (slug == HOME and request.path != reverse("home")):
        raise Http404(f"There is no page {slug!r}.")
    return render(
        request,
        "demo/page.html",
        {
            "page": pages[position],
            "navigation": navigation(),
            "questions": answering.QUESTIONS if slug == HOME else (),
            "standin": answering.is_standin(),
            "previous": pages[position - 1] if position else None,
            "next": pages[position + 1] if position + 1 < len(pages) else None,
        },
    )


@cache_control(max_age=3600)
def code_css(request: HttpRequest) -> HttpResponse:
    """Return the style sheet for highlighted code, in light and dark."""
    light, dark = _colours("friendly"), _colours("github-dark")
    css = f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}\n"
    return HttpResponse(css, content_type="text/css")


def _colours(style: str) -> str:
    formatter: Any = HtmlFormatter(style=style, nobackground=True)  # untyped
    return str(formatter.get_style_defs("pre code"))


def robots(request: HttpRequest) -> HttpResponse:
    sitemap = request.build_absolute_uri(reverse("sitemap"))
    admin = reverse("admin:index")
    text = f"User-agent: *\nDisallow: {admin}\nDisallow: /api/\nSitemap: {sitemap}\n"
    return HttpResponse(text, content_type="text/plain")
