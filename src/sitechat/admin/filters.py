"""The filters of the lists of conversations and pages. None of them counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from sitechat.conf import conf
from sitechat.models import Message, Status, Unanswered
from sitechat.owner.safe_text import visible

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Lookups = list[tuple[str, str | _StrPromise]]


OF_ROW = Q(conversation=OuterRef("pk"))


class BotFilter(admin.SimpleListFilter):
    title = _("bot")
    parameter_name = "bot"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        names = [*conf.CHAT_BOTS]
        chosen = self.value()
        if chosen and chosen not in names:
            names.append(chosen)  # one that the settings no longer have
        return [(name, name) for name in names]

    def has_output(self) -> bool:
        return len(self.lookup_choices) > 1 or self.value() is not None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(bot=self.value()) if self.value() else queryset


class RatingFilter(admin.SimpleListFilter):
    title = _("rating")
    parameter_name = "rating"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        return [("down", _("Thumb down")), ("up", _("Thumb up"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        ratings = {"down": -1, "up": 1}
        if self.value() not in ratings:
            return queryset
        rated = Message.objects.filter(OF_ROW, rating=ratings[str(self.value())])
        return queryset.filter(Exists(rated))


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    STATUSES = {
        "errors": [Status.FAILED, Status.INTERRUPTED],
        "refused": [Status.REFUSED],
        "running": [Status.RUNNING],
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        return [
            ("unanswered", _("Unanswered")),
            ("errors", _("Errors")),
            ("refused", _("Refused")),
            ("running", _("Running")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value == "unanswered":
            # A thumb down that was taken back is among them until the next cleanup.
            return queryset.filter(Exists(Unanswered.objects.filter(OF_ROW, done=None)))
        if value in self.STATUSES:
            rows = Message.objects.filter(OF_ROW, status__in=self.STATUSES[value])
            return queryset.filter(Exists(rows))
        return queryset


class ValuesFilter(admin.AllValuesFieldListFilter):
    """The values that a field has, with nothing hidden in them."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": visible(str(choice["display"])) or "-"}


class ReadFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        return [("known", _("Known to the chat")), ("failed", _("Failed or left out"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "known":
            return queryset.exclude(content_hash="")
        if self.value() == "failed":
            return queryset.exclude(error="")
        return queryset
