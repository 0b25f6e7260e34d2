"""The admin of pages: the state of the index, a trial search, and the indexed passages.

A trial search shows the owner the passages that are found for a question, without asking Claude.
"""

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

from sitechat.admin.base import KeysetDetailAdmin, NoAddPage, ReadOnlyPage, number_in
from sitechat.admin.filters import LanguageFilter, ReadFilter, ValuesFilter
from sitechat.admin.keyset_pagination import KeysetList
from sitechat.admin.list_positions import is_id
from sitechat.admin.text_limits import SCRIPT, limit_attributes
from sitechat.conf import conf
from sitechat.knowledge import audience
from sitechat.models import Page, Passage
from sitechat.safe_text import safe_link, visible

if TYPE_CHECKING:
    from sitechat.knowledge.searching import Found

    PageModelAdmin = admin.ModelAdmin[Page]
else:
    PageModelAdmin = admin.ModelAdmin

PASSAGES = 100
"""Maximum number of passages on one admin page."""

EXCERPT = 240
"""Maximum characters of an excerpt. A passage that is at most 1.5 times as long is shown whole."""

AUDIENCES = {
    audience.PUBLIC: _("Everybody"),
    audience.AUTHENTICATED: _("Logged-in users"),
    audience.STAFF: _("Staff"),
}

TRIAL_FIELDS = ("question", "previous", "page", "language", "bot")
"""Names of the fields in the form for a trial search."""


@dataclass(frozen=True)
class PageRow:
    """A page as templates show it, with invisible characters in its texts made visible."""

    page: Page
    title: str
    url: str
    link: str
    """The address as the target of a link; empty if it is not safe to link to."""
    source: str
    language: str
    audience_names: Sequence[str | Promise]
    """Who may see the page; empty if nobody may."""
    error: str
    passages: int

    @property
    def short_source(self) -> str:
        """The source's name without its module."""
        return self.source.rpartition(".")[2]


@dataclass(frozen=True)
class PassageRow:
    """A passage, as found by a trial search or as indexed.

    An indexed passage has no title, addresses, page and score.
    """

    headings: Sequence[str]
    text: str
    excerpt: str
    """The beginning of a long text that was found, else the whole text."""
    title: str = ""
    url: str = ""
    link: str = ""
    page: int | None = None
    """The primary key of the page; None for an approved answer."""
    score: float = 0.0

    @property
    def is_cut(self) -> bool:
        """Whether the excerpt is shorter than the passage."""
        return self.excerpt != self.text


class PageList(KeysetList):
    """The list of pages, the most recently read first."""

    moment = "seen"
    rows: list[PageRow]

    def show(self, rows: Sequence[Page]) -> None:
        """Prepare the rows of a page for the template."""
        of_page = Passage.objects.filter(page__in=[page.pk for page in rows]).order_by()
        counts = dict(of_page.values_list("page").annotate(Count("pk")))
        self.rows = [_row(page, counts.get(page.pk, 0)) for page in rows]


@admin.register(Page)
class PageAdmin(ReadOnlyPage, KeysetDetailAdmin, PageModelAdmin):
    """Show the state of the index, a trial search and all pages. Nothing can be edited."""

    list_title = _("What the chat knows")
    list_class = PageList
    list_filter = [
        ReadFilter,
        ("source", ValuesFilter),
        ("language", LanguageFilter),
    ]
    search_fields = ["url", "title"]
    search_help_text = _("Search for words in addresses and titles.")
    ordering = ["-seen"]
    detail_template = "admin/sitechat/page/passages.html"

    class Media(NoAddPage.Media):
        js = [SCRIPT]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list. A POST runs a trial search and changes nothing."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        # Imported here to keep the start fast: the report imports the search.
        from sitechat.conversations import site_passages
        from sitechat.reports import knowledge_state

        asked = {name: request.POST.get(name, "") for name in TRIAL_FIELDS}
        context = {
            "knowledge": knowledge_state.knowledge_report(),
            "asked": {**asked, "language": asked["language"] or settings.LANGUAGE_CODE},
            "languages": settings.LANGUAGES,
            "bots": list(conf.CHAT_BOTS),
            "most": site_passages.PASSAGES,
            "question_limit": limit_attributes(conf.CHAT_MAX_MESSAGE_LENGTH),
            **(_trial_context(asked) if request.method == "POST" else {}),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Page | None:
        """Return the page; None if there is no such page, or if the id is not a number."""
        return super().get_object(request, object_id, from_field) if is_id(object_id) else None

    def detail_context(self, request: HttpRequest, found: Page) -> dict[str, Any]:
        """Return the context with at most PASSAGES passages of a page.

        The number in the query string chooses the first passage.
        """
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
            "next_passage": shown[PASSAGES].number if len(shown) > PASSAGES else None,
            "first": first,
        }

    def history_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """Redirect to the page. Pages are not edited in the admin, so they have no history."""
        return HttpResponseRedirect("../change/")


def _row(page: Page, passages: int) -> PageRow:
    return PageRow(
        page=page,
        title=visible(page.title),
        url=visible(page.url),
        link=safe_link(page.url),
        source=visible(page.source),
        language=visible(page.language),
        audience_names=_audience_names(page.audience),
        error=visible(page.error),
        passages=passages,
    )


def _audience_names(names: object) -> list[str | Promise]:
    if not isinstance(names, list):
        return []
    return [AUDIENCES.get(str(name)) or visible(str(name)) for name in names]


def _trial_context(asked: dict[str, str]) -> dict[str, Any]:
    # Imported here to keep the start fast, as in `changelist_view`.
    from sitechat.reports import knowledge_state

    result = knowledge_state.trial(
        asked["question"],
        previous=asked["previous"],
        page_url=asked["page"],
        language=asked["language"],
        bot=asked["bot"],
    )
    return {
        "trial": result,
        "sent": [_match(found) for found in result.sent],
        "not_sent": [_match(found) for found in result.not_sent],
    }


def _match(found: Found) -> PassageRow:
    text = visible(found.text)
    return PassageRow(
        headings=[visible(heading) for heading in found.headings],
        text=text,
        excerpt=_excerpt(text),
        title=visible(found.title or found.url),
        url=visible(found.url),
        link=safe_link(found.url),
        page=found.page or None,
        score=found.score,
    )


def _indexed(passage: Passage) -> PassageRow:
    text = visible(passage.text)
    headings = passage.headings if isinstance(passage.headings, list) else []
    return PassageRow([visible(str(heading)) for heading in headings], text, text)


def _excerpt(text: str) -> str:
    if len(text) <= EXCERPT * 1.5:
        return text
    return text[:EXCERPT].rpartition(" ")[0] + " …" if " " in text[:EXCERPT] else text[:EXCERPT]
