"""Filters of the admin's lists. They run no queries that count rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from sitechat.conf import conf
from sitechat.models import Label, Message, Status, Unanswered
from sitechat.people.languages_and_durations import language_name
from sitechat.safe_text import visible

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Lookups = list[tuple[str, str | _StrPromise]]


OF_ROW = Q(conversation=OuterRef("pk"))
"""The condition for rows of another model that belong to a conversation in the list."""


class BotFilter(admin.SimpleListFilter):
    """Filter by bot. The filter is hidden if there is only one bot and none is selected."""

    title = _("bot")
    parameter_name = "bot"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        """Return the choices."""
        names = [*conf.CHAT_BOTS]
        chosen = self.value()
        if chosen and chosen not in names:
            names.append(chosen)  # a bot that was removed from the settings
        return [(name, name) for name in names]

    def has_output(self) -> bool:
        """Return whether there are several bots, or one is selected."""
        return len(self.lookup_choices) > 1 or self.value() is not None

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that match the choice."""
        return queryset.filter(bot=self.value()) if self.value() else queryset


class AskerFilter(admin.SimpleListFilter):
    """Filter conversations by their origin: visitors, or staff and commands."""

    title = _("origin")
    parameter_name = "asked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        """Return the choices."""
        return [("visitors", _("Visitors")), ("others", _("Staff and commands"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that match the choice."""
        if self.value() not in ("visitors", "others"):
            return queryset
        return queryset.filter(command__isnull=self.value() == "visitors")


class LabelFilter(admin.SimpleListFilter):
    """Filter conversations by a label. The filter is hidden if there are no labels."""

    title = _("label")
    parameter_name = "label"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        """Return the choices."""
        # Imported here to keep the start fast: only the list needs the labels.
        from sitechat.people.conversation_labels import known_labels

        names = known_labels()
        chosen = self.value()
        if chosen and chosen not in names:
            names.append(chosen)
        return [(name, visible(name)) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that match the choice."""
        if not self.value():
            return queryset
        return queryset.filter(Exists(Label.objects.filter(OF_ROW, name=self.value())))


class RatingFilter(admin.SimpleListFilter):
    """Filter conversations by the ratings of their replies."""

    title = _("rating")
    parameter_name = "rating"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        """Return the choices."""
        return [("down", _("Thumb down")), ("up", _("Thumb up"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that match the choice."""
        ratings = {"down": -1, "up": 1}
        if self.value() not in ratings:
            return queryset
        rated = Message.objects.filter(OF_ROW, rating=ratings[str(self.value())])
        return queryset.filter(Exists(rated))


class StateFilter(admin.SimpleListFilter):
    """Filter conversations by the status of their replies."""

    title = _("state")
    parameter_name = "state"

    STATUSES = {
        "errors": [Status.FAILED, Status.INTERRUPTED],
        "refused": [Status.REFUSED],
        "running": [Status.RUNNING],
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        """Return the choices."""
        return [
            ("unanswered", _("Unanswered")),
            ("errors", _("Errors")),
            ("refused", _("Refused")),
            ("running", _("Running")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that match the choice."""
        value = self.value()
        if value == "unanswered":
            # Unlike `Unanswered.open_condition`, this ignores ratings. Until the next cleanup, it
            # also finds questions whose thumb down was withdrawn, or that got a thumb up.
            return queryset.filter(Exists(Unanswered.objects.filter(OF_ROW, done=None)))
        if value in self.STATUSES:
            rows = Message.objects.filter(OF_ROW, status__in=self.STATUSES[value])
            return queryset.filter(Exists(rows))
        return queryset


class ValuesFilter(admin.AllValuesFieldListFilter):
    """Filter by the values of a field, with invisible characters made visible."""

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Yield the choices, with invisible characters made visible."""
        for choice in super().choices(changelist):
            yield {**choice, "display": self.shown(str(choice["display"])) or "-"}

    def shown(self, value: str) -> str:
        """Return the text that is shown for a value. Subclasses may return a name for it."""
        return visible(value)


class LanguageFilter(ValuesFilter):
    """Filter by the languages in a field, which are shown by their names."""

    def shown(self, value: str) -> str:
        """Return the name of a language. Other texts, such as "All", are shown as for any field."""
        return language_name(value)


class ReadFilter(admin.SimpleListFilter):
    """Filter pages that the chat knows, or pages with an error. A page can be both."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Lookups:
        """Return the choices."""
        return [("known", _("Known to the chat")), ("failed", _("Failed or skipped"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that match the choice."""
        if self.value() == "known":
            return queryset.exclude(content_hash="")
        if self.value() == "failed":
            return queryset.exclude(error="")
        return queryset
