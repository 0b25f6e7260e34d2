"""The list of conversations: quick with a million messages, as nothing in it counts them all.

Pages are cut by the last row's place in the index on `updated` rather than by a number, so the
thousandth page is as quick as the first. A search looks through a window of conversations at a
time, the newest first, and says how far back it came.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from sitechat.admin.dates import DateLinks
from sitechat.admin.digest import Digest, digests
from sitechat.admin.places import Place
from sitechat.models import Conversation, ConversationQuerySet

BEFORE = "before"
"""The parameter that says where a page begins: the `updated` and id of the row before it."""

SEARCHED_AT_ONCE = 2000
"""Conversations that one search looks through."""


class NoCountPaginator(Paginator):  # type: ignore[type-arg]
    """Knows only the rows of the one page that is shown."""

    count = 0


class ConversationList(ChangeList):
    """Django's list with its filters and search form, without its counts and page numbers."""

    digests: list[Digest]
    dates: DateLinks
    older: str
    """The query string of the next page; empty on the last."""
    newest: str
    searched_back_to: datetime | None

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        self.place = Place.parse(self.params.pop(BEFORE, ""))
        getattr(self, "filter_params", {}).pop(BEFORE, None)
        return super().get_queryset(request, *args, **kwargs)

    def get_results(self, request: HttpRequest) -> None:
        found: ConversationQuerySet = self.queryset.order_by("-updated", "-pk")
        if self.place is not None:
            found = found.filter(self.place.before("updated"))
        self.searched_back_to = None
        window_end = None
        if self.query:
            found, window_end = self._searched(found)
        rows = list(found[: self.list_per_page + 1])
        more = len(rows) > self.list_per_page
        rows = rows[: self.list_per_page]
        end = Place(rows[-1].updated, str(rows[-1].pk)) if more else window_end
        self.older = self.get_query_string({BEFORE: str(end)}) if end else ""
        self.newest = self.get_query_string() if self.place is not None else ""
        if not more and window_end is not None:
            self.searched_back_to = window_end.moment
        self.digests = digests(rows, self.query)
        self.dates = DateLinks.of(self)
        # What Django's templates and views ask for.
        self.result_list = rows
        self.result_count = self.full_result_count = len(rows)
        self.show_full_result_count = False
        self.show_admin_actions = False
        self.can_show_all = self.multi_page = False
        self.paginator = NoCountPaginator([], self.list_per_page)

    def _searched(self, found: ConversationQuerySet) -> tuple[ConversationQuerySet, Place | None]:
        """Those with the words in them, within a window; where the window ends, if it does."""
        named = Conversation.objects.named(self.query)
        if named is not None:
            return found.filter(pk__in=named.values("pk")), None
        last = found.values_list("updated", "pk")[SEARCHED_AT_ONCE - 1 : SEARCHED_AT_ONCE]
        ends = [Place(updated, str(pk)) for updated, pk in last]
        if ends:
            found = found.filter(ends[0].from_here("updated"))
        return found.saying(self.query), ends[0] if ends else None
