"""Pages: what the chat knows of the site, and what it would find for a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sitechat import site_tools
from sitechat.admin.filters import ReadFilter, ValuesFilter
from sitechat.admin.keyset import KeysetList
from sitechat.admin.owners import KeysetPage, ReadOnlyPage, number_in
from sitechat.admin.places import is_id
from sitechat.conf import conf
from sitechat.knowledge import audience
from sitechat.knowledge.models import Page, Passage
from sitechat.knowledge.searching import Found
from sitechat.owner.knowledge import Trial, knowledge, trial
from sitechat.owner.safe_text import safe_link, visible

if TYPE_CHECKING:
    PageModelAdmin = admin.ModelAdmin[Page]
else:
    PageModelAdmin = admin.ModelAdmin

PASSAGES = 100
"""Passages on one page about a page."""

EXCERPT = 240
"""Characters of a passage that are shown before one asks for the others."""

AUDIENCES = {
    audience.PUBLIC: _("Everybody"),
    audience.AUTHENTICATED: _("Who is logged in"),
    audience.STAFF: _("Staff"),
}

ASKED = ("question", "previous", "page", "language", "bot")
"""What the form sends."""


@dataclass(frozen=True)
class Row:
    """A page as the list shows it, with nothing hidden in its texts."""

    page: Page
    title: str
    url: str
    link: str
    """Empty where the address is not one that may be a link."""
    source: str
    language: str
    seen_by: Sequence[str | Promise]
    error: str
    passages: int

    @property
    def short_source(self) -> str:
        """The source's name without its module."""
        return self.source.rpartition(".")[2]


@dataclass(frozen=True)
class Piece:
    """A passage, as the search finds it or as it was indexed."""

    headings: Sequence[str]
    text: str
    excerpt: str
    """Its beginning, where it is long; else all of it."""
    title: str = ""
    url: str = ""
    link: str = ""
    page: int | None = None
    score: float = 0.0

    @property
    def is_cut(self) -> bool:
        return self.excerpt != self.text


class PageList(KeysetList):
    """Pages with what each row tells of them, those that were read last first."""

    moment = "seen"
    rows: list[Row]

    def show(self, rows: Sequence[Page]) -> None:
        of_page = Passage.objects.filter(page__in=[page.pk for page in rows]).order_by()
        counts = dict(of_page.values_list("page").annotate(Count("pk")))
        self.rows = [_row(page, counts.get(page.pk, 0)) for page in rows]


@admin.register(Page)
class PageAdmin(ReadOnlyPage, KeysetPage, PageModelAdmin):
    """The state of the index, a question to try, and all pages. Who may view pages sees them."""

    list_filter = [
        ReadFilter,
        ("source", ValuesFilter),
        ("language", ValuesFilter),
    ]
    search_fields = ["url", "title"]
    search_help_text = _("Words of an address or a title.")
    ordering = ["-seen"]
    one_template = "admin/sitechat/page/passages.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The list; a POST is a question to try, and changes nothing."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = {name: request.POST.get(name, "") for name in ASKED}
        context = {
            "title": _("What the chat knows"),
            "knowledge": knowledge(),
            "asked": {**asked, "language": asked["language"] or settings.LANGUAGE_CODE},
            "languages": settings.LANGUAGES,
            "bots": list(conf.CHAT_BOTS),
            "most": site_tools.PASSAGES,
            **(_tried(asked) if request.method == "POST" else {}),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PageList]:
        return PageList

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Page | None:
        return super().get_object(request, object_id, from_field) if is_id(object_id) else None

    def told_of(self, request: HttpRequest, found: Page) -> dict[str, Any]:
        """The page's passages."""
        first = number_in(request, "from") or 0
        passages = found.passages.defer("vector").order_by("number")
        shown = list(passages.filter(number__gte=first)[: PASSAGES + 1])
        row = _row(found, found.passages.count())
        return {
            "title": row.title or row.url,
            "original": (row.title or row.url)[:80],
            "row": row,
            "key": visible(found.key),
            "pieces": [_indexed(passage) for passage in shown[:PASSAGES]],
            "further": shown[PASSAGES].number if len(shown) > PASSAGES else None,
            "first": first,
        }

    def history_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """There is no history: nobody changes a page here."""
        return HttpResponseRedirect("../change/")


def _row(page: Page, passages: int) -> Row:
    return Row(
        page=page,
        title=visible(page.title),
        url=visible(page.url),
        link=safe_link(page.url),
        source=visible(page.source),
        language=visible(page.language),
        seen_by=_names(page.audience),
        error=visible(page.error),
        passages=passages,
    )


def _names(names: object) -> list[str | Promise]:
    if not isinstance(names, list):
        return []
    return [AUDIENCES.get(str(name)) or visible(str(name)) for name in names]


def _tried(asked: dict[str, str]) -> dict[str, Any]:
    result = trial(
        asked["question"],
        previous=asked["previous"],
        page_url=asked["page"],
        language=asked["language"],
        bot=asked["bot"],
    )
    return {
        "trial": result,
        "sent": [_found(one, result) for one in result.sent],
        "further": [_found(one, result) for one in result.further],
    }


def _found(found: Found, result: Trial) -> Piece:
    text = visible(found.text)
    return Piece(
        headings=[visible(heading) for heading in found.headings],
        text=text,
        excerpt=_excerpt(text),
        title=visible(found.title or found.url),
        url=visible(found.url),
        link=safe_link(found.url),
        page=result.pages.get(found.url),
        score=found.score,
    )


def _indexed(passage: Passage) -> Piece:
    text = visible(passage.text)
    headings = passage.headings if isinstance(passage.headings, list) else []
    return Piece([visible(str(heading)) for heading in headings], text, text)


def _excerpt(text: str) -> str:
    if len(text) <= EXCERPT * 1.5:
        return text
    return text[:EXCERPT].rpartition(" ")[0] + " …" if " " in text[:EXCERPT] else text[:EXCERPT]
