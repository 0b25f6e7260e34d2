"""Lists that stay quick whatever their length, as nothing in them counts all rows.

Pages are cut by the last row's place in the index on a moment rather than by a number, so the
thousandth page is as quick as the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from sitechat.admin.places import Place, is_id

BEFORE = "before"
"""The parameter that says where a page begins: the moment and id of the row before it."""


class NoCountPaginator(Paginator):  # type: ignore[type-arg]
    """Knows only the rows of the one page that is shown."""

    count = 0


class KeysetList(ChangeList):
    """Django's list with its filters and search form, without its counts and page numbers."""

    moment: str
    """The field by which rows stand in the list, the newest first. It has an index."""
    older: str
    """The query string of the next page; empty on the last."""
    newest: str
    """The query string of the first page; empty on it."""
    window_end: Place | None = None
    """Where a search that looks at some rows at a time has ended, if there are more."""

    def show(self, rows: Sequence[Any]) -> None:
        """Prepare what the template shows of the rows of this page."""

    def window(self, found: Any) -> Any:
        """The rows to look at; a subclass may narrow them and set `window_end`."""
        return found

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        if any("\0" in value for _name, values in request.GET.lists() for value in values):
            raise IncorrectLookupParameters  # PostgreSQL takes no NUL
        self.place = self._known(Place.parse(self.params.pop(BEFORE, "")))
        getattr(self, "filter_params", {}).pop(BEFORE, None)
        return super().get_queryset(request, *args, **kwargs)

    def get_results(self, request: HttpRequest) -> None:
        found = self.queryset.order_by(f"-{self.moment}", "-pk")
        if self.place is not None:
            found = found.filter(self.place.before(self.moment))
        rows = list(self.window(found)[: self.list_per_page + 1])
        more = len(rows) > self.list_per_page
        rows = rows[: self.list_per_page]
        if more:
            self.window_end = None
        end = Place(getattr(rows[-1], self.moment), str(rows[-1].pk)) if more else self.window_end
        self.older = self.get_query_string({BEFORE: str(end)}) if end else ""
        self.newest = self.get_query_string() if self.place is not None else ""
        self.show(rows)
        # What Django's templates and views ask for.
        self.result_list = rows
        self.result_count = self.full_result_count = len(rows)
        self.show_full_result_count = False
        self.show_admin_actions = False
        self.can_show_all = self.multi_page = False
        self.paginator = NoCountPaginator([], self.list_per_page)

    def _known(self, place: Place | None) -> Place | None:
        """The place, where its id is one that the model can have."""
        if place is None or (place.pk.isdecimal() and not is_id(place.pk)):
            return None
        try:
            self.model._meta.pk.clean(place.pk, None)
        except ValidationError:
            return None
        return place
