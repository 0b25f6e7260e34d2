"""Change lists with keyset pagination, which are fast at any length.

No query counts more rows than `MAX_SELECTED`. A page starts after the last row of the previous
page. The database finds this row with an index, so the thousandth page is as fast as the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import DataError
from django.db.models import QuerySet
from django.http import HttpRequest

from sitechat.admin.list_positions import ListPosition, is_id

BEFORE = "before"
"""The query parameter with the time and id of the row before the page, as a `ListPosition`."""


MAX_SELECTED = 500
"""Maximum number of rows to which one action is applied.

The page that asks for confirmation has a field for each row, and `DATA_UPLOAD_MAX_NUMBER_FIELDS` is
1000 by default.
"""


class NoCountPaginator(Paginator):  # type: ignore[type-arg]
    """A paginator without rows. Django's templates need a paginator."""

    count = 0


class KeysetList(ChangeList):
    """Django's change list with filters and search, without page numbers.

    Only if actions can select the rows of several pages, rows are counted, up to `MAX_SELECTED`.

    A subclass can search only a part of the rows per page: a window, see `window`.
    """

    moment: str
    """The indexed field that orders the list, the newest first."""
    older: str
    """The query string of the next page; empty on the last page."""
    newest: str
    """The query string of the first page; empty on the first page."""
    window_end: ListPosition | None = None
    """The last row of the window. None if all rows were read, or the page ends before that row."""

    def show(self, rows: Sequence[Any]) -> None:
        """Prepare what the template shows for the rows of this page."""

    def window(self, found: Any) -> Any:
        """Return the rows to show; by default all rows.

        A subclass may return only those of a window, and set `window_end`. The next page then
        starts after this row.
        """
        return found

    def get_queryset(self, request: HttpRequest, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        """Read the position from the query string and return the filtered rows.

        Raises:
            IncorrectLookupParameters: The query string is not valid.
        """
        if any("\0" in value for _name, values in request.GET.lists() for value in values):
            raise IncorrectLookupParameters  # PostgreSQL rejects NUL
        self.position = self._valid(ListPosition.parse(self.params.pop(BEFORE, "")))
        getattr(self, "filter_params", {}).pop(BEFORE, None)
        return super().get_queryset(request, *args, **kwargs)

    def get_results(self, request: HttpRequest) -> None:
        """Read one page of rows.

        Raises:
            IncorrectLookupParameters: The database does not accept a value of the query string.
        """
        found = self.queryset.order_by(f"-{self.moment}", "-pk")
        if self.position is not None:
            found = found.filter(self.position.older(self.moment))
        try:
            rows = list(self.window(found)[: self.list_per_page + 1])
        except (ValueError, OverflowError, DataError):  # such as the year -1
            raise IncorrectLookupParameters from None
        more = len(rows) > self.list_per_page
        rows = rows[: self.list_per_page]
        if more:
            self.window_end = None
        end = (
            ListPosition(getattr(rows[-1], self.moment), str(rows[-1].pk))
            if more
            else self.window_end
        )
        self.older = self.get_query_string({BEFORE: str(end)}) if end else ""
        self.newest = self.get_query_string() if self.position is not None else ""
        self.show(rows)
        # Attributes that Django's templates and views read.
        self.result_list = rows
        self.result_count = self.full_result_count = self._selectable(request, len(rows))
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = self.multi_page = False
        self.paginator = NoCountPaginator([], self.list_per_page)

    def _selectable(self, request: HttpRequest, shown: int) -> int:
        """Return the number of rows on all pages that an action can select, at most MAX_SELECTED.

        Return the number of rows on this page if there is no other page, or no action.
        """
        if not (self.older or self.newest) or not self.model_admin.get_actions(request):
            return shown
        selectable: int = self.queryset.order_by()[:MAX_SELECTED].count()
        return max(shown, selectable)

    @classmethod
    def newest_selectable(cls, found: QuerySet[Any]) -> QuerySet[Any]:
        """Return the newest MAX_SELECTED of some rows, as a queryset that can be changed."""
        newest = found.order_by(f"-{cls.moment}", "-pk").values_list("pk", flat=True)
        return found.filter(pk__in=list(newest[:MAX_SELECTED]))

    def _valid(self, position: ListPosition | None) -> ListPosition | None:
        """Return the position if its id is valid for the model, else None."""
        if position is None or (position.pk.isdecimal() and not is_id(position.pk)):
            return None
        try:
            self.model._meta.pk.clean(position.pk, None)
        except ValidationError:
            return None
        return position


class NewestFirst(KeysetList):
    """Rows of a model with the field `created`."""

    moment = "created"


class LastChangedFirst(KeysetList):
    """Rows of a model with the field `updated`."""

    moment = "updated"
