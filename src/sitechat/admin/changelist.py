"""The list of conversations. A search looks through a window of them at a time, the newest first,
and says how far back it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sitechat.admin.dates import DateLinks
from sitechat.admin.digest import Digest, digests
from sitechat.admin.keyset import KeysetList
from sitechat.admin.places import Place
from sitechat.models import Conversation

SEARCHED_AT_ONCE = 2000
"""Conversations that one search looks through."""


class ConversationList(KeysetList):
    """Conversations with what each row tells of them."""

    moment = "updated"
    digests: list[Digest]
    dates: DateLinks
    searched_back_to: datetime | None

    def show(self, rows: Sequence[Any]) -> None:
        self.searched_back_to = self.window_end.moment if self.window_end else None
        self.digests = digests(rows, self.query)
        self.dates = DateLinks.of(self)

    def window(self, found: Any) -> Any:
        """Where something is searched: those with the words in them, within a window."""
        if not self.query:
            return found
        named = Conversation.objects.named(self.query)
        if named is not None:
            return found.filter(pk__in=named.values("pk"))
        last = found.values_list("updated", "pk")[SEARCHED_AT_ONCE - 1 : SEARCHED_AT_ONCE]
        ends = [Place(updated, str(pk)) for updated, pk in last]
        if ends:
            self.window_end = ends[0]
            found = found.filter(ends[0].from_here("updated"))
        return found.saying(self.query)
